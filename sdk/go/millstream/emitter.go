package millstream

// Emitter emits records that come from the record at hand. A record for which nothing is emitted is dropped. When the transform
// rejects the record, what it emitted for it is taken back.
type Emitter struct {
	plan  *plan
	row   int
	start position
}

func (e *Emitter) begin(row int) {
	e.row = row
	e.start = e.plan.position()
}

func (e *Emitter) reject(r *Rejection) {
	e.Drop()
	e.plan.rejected = append(e.plan.rejected, rejectedRow{uint32(e.row), tidyCode(r.Code), cutReason(r.Reason)})
}

// Forward emits the record as it is, which costs next to nothing. Calling it again emits the record again, to one output or to
// more.
func (e *Emitter) Forward(output Output) {
	e.plan.push(e.row, output)
}

// Emit emits the record; what the answer's methods don't change stays as it is.
func (e *Emitter) Emit(output Output) Emission {
	return Emission{e.plan, e.plan.push(e.row, output), e.row}
}

// Drop drops the record: it takes back what was emitted for it. A record for which nothing was emitted is dropped without this.
func (e *Emitter) Drop() {
	e.plan.returnTo(e.start)
}

// Count adds to a counter. It counts once, if the host accepts the answer to this batch, whatever becomes of this record.
func (e *Emitter) Count(counter Counter, by uint64) {
	e.plan.count(counter, by)
}

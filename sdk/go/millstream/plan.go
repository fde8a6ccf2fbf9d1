package millstream

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// Plan says what becomes of a batch: which rows go where, and what of them changes. A row that is neither emitted nor rejected is
// dropped. Records are written in the order in which they are emitted here: keep rows ascending, and each partition of an output
// keeps the order of its input.
type Plan struct {
	plan *plan
}

// Forward emits this row as it is. It may be emitted several times, to one output or to more.
func (p *Plan) Forward(row int, output Output) {
	p.plan.push(row, output)
}

// Emit emits this row; what the answer's methods don't change stays as it is.
func (p *Plan) Emit(row int, output Output) Emission {
	return Emission{p.plan, p.plan.push(row, output), row}
}

// Reject says that this row cannot be processed, as [Reject] does. A row that is emitted as well fails the batch; rejecting one
// again changes nothing.
func (p *Plan) Reject(row int, code, reason string) {
	p.plan.rejected = append(p.plan.rejected, rejectedRow{uint32(row), tidyCode(code), cutReason(reason)})
}

// Count adds to a counter. It counts once, if the host accepts the answer to this batch.
func (p *Plan) Count(counter Counter, by uint64) {
	p.plan.count(counter, by)
}

// plan is an answer under construction. Its memory is used again for the next one. What need not be said is not: every row in
// order, everything to the first output, a change of every record.
type plan struct {
	view    *view
	outputs int
	counts  []uint64

	emitted uint32
	// The row emitted last, -1 before the first.
	lastRow int
	// Whether some row does not come after the one before.
	disordered bool
	rows       []uint32
	// Empty until an output other than the first is named.
	to []Output
	// Whether there is any of these.
	changed        bool
	keys, values   bytesPatch
	headers, added headersPatch
	timestamps     numbersPatch[int64]
	partitions     numbersPatch[int32]
	rejected       []rejectedRow

	output         guest.Output
	rejectedRows   []uint32
	codes, reasons columnBuilder
	json           encoder
}

type rejectedRow struct {
	row          uint32
	code, reason string
}

// position is a state of the plan to go back to.
type position struct {
	emitted    uint32
	lastRow    int
	disordered bool
}

func (p *plan) begin(rows int) {
	p.emitted, p.lastRow, p.disordered = 0, -1, false
	if cap(p.rows) < rows {
		p.rows = make([]uint32, 0, rows)
	}
	p.rows, p.to, p.rejected = p.rows[:0], p.to[:0], p.rejected[:0]
	p.clearChanges(0)
	p.changed = false
	clear(p.counts)
}

// push answers the new record's position among the emitted ones.
func (p *plan) push(row int, output Output) uint32 {
	if int(output) >= p.outputs {
		p.noOutput(output)
	}
	p.rows = append(p.rows, uint32(row))
	if row <= p.lastRow {
		p.disordered = true
	}
	p.lastRow = row
	if output != 0 || len(p.to) != 0 {
		p.direct(output)
	}
	position := p.emitted
	p.emitted++
	return position
}

func (p *plan) direct(output Output) {
	if len(p.to) == 0 {
		p.to = slices.Grow(p.to, cap(p.rows))[:p.emitted]
		clear(p.to)
	}
	p.to = append(p.to, output)
}

func (p *plan) noOutput(output Output) {
	panic(misuse(fmt.Sprintf("there is no output number %d: Transform.Outputs names %d", output, p.outputs)))
}

func (p *plan) count(counter Counter, by uint64) {
	if int(counter) >= len(p.counts) {
		panic(misuse(fmt.Sprintf("there is no counter number %d: Transform.Counters names %d", counter, len(p.counts))))
	}
	p.counts[counter] += by
}

func (p *plan) position() position {
	return position{p.emitted, p.lastRow, p.disordered}
}

// returnTo takes back what was emitted since.
func (p *plan) returnTo(to position) {
	if p.emitted == to.emitted {
		return
	}
	p.emitted, p.lastRow, p.disordered = to.emitted, to.lastRow, to.disordered
	p.rows = p.rows[:to.emitted]
	p.to = p.to[:min(int(to.emitted), len(p.to))]
	p.clearChanges(to.emitted)
}

// clearChanges drops the changes of the emitted record at this position and of those after it.
func (p *plan) clearChanges(from uint32) {
	if !p.changed {
		return
	}
	p.keys.truncateTo(from)
	p.values.truncateTo(from)
	p.headers.truncateTo(from)
	p.added.truncateTo(from)
	p.timestamps.truncateTo(from)
	p.partitions.truncateTo(from)
}

// finish is the answer about a batch of so many rows; valid until begin.
func (p *plan) finish(rows int) *guest.Output {
	if len(p.rejected) > 1 {
		slices.SortStableFunc(p.rejected, func(a, b rejectedRow) int { return cmp.Compare(a.row, b.row) })
		p.rejected = slices.CompactFunc(p.rejected, func(a, b rejectedRow) bool { return a.row == b.row })
	}
	o := &p.output
	*o = guest.Output{}
	if !p.isAll(rows) {
		o.Rows = guest.Bytes(p.rows)
	}
	if len(p.to) != 0 {
		o.Outputs = guest.Bytes(p.to)
	}
	if p.changed {
		o.Keys, o.Values = p.keys.finish(p.emitted), p.values.finish(p.emitted)
		o.Headers, o.AddedHeaders = p.headers.finish(p.emitted), p.added.finish(p.emitted)
		o.Timestamps, o.Partitions = p.timestamps.finish(p.emitted), p.partitions.finish(p.emitted)
	}
	if len(p.rejected) != 0 {
		p.rejectedRows = p.rejectedRows[:0]
		p.codes.truncate(0)
		p.reasons.truncate(0)
		for i := range p.rejected {
			r := &p.rejected[i]
			p.rejectedRows = append(p.rejectedRows, r.row)
			p.codes.pushText(r.code)
			p.reasons.pushText(r.reason)
		}
		o.Rejected = guest.Rejections{Set: true, Rows: guest.Bytes(p.rejectedRows), Codes: p.codes.column(), Reasons: p.reasons.column()}
	}
	return o
}

// isAll tells whether the emitted rows are all that are not rejected, in order. Ascending ones are where there are as many, unless
// one of them is rejected as well or is none of the batch's: that fails the batch, and the host sees it only where rows are said.
func (p *plan) isAll(rows int) bool {
	return !p.disordered && int(p.emitted)+len(p.rejected) == rows && p.lastRow < rows && !p.overlaps()
}

// overlaps tells whether a row is both emitted and rejected; rows ascend.
func (p *plan) overlaps() bool {
	rows := p.rows
	for i := range p.rejected {
		at, found := slices.BinarySearch(rows, p.rejected[i].row)
		if found {
			return true
		}
		rows = rows[at:]
	}
	return false
}

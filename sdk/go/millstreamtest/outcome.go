package millstreamtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millstream/millstream/sdk/go/internal/guest"
	"github.com/millstream/millstream/sdk/go/millstream"
)

// Outcome is what became of the records of a test.
type Outcome struct {
	// The emitted records, in the order in which they are written.
	Emitted []Emitted
	// The rejected records, in the order of the input.
	Rejected []Rejected
	// The rows of the records that were neither emitted nor rejected.
	Dropped []int
	// The transform's own counters that were added to.
	Counters map[string]uint64
	// What was logged.
	Logs []Line
}

// Emitted is a record as it is written.
type Emitted struct {
	// The name of the output.
	Output string
	// The row of the record that it comes from, counted from 0.
	Row int
	// Nil where they are null.
	Key, Value []byte
	// In their order; a nil value is null.
	Headers []millstream.Header
	// Milliseconds since 1970-01-01T00:00Z; -1 is none.
	Timestamp int64
	// The partition that the transform chose; -1 is none.
	Partition int32
}

// Header is the value of the last header of this name, as text, and whether there is one. A null value is "".
func (e *Emitted) Header(name string) (value string, ok bool) {
	for _, header := range slices.Backward(e.Headers) {
		if header.Name == name {
			return string(header.Value), true
		}
	}
	return "", false
}

// Rejected is a record that could not be processed. Where the host rejected it for what its declared fields are, positions are
// not part of the reason here.
type Rejected struct {
	// The row of the record, counted from 0.
	Row int
	// What is wrong, for machines and for people.
	Code, Reason string
}

// Line is a line of the log.
type Line struct {
	// How important it is.
	Level millstream.Level
	// The text, as UTF-8.
	Message string
}

// To are the records that went to this output.
func (o *Outcome) To(output string) []Emitted {
	return slices.DeleteFunc(slices.Clone(o.Emitted), func(e Emitted) bool { return e.Output != output })
}

// Codes are the codes of the rejected records, in the order of the input.
func (o *Outcome) Codes() []string {
	var codes []string
	for _, rejected := range o.Rejected {
		codes = append(codes, rejected.Code)
	}
	return codes
}

// apply applies an answer to the records that the guest saw, as the host does. The error says what the host would refuse.
func (o *Outcome) apply(output *guest.Output, description *guest.Description, inputs []Input, shown []int) error {
	rejected := map[int]bool{}
	for i := range len(output.Rejected.Rows) / 4 {
		row := int(guest.Uint32(output.Rejected.Rows, i))
		if row >= len(shown) {
			return fmt.Errorf("row %d of a batch of %d is rejected", row, len(shown))
		}
		rejected[row] = true
		code, reason := output.Rejected.Codes.Entry(i), output.Rejected.Reasons.Entry(i)
		o.Rejected = append(o.Rejected, Rejected{shown[row], string(code), string(reason)})
	}
	var rows []int
	for row := range shown {
		if output.Rows == nil && !rejected[row] {
			rows = append(rows, row)
		}
	}
	for i := range len(output.Rows) / 4 {
		rows = append(rows, int(guest.Uint32(output.Rows, i)))
	}
	for position, row := range rows {
		if row >= len(shown) {
			return fmt.Errorf("row %d of a batch of %d is emitted", row, len(shown))
		}
		if rejected[row] {
			return fmt.Errorf("row %d is both emitted and rejected", shown[row])
		}
		emitted := written(output, position, &inputs[shown[row]])
		emitted.Row = shown[row]
		emitted.Output = description.Outputs[0]
		if output.Outputs != nil {
			emitted.Output = description.Outputs[int(output.Outputs[2*position])|int(output.Outputs[2*position+1])<<8]
		}
		if err := check(&emitted); err != nil {
			return err
		}
		o.Emitted = append(o.Emitted, emitted)
	}
	return nil
}

func check(emitted *Emitted) error {
	for _, header := range emitted.Headers {
		if strings.HasPrefix(header.Name, "millstream.") {
			return fmt.Errorf("the header `%s`: names that begin with `millstream.` are the host's", header.Name)
		}
		if strings.ContainsRune(header.Name, 0) || strings.ToValidUTF8(header.Name, "") != header.Name {
			return fmt.Errorf("the header %q: its name is not UTF-8, or has a NUL", header.Name)
		}
	}
	if emitted.Timestamp < -1 || emitted.Partition < -1 {
		return fmt.Errorf("the timestamp %d or the partition %d is below -1", emitted.Timestamp, emitted.Partition)
	}
	return nil
}

// finish says which records were dropped.
func (o *Outcome) finish(records int) {
	slices.SortFunc(o.Rejected, func(a, b Rejected) int { return a.Row - b.Row })
	seen := make([]bool, records)
	for _, emitted := range o.Emitted {
		seen[emitted.Row] = true
	}
	for _, rejected := range o.Rejected {
		seen[rejected.Row] = true
	}
	for row := range seen {
		if !seen[row] {
			o.Dropped = append(o.Dropped, row)
		}
	}
}

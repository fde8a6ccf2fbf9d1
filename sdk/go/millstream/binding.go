package millstream

import (
	"fmt"
	"math"
	"reflect"
	"unsafe"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// binding fills a struct of fields from the columns of a batch. Reflection has found out where everything goes before the first
// batch, so that a row costs a few loads and stores for each field, and no memory.
type binding struct {
	slots  []slot
	fields int
	// A required field of the value: it is null where the value is, and only there. Nil where there is none.
	probe *slot
}

type slot struct {
	name   string
	kind   guest.Kind
	column guest.Column
	// Where the value is put: the member itself, or what the member points to unless it is null.
	to unsafe.Pointer
	// The member, where that is a pointer.
	pointer *unsafe.Pointer
}

// bind makes the slots for the struct that `to` points to, which has to be of the type that was declared.
func (b *binding) bind(declared *declaration, to any) {
	base := reflect.ValueOf(to).UnsafePointer()
	b.fields = declared.fields
	b.slots = make([]slot, len(declared.members))
	for i := range declared.members {
		m := &declared.members[i]
		s := &b.slots[i]
		s.name, s.kind = m.name, m.field.Kind
		s.to = unsafe.Add(base, m.offset)
		if m.pointer {
			s.pointer = (*unsafe.Pointer)(s.to)
			s.to = reflect.New(m.typ).UnsafePointer()
		}
		if b.probe == nil && !m.lookup && m.field.Part == guest.InValue && m.field.Presence == guest.Required {
			b.probe = s
		}
	}
}

// open takes the columns of a batch. The error names the field that is not there as declared.
func (b *binding) open(batch *guest.Batch) error {
	for i := range b.slots {
		columns, at := batch.Fields, i
		if i >= b.fields {
			columns, at = batch.Lookups, i-b.fields
		}
		s := &b.slots[i]
		if at >= len(columns) || !fits(&columns[at], s.kind, batch.Count) {
			return fmt.Errorf("the host sent no column for the field %s, or another than declared", s.name)
		}
		s.column = columns[at].Column
	}
	return nil
}

func fits(column *guest.FieldColumn, kind guest.Kind, rows int) bool {
	if column.Kind != kind || len(column.Nulls) != 0 && len(column.Nulls) != (rows+7)/8 {
		return false
	}
	switch kind {
	case guest.Text, guest.Raw:
		return len(column.Ends) == 4*rows
	case guest.Boolean:
		return len(column.Data) == (rows+7)/8
	}
	return len(column.Data) == 8*rows
}

// load fills the struct with the fields of this row.
func (b *binding) load(row int) {
	for i := range b.slots {
		s := &b.slots[i]
		if s.pointer != nil {
			if guest.Set(s.column.Nulls, row) {
				*s.pointer = nil
				continue
			}
			*s.pointer = s.to
		}
		// A member that is no pointer is zero where the field is null, because the column is.
		if s.kind == guest.Text {
			start, end := guest.Bounds(s.column.Ends, row)
			*(*string)(s.to) = guest.AsText(s.column.Data[start:end])
			continue
		}
		switch s.kind {
		case guest.Integer:
			*(*int64)(s.to) = int64(guest.Uint64(s.column.Data, row))
		case guest.Number:
			*(*float64)(s.to) = float(s.column.Data, row)
		case guest.Boolean:
			*(*bool)(s.to) = guest.Set(s.column.Data, row)
		default:
			*(*[]byte)(s.to) = s.column.Entry(row)
		}
	}
}

func float(numbers []byte, row int) float64 {
	return math.Float64frombits(guest.Uint64(numbers, row))
}

func (b *binding) named(name string) *slot {
	for i := range b.slots {
		if b.slots[i].name == name {
			return &b.slots[i]
		}
	}
	return nil
}

package millstream

import (
	"iter"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// Batch is a batch of records of one partition, as columns. All that it lends is valid until the transform's function returns.
type Batch[F any] struct {
	view   *view
	fields *F
}

// Len is how many records there are, at least one.
func (b *Batch[F]) Len() int {
	return b.view.rows
}

// Topic is the topic that the records come from.
func (b *Batch[F]) Topic() string {
	return b.view.topic
}

// Partition is the partition that the records come from.
func (b *Batch[F]) Partition() int32 {
	return b.view.partition
}

// Keys are the keys, row for row. Needs [Keys].
func (b *Batch[F]) Keys() *Column {
	b.view.need(Keys, "Keys")
	return &b.view.keys
}

// Values are the values, row for row. Needs [Values].
func (b *Batch[F]) Values() *Column {
	b.view.need(Values, "Values")
	return &b.view.values
}

// Headers are the headers' names and values of this row, in their order. Needs [Headers].
func (b *Batch[F]) Headers(row int) iter.Seq2[string, []byte] {
	b.view.need(Headers, "Headers")
	return b.view.headers(row)
}

// Timestamps are in milliseconds since 1970-01-01T00:00Z; -1 for a record without. Needs [Timestamps].
func (b *Batch[F]) Timestamps() Numbers {
	b.view.need(Timestamps, "Timestamps")
	return Numbers{b.view.timestamps}
}

// Offsets are the records' offsets, ascending. Needs [Offsets].
func (b *Batch[F]) Offsets() Numbers {
	b.view.need(Offsets, "Offsets")
	return Numbers{b.view.offsets}
}

// HasValue tells whether the value of this row is other than null: see [Record.HasValue].
func (b *Batch[F]) HasValue(row int) bool {
	return b.view.hasValue(row)
}

// Fields are the fields of this row. The struct is the same one for every row: it holds these until it is asked for others. Of a
// row whose value is null, fields of the value are zero: see [Batch.HasValue].
func (b *Batch[F]) Fields(row int) *F {
	b.view.fields.load(row)
	return b.fields
}

// Rows are the rows and their fields, in order: see [Batch.Fields].
func (b *Batch[F]) Rows() iter.Seq2[int, *F] {
	return func(yield func(int, *F) bool) {
		for row := range b.view.rows {
			if !yield(row, b.Fields(row)) {
				return
			}
		}
	}
}

// Field is one member of F as a column, by its name in Go. It panics when there is no such member.
func (b *Batch[F]) Field(name string) FieldColumn {
	slot := b.view.fields.named(name)
	if slot == nil {
		panic(misuse("the transform's fields have no member " + name + ": name it as it is named in Go"))
	}
	return FieldColumn{slot.name, slot.kind, slot.column}
}

// GetAll are the latest values that a table has for these keys, row for row: null where it has none. All are from one version of
// the table, in one call of the host.
func (b *Batch[F]) GetAll(table Table, keys *Column) *Column {
	found := b.view.get(table, keys)
	return &found
}

// FieldColumn is one declared field or lookup, row for row. Ask it for what it was declared as.
type FieldColumn struct {
	name   string
	kind   guest.Kind
	column guest.Column
}

func (c *FieldColumn) is(kind guest.Kind) {
	if c.kind != kind {
		panic(misuse("the field " + c.name + " is asked for as another type than its member has"))
	}
}

// IsNull tells whether the field of this row is null.
func (c *FieldColumn) IsNull(row int) bool {
	return guest.Set(c.column.Nulls, row)
}

// Text is a text; "" where it is null.
func (c *FieldColumn) Text(row int) string {
	c.is(guest.Text)
	return guest.AsText(c.column.Entry(row))
}

// Integer is an integer; 0 where it is null.
func (c *FieldColumn) Integer(row int) int64 {
	c.is(guest.Integer)
	return int64(guest.Uint64(c.column.Data, row))
}

// Number is a number; 0 where it is null.
func (c *FieldColumn) Number(row int) float64 {
	c.is(guest.Number)
	return float(c.column.Data, row)
}

// Boolean is true or false; false where it is null.
func (c *FieldColumn) Boolean(row int) bool {
	c.is(guest.Boolean)
	return guest.Set(c.column.Data, row)
}

// Raw is encoded JSON, or bytes where all of a part was asked for; nil where it is null.
func (c *FieldColumn) Raw(row int) []byte {
	c.is(guest.Raw)
	return c.column.Entry(row)
}

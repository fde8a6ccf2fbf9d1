package millstream

import (
	"iter"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// Column is byte strings, row for row, of which some may be null. Its memory is the batch's: see the package's documentation.
type Column struct {
	column guest.Column
}

// NewColumn makes a column of these entries; nil is null. They are copied.
func NewColumn(entries ...[]byte) *Column {
	var builder columnBuilder
	for _, entry := range entries {
		builder.push(entry)
	}
	return &Column{builder.column()}
}

// Len is how many entries there are.
func (c *Column) Len() int {
	return c.column.Len()
}

// Get is the entry of this row; nil where it is null, and not nil where it is empty. It panics when there is no such row.
func (c *Column) Get(row int) []byte {
	return c.column.Entry(row)
}

// All are the rows and their entries, in order.
func (c *Column) All() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for row := range c.Len() {
			if !yield(row, c.Get(row)) {
				return
			}
		}
	}
}

// Data are the bytes of all entries, end to end.
func (c *Column) Data() []byte {
	return c.column.Data
}

// Numbers are 64-bit numbers, row for row: timestamps and offsets.
type Numbers struct {
	numbers []byte
}

// Len is how many numbers there are.
func (n Numbers) Len() int {
	return len(n.numbers) / 8
}

// Get is the number of this row. It panics when there is no such row.
func (n Numbers) Get(row int) int64 {
	return int64(guest.Uint64(n.numbers, row))
}

// All are the rows and their numbers, in order.
func (n Numbers) All() iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		for row := range n.Len() {
			if !yield(row, n.Get(row)) {
				return
			}
		}
	}
}

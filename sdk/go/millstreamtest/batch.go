package millstreamtest

import (
	"encoding/binary"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// column is a column under construction, as the host makes it.
type column struct {
	column  guest.Column
	entries int
}

func (c *column) push(entry []byte) {
	if entry == nil {
		c.column.Nulls = setBit(c.column.Nulls, c.entries)
	}
	c.column.Data = append(c.column.Data, entry...)
	c.column.Ends = binary.LittleEndian.AppendUint32(c.column.Ends, uint32(len(c.column.Data)))
	c.entries++
}

// finish makes the set of nulls as long as the column says, or leaves it out.
func (c *column) finish() guest.Column {
	if len(c.column.Nulls) != 0 {
		c.column.Nulls = widen(c.column.Nulls, c.entries)
	}
	return c.column
}

func setBit(bits []byte, i int) []byte {
	bits = widen(bits, i+1)
	bits[i/8] |= 1 << (i % 8)
	return bits
}

func widen(bits []byte, count int) []byte {
	for len(bits) < (count+7)/8 {
		bits = append(bits, 0)
	}
	return bits
}

// shown are the rows that the guest sees, with their fields.
type shown struct {
	rows    []int
	fields  []fieldColumn
	lookups []fieldColumn
}

// fieldColumn is the column of one field under construction.
type fieldColumn struct {
	kind    guest.Kind
	strings column
	numbers []byte
	trues   []byte
	nulls   []byte
	entries int
}

func (c *fieldColumn) push(item item) {
	row := c.entries
	c.entries++
	if item.null {
		c.nulls = setBit(c.nulls, row)
	}
	switch c.kind {
	case guest.Text, guest.Raw:
		bytes := item.bytes
		if !item.null && bytes == nil {
			bytes = []byte{}
		}
		c.strings.push(bytes)
	case guest.Boolean:
		c.trues = widen(c.trues, row+1)
		if item.number != 0 {
			c.trues = setBit(c.trues, row)
		}
	default:
		c.numbers = binary.LittleEndian.AppendUint64(c.numbers, item.number)
	}
}

func (c *fieldColumn) finish() guest.FieldColumn {
	done := guest.FieldColumn{Kind: c.kind}
	switch c.kind {
	case guest.Text, guest.Raw:
		done.Column = c.strings.finish()
		return done
	case guest.Boolean:
		done.Data = c.trues
	default:
		done.Data = c.numbers
	}
	if len(c.nulls) != 0 {
		done.Nulls = widen(c.nulls, c.entries)
	}
	return done
}

// batch makes the columns that the transform reads.
func (s *shown) batch(description *guest.Description, inputs []Input, topic string, partition int32) *guest.Batch {
	batch := &guest.Batch{Topic: topic, Partition: partition, Count: len(s.rows)}
	reads := func(part guest.Parts) bool { return description.Reads&part != 0 }
	var keys, values, names, headerValues column
	for row, input := range s.rows {
		in := &inputs[input]
		keys.push(in.key)
		values.push(in.value)
		for _, header := range in.headers {
			names.push([]byte(header.name))
			headerValues.push(header.value)
		}
		batch.Headers.Ends = binary.LittleEndian.AppendUint32(batch.Headers.Ends, uint32(names.entries))
		offset := int64(row)
		if in.hasOffset {
			offset = in.offset
		}
		if reads(guest.Offsets) {
			batch.Offsets = binary.LittleEndian.AppendUint64(batch.Offsets, uint64(offset))
		}
		if reads(guest.Timestamps) {
			batch.Timestamps = binary.LittleEndian.AppendUint64(batch.Timestamps, uint64(in.timestamp))
		}
	}
	if batch.HasKeys = reads(guest.Keys); batch.HasKeys {
		batch.Keys = keys.finish()
	}
	if batch.HasValues = reads(guest.Values); batch.HasValues {
		batch.Values = values.finish()
	}
	if batch.HasHeaders = reads(guest.HeaderLists); batch.HasHeaders {
		batch.Headers.Names, batch.Headers.Values = names.finish(), headerValues.finish()
	} else {
		batch.Headers = guest.Headers{}
	}
	for i := range s.fields {
		batch.Fields = append(batch.Fields, s.fields[i].finish())
	}
	for i := range s.lookups {
		batch.Lookups = append(batch.Lookups, s.lookups[i].finish())
	}
	return batch
}

package abi

import (
	"encoding/binary"
	"fmt"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// memory is the component's linear memory, or a stand-in for it in tests.
type memory interface {
	// bytes are the bytes that lie there.
	bytes(address, size uint32) []byte
	// address is where these bytes lie. They must stay referenced as long as the address is used.
	address(bytes []byte) uint32
}

// reader looks at values that the host has put into memory.
type reader struct {
	memory memory
	at     []byte
}

func (r reader) u32(at int) uint32 {
	return binary.LittleEndian.Uint32(r.at[at:])
}

// list is a list whose elements have this size, as bytes.
func (r reader) list(at, size int) []byte {
	return r.memory.bytes(r.u32(at), r.u32(at+4)*uint32(size))
}

// numbers are nil where the option is none, and never else.
func (r reader) numbers(at int) []byte {
	if r.at[at] == 0 {
		return nil
	}
	if numbers := r.list(at+payload, 1); len(numbers) != 0 {
		return numbers
	}
	return []byte{}
}

func (r reader) column(at int) guest.Column {
	return guest.Column{
		Data:  r.list(at+columnData, 1),
		Ends:  r.list(at+columnEnds, 1),
		Nulls: r.list(at+columnNulls, 1),
	}
}

func (r reader) optionalColumn(at int) (column guest.Column, some bool) {
	if r.at[at] == 0 {
		return guest.Column{}, false
	}
	return r.column(at + payload), true
}

// fieldColumns are written over those of an earlier batch, whose memory is used again.
func (r reader) fieldColumns(at int, columns []guest.FieldColumn) []guest.FieldColumn {
	columns = columns[:0]
	list := r.list(at, sizeOfFieldColumn)
	for ; len(list) != 0; list = list[sizeOfFieldColumn:] {
		of := reader{r.memory, list[:sizeOfFieldColumn]}
		column := guest.FieldColumn{Kind: guest.Kind(of.at[0])}
		column.Data = of.list(payload, 1)
		switch column.Kind {
		case guest.Text, guest.Raw:
			column.Column = of.column(payload)
		default:
			column.Nulls = of.list(payload+sizeOfList, 1)
		}
		columns = append(columns, column)
	}
	return columns
}

// liftBatch takes apart the batch that lies there.
func liftBatch(memory memory, address uint32, batch *guest.Batch) {
	r := reader{memory, memory.bytes(address, sizeOfBatch)}
	batch.Topic = guest.AsText(r.list(batchTopic, 1))
	batch.Partition = int32(r.u32(batchPartition))
	batch.Count = int(r.u32(batchCount))
	batch.Offsets = r.numbers(batchOffsets)
	batch.Timestamps = r.numbers(batchTimestamps)
	batch.Keys, batch.HasKeys = r.optionalColumn(batchKeys)
	batch.Values, batch.HasValues = r.optionalColumn(batchValues)
	batch.HasHeaders = r.at[batchHeaders] != 0
	batch.Headers = guest.Headers{}
	if batch.HasHeaders {
		at := batchHeaders + payload
		batch.Headers = guest.Headers{
			Ends:   r.list(at+headersEnds, 1),
			Names:  r.column(at + headersNames),
			Values: r.column(at + headersValues),
		}
	}
	batch.Fields = r.fieldColumns(batchFields, batch.Fields)
	batch.Lookups = r.fieldColumns(batchLookups, batch.Lookups)
}

// liftSettings copies the settings: what they lie in is used again.
func liftSettings(memory memory, address, count uint32) []guest.Setting {
	list := memory.bytes(address, count*sizeOfSetting)
	settings := make([]guest.Setting, 0, count)
	for ; len(list) != 0; list = list[sizeOfSetting:] {
		r := reader{memory, list}
		settings = append(settings, guest.Setting{Name: string(r.list(0, 1)), Value: string(r.list(sizeOfList, 1))})
	}
	return settings
}

// checkBatch tells whether every list of the batch is as long as its rows say, so that nothing else needs to.
func checkBatch(batch *guest.Batch) error {
	rows := batch.Count
	wrong := func(what string) error {
		return fmt.Errorf("the host sent too few %s, or too many, for %d rows", what, rows)
	}
	switch {
	case batch.Offsets != nil && len(batch.Offsets) != 8*rows:
		return wrong("offsets")
	case batch.Timestamps != nil && len(batch.Timestamps) != 8*rows:
		return wrong("timestamps")
	case batch.HasKeys && len(batch.Keys.Ends) != 4*rows:
		return wrong("keys")
	case batch.HasValues && len(batch.Values.Ends) != 4*rows:
		return wrong("values")
	case batch.HasHeaders && len(batch.Headers.Ends) != 4*rows:
		return wrong("headers")
	}
	return nil
}

package millstream

import (
	"fmt"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// view is a batch as it lies in memory. Nothing of it is copied.
type view struct {
	reads               Parts
	tables              int
	fields              *binding
	topic               string
	partition           int32
	rows                int
	keys, values        Column
	headerEnds          []byte
	names, headerValues Column
	timestamps, offsets []byte
	// Whether the host has answered something whose memory can be taken back before the next record.
	borrowed bool
	asked    columnBuilder
}

// open takes a batch. The error says which column, among those that are read, is not there.
func (v *view) open(batch *guest.Batch) error {
	missing := func(what string) error {
		return fmt.Errorf("the host sent no %s, which this transform reads", what)
	}
	switch {
	case v.reads&Keys != 0 && !batch.HasKeys:
		return missing("keys")
	case v.reads&Values != 0 && !batch.HasValues:
		return missing("values")
	case v.reads&Headers != 0 && !batch.HasHeaders:
		return missing("headers")
	case v.reads&Timestamps != 0 && batch.Timestamps == nil:
		return missing("timestamps")
	case v.reads&Offsets != 0 && batch.Offsets == nil:
		return missing("offsets")
	}
	v.topic, v.partition, v.rows = batch.Topic, batch.Partition, batch.Count
	v.keys.column, v.values.column = batch.Keys, batch.Values
	v.headerEnds = batch.Headers.Ends
	v.names.column, v.headerValues.column = batch.Headers.Names, batch.Headers.Values
	v.timestamps, v.offsets = batch.Timestamps, batch.Offsets
	v.borrowed = false
	return v.fields.open(batch)
}

// need panics where a part is looked at that is not declared: what came would be nothing, which looks like null.
func (v *view) need(part Parts, name string) {
	if v.reads&part == 0 {
		v.misread(name)
	}
}

func (v *view) misread(name string) {
	panic(misuse("the transform looks at " + name + ", which it does not read: add millstream." + name + " to Transform.Reads"))
}

func (v *view) get(table Table, keys *Column) Column {
	if int(table) >= v.tables {
		panic(misuse(fmt.Sprintf("there is no table number %d: Transform.Tables names %d", table, v.tables)))
	}
	v.borrowed = true
	return Column{guest.Current.Get(uint32(table), &keys.column)}
}

// getOne is nil where the table has nothing.
func (v *view) getOne(table Table, key []byte) []byte {
	v.asked.truncate(0)
	v.asked.push(key)
	keys := Column{v.asked.column()}
	found := v.get(table, &keys)
	return found.Get(0)
}

func (v *view) release() {
	guest.Current.Release()
	v.borrowed = false
}

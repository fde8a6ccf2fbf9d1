package millstream

import (
	"iter"
	"unsafe"
)

// Emission is a record that was just emitted: its row's record, unchanged but for what is set here. Setting a part again replaces
// what was set before. It can be changed until the next record is emitted. Everything that is given to it is copied.
type Emission struct {
	plan     *plan
	position uint32
	row      int
}

// changing is before every change: changes go to the end of columns, so that only the last record can have any.
func (e Emission) changing() *plan {
	if e.position+1 != e.plan.emitted {
		panic(misuse("an emitted record is changed after the next one was emitted, or after it was dropped: change it before"))
	}
	e.plan.changed = true
	return e.plan
}

// Key sets the key; nil is null.
func (e Emission) Key(key []byte) Emission {
	e.changing().keys.begin(e.position).push(key)
	return e
}

// KeyText sets the key.
func (e Emission) KeyText(key string) Emission {
	e.changing().keys.begin(e.position).pushText(key)
	return e
}

// NullKey sets the key to null.
func (e Emission) NullKey() Emission {
	return e.Key(nil)
}

// Value sets the value; nil is null.
func (e Emission) Value(value []byte) Emission {
	e.changing().values.begin(e.position).push(value)
	return e
}

// ValueText sets the value.
func (e Emission) ValueText(value string) Emission {
	e.changing().values.begin(e.position).pushText(value)
	return e
}

// NullValue sets the value to null: a tombstone in a compacted topic.
func (e Emission) NullValue() Emission {
	return e.Value(nil)
}

// ValueFunc sets the value to what `write` appends to the empty slice that it gets, which is the answer's own memory where that
// has room.
func (e Emission) ValueFunc(write func(value []byte) []byte) Emission {
	column := e.changing().values.begin(e.position)
	column.extend(write(column.data[len(column.data):]))
	column.close()
	return e
}

// extend appends what was written to the end of the data, or elsewhere when there was no room.
func (c *columnBuilder) extend(written []byte) {
	end := len(c.data)
	if len(written) <= cap(c.data)-end && unsafe.SliceData(written) == unsafe.SliceData(c.data[end:]) {
		c.data = c.data[:end+len(written)]
		return
	}
	c.data = append(c.data, written...)
}

// JSON sets the value to `value` as JSON, as [json.Marshal] writes it, but `<`, `>` and `&` as they are. The error rejects the
// record as `unwritable-json` where the value has no JSON; the record's value is then not changed.
func (e Emission) JSON(value any) error {
	p := e.changing()
	before := len(p.values.begin(e.position).data)
	if err := p.encode(value); err != nil {
		p.unchanged(e.position, before)
		return err
	}
	p.values.to.close()
	return nil
}

// ExtendJSON sets the value to the record's own, a JSON object, with the members of `members` (a struct or a map) after its
// own. The object's text is copied, not parsed: nothing else of it changes. Of a member that it already has, readers take the
// last. The error rejects the record as `null-value` where its value is null, as `unexpected-json` where it is no object, and as
// `unwritable-json` where `members` are none. Needs [Values].
func (e Emission) ExtendJSON(members any) error {
	p := e.changing()
	p.view.need(Values, "Values")
	object := p.view.values.column.Entry(e.row)
	if object == nil {
		return nullValue
	}
	open, brace := skipSpaces(object, 0), len(object)-1
	for brace > open && isSpace(object[brace]) {
		brace--
	}
	if open >= brace || object[open] != '{' || object[brace] != '}' {
		return Reject("unexpected-json", "the value is not an object")
	}
	empty := skipSpaces(object, open+1) == brace
	column := p.values.begin(e.position)
	before := len(column.data)
	column.data = append(column.data, object[:brace]...)
	// What is added brings braces of its own: the first becomes the comma.
	added := len(column.data)
	err := p.encode(members)
	if err == nil && column.data[added] != '{' {
		err = Reject("unwritable-json", "what is added is not an object")
	}
	if err != nil {
		p.unchanged(e.position, before)
		return err
	}
	switch {
	case len(column.data) == added+2:
		column.data = append(column.data[:added], '}')
	case empty:
		column.data = append(column.data[:added], column.data[added+1:]...)
	default:
		column.data[added] = ','
	}
	column.data = append(column.data, object[brace+1:]...)
	column.close()
	return nil
}

func isSpace(char byte) bool {
	return char == ' ' || char == '\n' || char == '\t' || char == '\r'
}

// skipSpaces answers where the first character from there on is that is no space of JSON's.
func skipSpaces(text []byte, at int) int {
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	return at
}

// unchanged takes back a value that was begun.
func (p *plan) unchanged(position uint32, before int) {
	p.values.to.data = p.values.to.data[:before]
	p.values.at = p.values.at[:len(p.values.at)-1]
}

// Headers sets the headers to these, instead of the record's own. None: no headers.
func (e Emission) Headers(headers ...Header) Emission {
	return e.HeadersFrom(func(yield func(string, []byte) bool) {
		for _, header := range headers {
			if !yield(header.Name, header.Value) {
				return
			}
		}
	})
}

// HeadersFrom sets the headers to these, instead of the record's own: perhaps some of [Record.Headers].
func (e Emission) HeadersFrom(headers iter.Seq2[string, []byte]) Emission {
	p := e.changing()
	p.headers.begin(e.position)
	for name, value := range headers {
		p.headers.append(e.position, name).push(value)
	}
	return e
}

// Header adds a header, after those that the record has; a nil value is null. Names that begin with `millstream.` are the host's.
func (e Emission) Header(name string, value []byte) Emission {
	e.changing().added.append(e.position, name).push(value)
	return e
}

// HeaderText adds a header, after those that the record has.
func (e Emission) HeaderText(name, value string) Emission {
	e.changing().added.append(e.position, name).pushText(value)
	return e
}

// Timestamp sets the timestamp, in milliseconds since 1970-01-01T00:00Z; -1 is none.
func (e Emission) Timestamp(milliseconds int64) Emission {
	e.changing().timestamps.set(e.position, milliseconds)
	return e
}

// Partition sets the partition of the output's topic, instead of the one that the key leads to; -1 leaves it to that.
func (e Emission) Partition(partition int32) Emission {
	e.changing().partitions.set(e.position, partition)
	return e
}

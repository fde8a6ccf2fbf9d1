package millstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"unicode/utf8"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// Record is a record as it came from its topic. Nothing of it is looked at before it is asked for.
//
// All that it lends (byte slices, texts, the record itself) is valid until the transform's function returns: see the package's
// documentation.
type Record[F any] struct {
	// What the host took out of the record and looked up for it, as F declares.
	Fields F

	view *view
	row  int
}

// Header is a header of a record. A nil value is null.
type Header struct {
	// UTF-8 without NUL. Names that begin with `millstream.` are the host's.
	Name string
	// Nil where it is null, and not nil where it is empty.
	Value []byte
}

// Topic is the topic that the record comes from.
func (r *Record[F]) Topic() string {
	return r.view.topic
}

// Partition is the partition that the record comes from.
func (r *Record[F]) Partition() int32 {
	return r.view.partition
}

// Row is the record's row in its batch. Where batches are cut is the host's affair: don't build on it.
func (r *Record[F]) Row() int {
	return r.row
}

// Key is the key; nil where it is null, and not nil where it is empty. Needs [Keys].
func (r *Record[F]) Key() []byte {
	r.view.need(Keys, "Keys")
	return r.view.keys.column.Entry(r.row)
}

// Value is the value; nil where it is null, as in a compacted topic's tombstone, and not nil where it is empty. Needs [Values].
func (r *Record[F]) Value() []byte {
	r.view.need(Values, "Values")
	return r.view.values.column.Entry(r.row)
}

// HasValue tells whether the value is other than null. Needs [Values], or a field of the value that is required.
func (r *Record[F]) HasValue() bool {
	return r.view.hasValue(r.row)
}

func (v *view) hasValue(row int) bool {
	if v.fields.probe != nil {
		return !guest.Set(v.fields.probe.column.Nulls, row)
	}
	v.need(Values, "Values")
	return !guest.Set(v.values.column.Nulls, row)
}

// Text is the value as text. It rejects a null value as `null-value`, and what is not UTF-8 as `invalid-utf8` with the position.
// Needs [Values].
func (r *Record[F]) Text() (string, error) {
	value := r.Value()
	if value == nil {
		return "", nullValue
	}
	if !utf8.Valid(value) {
		return "", Reject("invalid-utf8", fmt.Sprintf("the value is not text: invalid UTF-8 at byte %d", firstInvalid(value)))
	}
	return guest.AsText(value), nil
}

func firstInvalid(text []byte) int {
	for at := 0; at < len(text); {
		char, size := utf8.DecodeRune(text[at:])
		if char == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return len(text)
}

// JSON makes what `to` points to of the value, as [json.Unmarshal] does; what that makes may be kept. It rejects a null value as
// `null-value`, what is not JSON as `malformed-json`, and JSON of another shape as `unexpected-json`. Declared fields cost a
// fraction of it. Needs [Values].
func (r *Record[F]) JSON(to any) error {
	value := r.Value()
	if value == nil {
		return nullValue
	}
	err := json.Unmarshal(value, to)
	if err == nil {
		return nil
	}
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return Reject("malformed-json", fmt.Sprintf("%v at byte %d", err, syntax.Offset))
	}
	return Reject("unexpected-json", err.Error())
}

// Headers are the headers' names and values, in their order; names may repeat, and a nil value is null. Needs [Headers].
func (r *Record[F]) Headers() iter.Seq2[string, []byte] {
	r.view.need(Headers, "Headers")
	return r.view.headers(r.row)
}

// Header is the value of the last header of this name, which is the one that counts where names repeat, and whether there is
// one. The value is nil where it is null. Needs [Headers].
func (r *Record[F]) Header(name string) (value []byte, ok bool) {
	r.view.need(Headers, "Headers")
	v := r.view
	start, end := guest.Bounds(v.headerEnds, r.row)
	for i := end - 1; i >= start; i-- {
		if string(v.names.column.Entry(i)) == name {
			return v.headerValues.column.Entry(i), true
		}
	}
	return nil, false
}

func (v *view) headers(row int) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		start, end := guest.Bounds(v.headerEnds, row)
		for i := start; i < end; i++ {
			if !yield(guest.AsText(v.names.column.Entry(i)), v.headerValues.column.Entry(i)) {
				return
			}
		}
	}
}

// Timestamp is in milliseconds since 1970-01-01T00:00Z, as the record carries it; -1 where it has none. Needs [Timestamps].
func (r *Record[F]) Timestamp() int64 {
	r.view.need(Timestamps, "Timestamps")
	return int64(guest.Uint64(r.view.timestamps, r.row))
}

// Offset is the record's offset in its partition. Needs [Offsets].
func (r *Record[F]) Offset() int64 {
	r.view.need(Offsets, "Offsets")
	return int64(guest.Uint64(r.view.offsets, r.row))
}

// Get is the latest value that a table has for this key; nil where it has none. A nil key is null. Each call goes to the host: a
// lookup that is declared costs less, and so does [Batch.GetAll].
func (r *Record[F]) Get(table Table, key []byte) []byte {
	return r.view.getOne(table, key)
}

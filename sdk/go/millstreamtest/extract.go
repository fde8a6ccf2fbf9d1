package millstreamtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// item is a field of one row: bytes of a text or of raw JSON, or the bits of a number; of a boolean 0 or 1.
type item struct {
	null   bool
	bytes  []byte
	number uint64
}

var null = item{null: true}

// refused is why the host would not show a row.
type refused struct {
	code, reason string
}

// extract takes the fields and lookups out of the records, and puts those that are refused into the outcome.
func (h *host) extract(inputs []Input) (*shown, error) {
	d := h.description
	s := &shown{}
	for i := range d.Fields {
		s.fields = append(s.fields, fieldColumn{kind: d.Fields[i].Kind})
	}
	for i := range d.Lookups {
		kind := guest.Raw
		if field := d.Lookups[i].Field; field != nil {
			kind = field.Kind
		}
		s.lookups = append(s.lookups, fieldColumn{kind: kind})
	}
	for row := range inputs {
		fields, lookups, wrong := h.row(&inputs[row])
		if wrong != nil {
			h.outcome.Rejected = append(h.outcome.Rejected, Rejected{row, wrong.code, wrong.reason})
			continue
		}
		s.rows = append(s.rows, row)
		for i, item := range fields {
			s.fields[i].push(item)
		}
		for i, item := range lookups {
			s.lookups[i].push(item)
		}
	}
	return s, nil
}

func (h *host) row(in *Input) (fields, lookups []item, wrong *refused) {
	d := h.description
	value, key := document{name: "value", text: in.value}, document{name: "key", text: in.key}
	// All of a part is checked before anything is taken out of it.
	for i := range d.Fields {
		switch f := &d.Fields[i]; {
		case f.Part == guest.InValue && !plain(f):
			wrong = value.check()
		case f.Part == guest.InKey && !plain(f):
			wrong = key.check()
		}
		if wrong != nil {
			return nil, nil, wrong
		}
	}
	for i := range d.Fields {
		f := &d.Fields[i]
		item, wrong := take(f, in, &value, &key)
		if wrong != nil {
			return nil, nil, wrong
		}
		fields = append(fields, item)
	}
	for i := range d.Lookups {
		item, wrong := h.lookup(&d.Lookups[i], in, fields)
		if wrong != nil {
			return nil, nil, wrong
		}
		lookups = append(lookups, item)
	}
	return fields, lookups, nil
}

// plain tells whether the field is bytes as they stand rather than JSON.
func plain(f *guest.Field) bool {
	return f.Part == guest.InHeader || f.Path == "" && (f.Part == guest.InKey || f.Kind == guest.Raw)
}

func take(f *guest.Field, in *Input, value, key *document) (item, *refused) {
	var found []byte
	switch {
	case f.Part == guest.InHeader:
		found = in.header(f.Header)
	case f.Part == guest.InKey && f.Path == "":
		found = in.key
	case f.Part == guest.InKey:
		found = key.at(f.Path)
	case plain(f):
		found = in.value
	default:
		found = value.at(f.Path)
	}
	if found == nil || !plain(f) && string(found) == "null" {
		tombstone := f.Part == guest.InValue && in.value == nil
		if f.Presence == guest.Required && !tombstone {
			return null, &refused{"missing-field", called(f) + " is missing or null"}
		}
		return null, nil
	}
	item, ok := decode(f.Kind, found, plain(f))
	if !ok && f.Presence != guest.Lenient {
		return null, &refused{"wrong-type", called(f) + " is not " + asked(f.Kind)}
	}
	return item, nil
}

func decode(kind guest.Kind, found []byte, plain bool) (item, bool) {
	switch kind {
	case guest.Raw:
		return item{bytes: found}, true
	case guest.Text:
		if plain {
			return item{bytes: found, null: !utf8.Valid(found)}, utf8.Valid(found)
		}
		text, ok := textOf(found)
		return item{bytes: text, null: !ok}, ok
	case guest.Boolean:
		switch string(found) {
		case "true":
			return item{number: 1}, true
		case "false":
			return item{}, true
		}
	case guest.Integer:
		if isNumber(found) && !strings.ContainsAny(string(found), ".eE") {
			number, err := strconv.ParseInt(string(found), 10, 64)
			return item{number: uint64(number), null: err != nil}, err == nil
		}
	case guest.Number:
		if isNumber(found) {
			number, err := strconv.ParseFloat(string(found), 64)
			return item{number: math.Float64bits(number), null: err != nil}, err == nil
		}
	}
	return null, false
}

func (h *host) lookup(lookup *guest.Lookup, in *Input, fields []item) (item, *refused) {
	key := in.key
	if lookup.By >= 0 {
		by := fields[lookup.By]
		switch {
		case by.null:
			key = nil
		case h.description.Fields[lookup.By].Kind == guest.Integer:
			key = strconv.AppendInt(nil, int64(by.number), 10)
		default:
			key = append([]byte{}, by.bytes...)
		}
	}
	value := h.find(lookup.Table, key)
	if value == nil {
		return null, nil
	}
	if lookup.Field == nil {
		return item{bytes: value}, nil
	}
	document := document{name: "value", text: value}
	wrong := document.check()
	found := null
	if wrong == nil {
		found, wrong = take(lookup.Field, &Input{value: value}, &document, nil)
	}
	if wrong != nil {
		wrong.reason = fmt.Sprintf("looked up in the table `%s`: %s", h.description.Tables[lookup.Table], wrong.reason)
	}
	return found, wrong
}

func called(f *guest.Field) string {
	switch {
	case f.Part == guest.InHeader:
		return fmt.Sprintf("the header `%s`", f.Header)
	case f.Part == guest.InKey && f.Path == "":
		return "the key"
	case f.Part == guest.InKey:
		return fmt.Sprintf("`%s` of the key", f.Path)
	case f.Path == "":
		return "the value"
	}
	return fmt.Sprintf("`%s` of the value", f.Path)
}

func asked(kind guest.Kind) string {
	switch kind {
	case guest.Text:
		return "a text"
	case guest.Integer:
		return "an integer of 64 bits"
	case guest.Number:
		return "a number"
	case guest.Boolean:
		return "true or false"
	}
	return "a value"
}

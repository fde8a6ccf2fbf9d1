package millstream

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// encoder writes JSON as encoding/json does, but `<`, `>` and `&` as they are. A struct of plain members, which is what most
// transforms add to a record, is written here: in WebAssembly that costs a fifth.
type encoder struct {
	// Made when it is needed first.
	general *json.Encoder
	// What is known of the type that was encoded last.
	of      reflect.Type
	members []plainMember
}

// plainMember is a member of a struct all of whose members are texts, integers and booleans, under their own or a given name.
type plainMember struct {
	index int
	// The name as it is written, with a comma or brace before it and a colon after.
	name []byte
}

// encode appends JSON to the column of values.
func (p *plan) encode(value any) error {
	data := &p.values.to.data
	before := len(*data)
	plain := reflect.ValueOf(value)
	if plain.Kind() == reflect.Pointer && !plain.IsNil() {
		plain = plain.Elem()
	}
	if members := p.json.plain(plain); members != nil {
		if appended, ok := appendPlain(*data, plain, members); ok {
			*data = appended
			return nil
		}
		*data = (*data)[:before]
	}
	if p.json.general == nil {
		p.json.general = json.NewEncoder((*valueWriter)(p))
		p.json.general.SetEscapeHTML(false)
	}
	if err := p.json.general.Encode(value); err != nil {
		return Reject("unwritable-json", err.Error())
	}
	// The encoder ends each value with a newline.
	*data = (*data)[:len(*data)-1]
	return nil
}

type valueWriter plan

func (w *valueWriter) Write(written []byte) (int, error) {
	w.values.to.data = append(w.values.to.data, written...)
	return len(written), nil
}

// plain are the members of a struct that appendPlain can write; nil where it cannot.
func (e *encoder) plain(value reflect.Value) []plainMember {
	if value.Kind() != reflect.Struct {
		return nil
	}
	if typ := value.Type(); typ != e.of {
		e.of, e.members = typ, plainMembers(typ)
	}
	return e.members
}

func plainMembers(typ reflect.Type) []plainMember {
	if writesItself(typ) {
		return nil
	}
	var members []plainMember
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch f.Type.Kind() {
		case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		default:
			return nil
		}
		if f.Anonymous || !f.IsExported() || options != "" || name == "-" || writesItself(f.Type) || f.Type == reflect.TypeFor[json.Number]() {
			return nil
		}
		if name == "" {
			name = f.Name
		}
		separator := ","
		if i == 0 {
			separator = "{"
		}
		// Of other names, and of names that occur twice, encoding/json has rules of its own.
		written := []byte(separator + `"` + name + `":`)
		twice := slices.ContainsFunc(members, func(other plainMember) bool { return string(other.name[1:]) == string(written[1:]) })
		if twice || strings.Trim(name, nameCharacters) != "" {
			return nil
		}
		members = append(members, plainMember{i, written})
	}
	return members
}

const nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

func writesItself(typ reflect.Type) bool {
	to := reflect.PointerTo(typ)
	return to.Implements(reflect.TypeFor[json.Marshaler]()) || to.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func appendPlain(data []byte, value reflect.Value, members []plainMember) ([]byte, bool) {
	for i := range members {
		data = append(data, members[i].name...)
		switch member := value.Field(members[i].index); member.Kind() {
		case reflect.String:
			var ok bool
			if data, ok = appendText(data, member.String()); !ok {
				return data, false
			}
		case reflect.Bool:
			data = strconv.AppendBool(data, member.Bool())
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			data = strconv.AppendInt(data, member.Int(), 10)
		default:
			data = strconv.AppendUint(data, member.Uint(), 10)
		}
	}
	return append(data, '}'), true
}

// appendText appends a text that needs no escapes, quoted; false where it needs some.
func appendText(data []byte, text string) ([]byte, bool) {
	for i := range len(text) {
		if char := text[i]; char < ' ' || char >= 0x7F || char == '"' || char == '\\' {
			return data, false
		}
	}
	data = append(data, '"')
	data = append(data, text...)
	return append(data, '"'), true
}

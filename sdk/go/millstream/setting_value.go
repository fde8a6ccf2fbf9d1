package millstream

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// value is how the text of a setting becomes a value of some type.
type value struct {
	// What a text has to be, as in "it is …".
	expected string
	parse    func(text string, into reflect.Value) bool
}

func valueOf(typ reflect.Type) (value, error) {
	if reflect.PointerTo(typ).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return value{"a " + typ.Name(), func(text string, into reflect.Value) bool {
			return into.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) == nil
		}}, nil
	}
	if typ == reflect.TypeFor[time.Duration]() {
		return value{"a duration such as `90s` or `1h30m`", func(text string, into reflect.Value) bool {
			duration, err := time.ParseDuration(strings.TrimSpace(text))
			into.SetInt(int64(duration))
			return err == nil
		}}, nil
	}
	switch typ.Kind() {
	case reflect.String:
		return value{"a text", func(text string, into reflect.Value) bool {
			into.SetString(text)
			return true
		}}, nil
	case reflect.Bool:
		return value{"true or false", func(text string, into reflect.Value) bool {
			into.SetBool(text == "true")
			return text == "true" || text == "false"
		}}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return integer(typ), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return natural(typ), nil
	case reflect.Float32, reflect.Float64:
		return value{"a number", func(text string, into reflect.Value) bool {
			number, err := strconv.ParseFloat(strings.TrimSpace(text), typ.Bits())
			into.SetFloat(number)
			return err == nil && !math.IsNaN(number) && !math.IsInf(number, 0)
		}}, nil
	case reflect.Pointer:
		of, err := valueOf(typ.Elem())
		return value{of.expected, func(text string, into reflect.Value) bool {
			into.Set(reflect.New(typ.Elem()))
			return of.parse(text, into.Elem())
		}}, err
	case reflect.Slice:
		return list(typ)
	case reflect.Map:
		return pairs(typ)
	}
	return value{}, fmt.Errorf("a setting cannot be %v: it is a text, number, bool, time.Duration, an encoding.TextUnmarshaler, or a "+
		"pointer, slice or map of these", typ)
}

func integer(typ reflect.Type) value {
	expected := "an integer"
	if bits := typ.Bits(); bits < 64 {
		expected = fmt.Sprintf("an integer from %d to %d", int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits))
	}
	return value{expected, func(text string, into reflect.Value) bool {
		number, err := strconv.ParseInt(strings.TrimSpace(text), 10, typ.Bits())
		into.SetInt(number)
		return err == nil
	}}
}

func natural(typ reflect.Type) value {
	expected := fmt.Sprintf("an integer from 0 to %d", uint64(math.MaxUint64)>>(64-typ.Bits()))
	return value{expected, func(text string, into reflect.Value) bool {
		number, err := strconv.ParseUint(strings.TrimSpace(text), 10, typ.Bits())
		into.SetUint(number)
		return err == nil
	}}
}

// parts are the entries of a list, without the spaces around them. A text of nothing but spaces is an empty list.
func parts(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func list(typ reflect.Type) (value, error) {
	of, err := valueOf(typ.Elem())
	return value{"a list with commas, where each is " + of.expected, func(text string, into reflect.Value) bool {
		parts := parts(text)
		into.Set(reflect.MakeSlice(typ, len(parts), len(parts)))
		for i, part := range parts {
			if !of.parse(part, into.Index(i)) {
				return false
			}
		}
		return true
	}}, err
}

func pairs(typ reflect.Type) (value, error) {
	key, err := valueOf(typ.Key())
	if err != nil {
		return value{}, err
	}
	of, err := valueOf(typ.Elem())
	expected := "a list `name = value, name = value`, where each name is " + key.expected + " and each value " + of.expected
	return value{expected, func(text string, into reflect.Value) bool {
		into.Set(reflect.MakeMap(typ))
		for _, part := range parts(text) {
			left, right, ok := strings.Cut(part, "=")
			k, v := reflect.New(typ.Key()).Elem(), reflect.New(typ.Elem()).Elem()
			if !ok || !key.parse(strings.TrimSpace(left), k) || !of.parse(strings.TrimSpace(right), v) {
				return false
			}
			into.SetMapIndex(k, v)
		}
		return true
	}}, err
}

package millstream

import (
	"encoding"
	"errors"
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
	// Sets the value. An error that says more than `errUnexpected` is told beside what was expected.
	parse func(text string, into reflect.Value) error
}

var errUnexpected = errors.New("not what is expected")

// unless is for a text that is right or is not, with nothing more to say.
func unless(right bool) error {
	if right {
		return nil
	}
	return errUnexpected
}

// wrong says what is the matter with a text, as in "setting `limit` is …".
func (v value) wrong(text string, err error) string {
	said := fmt.Sprintf("`%s`, not %s", text, v.expected)
	if errors.Is(err, errUnexpected) {
		return said
	}
	return fmt.Sprintf("%s: %v", said, err)
}

func valueOf(typ reflect.Type) (value, error) {
	if reflect.PointerTo(typ).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return value{"a " + typ.Name(), func(text string, into reflect.Value) error {
			return into.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
		}}, nil
	}
	if typ == reflect.TypeFor[time.Duration]() {
		return value{"a duration such as `90s` or `1h30m`", func(text string, into reflect.Value) error {
			duration, err := time.ParseDuration(strings.TrimSpace(text))
			into.SetInt(int64(duration))
			return unless(err == nil)
		}}, nil
	}
	switch typ.Kind() {
	case reflect.String:
		return value{"a text", func(text string, into reflect.Value) error {
			into.SetString(text)
			return nil
		}}, nil
	case reflect.Bool:
		return value{"true or false", func(text string, into reflect.Value) error {
			into.SetBool(text == "true")
			return unless(text == "true" || text == "false")
		}}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return integer(typ), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return natural(typ), nil
	case reflect.Float32, reflect.Float64:
		return value{"a number", func(text string, into reflect.Value) error {
			number, err := strconv.ParseFloat(strings.TrimSpace(text), typ.Bits())
			into.SetFloat(number)
			return unless(err == nil && !math.IsNaN(number) && !math.IsInf(number, 0))
		}}, nil
	case reflect.Pointer:
		of, err := valueOf(typ.Elem())
		return value{of.expected, func(text string, into reflect.Value) error {
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
	return value{expected, func(text string, into reflect.Value) error {
		number, err := strconv.ParseInt(strings.TrimSpace(text), 10, typ.Bits())
		into.SetInt(number)
		return unless(err == nil)
	}}
}

func natural(typ reflect.Type) value {
	expected := fmt.Sprintf("an integer from 0 to %d", uint64(math.MaxUint64)>>(64-typ.Bits()))
	return value{expected, func(text string, into reflect.Value) error {
		number, err := strconv.ParseUint(strings.TrimSpace(text), 10, typ.Bits())
		into.SetUint(number)
		return unless(err == nil)
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
	return value{"a list with commas, where each is " + of.expected, func(text string, into reflect.Value) error {
		parts := parts(text)
		into.Set(reflect.MakeSlice(typ, len(parts), len(parts)))
		for i, part := range parts {
			if err := of.parse(part, into.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}}, err
}

func pairs(typ reflect.Type) (value, error) {
	key, err := valueOf(typ.Key())
	if err != nil {
		return value{}, err
	}
	of, err := valueOf(typ.Elem())
	expected := "a list `name = value, name = value`, where each name is " + key.expected + " and each value " + of.expected
	return value{expected, func(text string, into reflect.Value) error {
		into.Set(reflect.MakeMap(typ))
		for _, part := range parts(text) {
			left, right, ok := strings.Cut(part, "=")
			k, v := reflect.New(typ.Key()).Elem(), reflect.New(typ.Elem()).Elem()
			if !ok {
				return errUnexpected
			}
			if err := key.parse(strings.TrimSpace(left), k); err != nil {
				return err
			}
			if err := of.parse(strings.TrimSpace(right), v); err != nil {
				return err
			}
			into.SetMapIndex(k, v)
		}
		return nil
	}}, err
}

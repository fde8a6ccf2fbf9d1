package millstream

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

type shout string

func (s shout) MarshalText() ([]byte, error) {
	return []byte(s + "!"), nil
}

func TestPlainStructsAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	type level int8
	// Made here because vet refuses it as source.
	twice := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
		{Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
	})
	for _, c := range []struct {
		value any
		plain bool
	}{
		{struct {
			Region string `json:"region"`
			Hour   int64  `json:"hour"`
			Level  level
			Count  uint64 `json:"a-b_c"`
			Flag   bool
		}{"eu <&> ~", -7, -1, 1<<64 - 1, true}, true},
		{struct{ A string }{"\"\\\n\x7f\u2028é\xff"}, true},
		{struct{ A string }{""}, true},
		{struct {
			A string `json:",omitempty"`
		}{}, false},
		{struct {
			A string `json:"-"`
			B int
		}{}, false},
		{struct {
			A string `json:"a.b"`
			B int    `json:"ä"`
		}{"x", 1}, false},
		{reflect.Zero(twice).Interface(), false},
		{struct{ A shout }{"a"}, false},
		{struct{ A json.Number }{"12"}, false},
		{struct{ A float64 }{0.5}, false},
		{struct {
			a int
			B int
		}{1, 2}, false},
		{struct{ time.Duration }{7}, false},
		{&struct{ A int }{1}, true},
		{(*struct{ A int })(nil), false},
		{time.Unix(0, 0).UTC(), false},
		{struct{}{}, false},
		{nil, false},
		{map[string]string{"a": "<"}, false},
	} {
		var expected bytes.Buffer
		general := json.NewEncoder(&expected)
		general.SetEscapeHTML(false)
		if err := general.Encode(c.value); err != nil {
			t.Fatal(err)
		}
		p := newPlan(1)
		if err := p.encode(c.value); err != nil {
			t.Fatal(err)
		}
		if got := string(p.values.to.data) + "\n"; got != expected.String() {
			t.Errorf("%#v became %s, not %s", c.value, got, expected.String())
		}
		value := reflect.ValueOf(c.value)
		if c.plain {
			value = reflect.Indirect(value)
		}
		if plain := p.json.plain(value) != nil; plain != c.plain {
			t.Errorf("%#v is plain: %t", c.value, plain)
		}
	}
}

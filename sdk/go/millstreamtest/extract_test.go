package millstreamtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// of is what one record has for these fields, each as text, or the code of its refusal.
func of(in Input, fields ...guest.Field) string {
	h := &host{description: &guest.Description{Fields: fields}, outcome: &Outcome{}}
	s, err := h.extract([]Input{in})
	if err != nil {
		return err.Error()
	}
	if len(s.rows) == 0 {
		return h.outcome.Rejected[0].Code
	}
	var texts []string
	for i := range s.fields {
		column := s.fields[i].finish()
		switch {
		case guest.Set(column.Nulls, 0):
			texts = append(texts, "null")
		case column.Kind == guest.Text, column.Kind == guest.Raw:
			texts = append(texts, string(column.Entry(0)))
		case column.Kind == guest.Boolean:
			texts = append(texts, fmt.Sprint(guest.Set(column.Data, 0)))
		case column.Kind == guest.Integer:
			texts = append(texts, fmt.Sprint(int64(guest.Uint64(column.Data, 0))))
		default:
			texts = append(texts, fmt.Sprintf("%#x", guest.Uint64(column.Data, 0)))
		}
	}
	return strings.Join(texts, " ")
}

func a(kind guest.Kind, presence guest.Presence) guest.Field {
	return guest.Field{Path: "/a", Kind: kind, Presence: presence}
}

func TestPresenceDecidesAboutWhatIsAbsentNullOrOfAnotherType(t *testing.T) {
	for _, c := range []struct{ value, required, nullable string }{
		{`{}`, "missing-field", "null"},
		{`{"a":null}`, "missing-field", "null"},
		{`{"a":"x"}`, "wrong-type", "wrong-type"},
		{`{"a":1.0}`, "wrong-type", "wrong-type"},
		{`{"a":1`, "malformed-json", "malformed-json"},
		{`{"a":7}`, "7", "7"},
		{`[1]`, "missing-field", "null"},
		{`{"a":1,"a":{}}`, "wrong-type", "wrong-type"},
	} {
		if got := of(Value(c.value), a(guest.Integer, guest.Required)); got != c.required {
			t.Errorf("%s required: %s, not %s", c.value, got, c.required)
		}
		if got := of(Value(c.value), a(guest.Integer, guest.Nullable)); got != c.nullable {
			t.Errorf("%s nullable: %s, not %s", c.value, got, c.nullable)
		}
		lenient := strings.Replace(c.nullable, "wrong-type", "null", 1)
		if got := of(Value(c.value), a(guest.Integer, guest.Lenient)); got != lenient {
			t.Errorf("%s lenient: %s, not %s", c.value, got, lenient)
		}
	}
}

func TestAFieldIsHandedOverAsItsType(t *testing.T) {
	for _, c := range []struct {
		kind           guest.Kind
		json, expected string
	}{
		{guest.Text, `"a\u00e9\n\"😀\ud83d\ude00"`, "aé\n\"😀😀"},
		{guest.Text, `"\ud83d"`, "wrong-type"},
		{guest.Text, `"\\ud83d"`, `\ud83d`},
		{guest.Text, `"\ud83dx"`, "wrong-type"},
		{guest.Text, `7`, "wrong-type"},
		{guest.Integer, `-0`, "0"},
		{guest.Integer, `-9223372036854775808`, "-9223372036854775808"},
		{guest.Integer, `9223372036854775808`, "wrong-type"},
		{guest.Integer, `1e2`, "wrong-type"},
		{guest.Number, `2.5`, "0x4004000000000000"},
		{guest.Number, `-0`, "0x8000000000000000"},
		{guest.Number, `1e999`, "wrong-type"},
		{guest.Number, `"1"`, "wrong-type"},
		{guest.Boolean, `true`, "true"},
		{guest.Boolean, `"true"`, "wrong-type"},
		{guest.Raw, `{"x": [1]}`, `{"x": [1]}`},
		{guest.Raw, `"a"`, `"a"`},
		{guest.Raw, `null`, "missing-field"},
	} {
		if got := of(Value(`{"b":0, "a" : `+c.json+` }`), a(c.kind, guest.Required)); got != c.expected {
			t.Errorf("%s is %s, not %s", c.json, got, c.expected)
		}
	}
}

func TestAPointerLeadsThroughObjectsAndArrays(t *testing.T) {
	text := ` {"a": {"b": [10, {"c": "x"}]}, "e/f": 1, "g~h": 2, "": 3, "\u0061b": 4, "0": 5} `
	for pointer, expected := range map[string]string{
		"/a/b/0": "10", "/a/b/1/c": `"x"`, "/a/b/01": "null", "/a/b/-": "null", "/a/b/-1": "null", "/a/b/2": "null", "/e~1f": "1", "/g~0h": "2",
		"/": "3", "/ab": "4", "/0": "5", "/a/x": "null", "/a/b/0/x": "null",
	} {
		if got := of(Value(text), guest.Field{Path: pointer, Kind: guest.Raw, Presence: guest.Nullable}); got != expected {
			t.Errorf("%s is %s, not %s", pointer, got, expected)
		}
	}
}

func TestTheWholeOfAPartIsWhatItIs(t *testing.T) {
	whole := func(part guest.Part, kind guest.Kind) guest.Field {
		return guest.Field{Part: part, Header: "h", Kind: kind}
	}
	in := Value("not JSON").Key("12").Header("h", "no").Header("h", "1.5").Header("g", "x")
	got := of(in, whole(guest.InValue, guest.Raw), whole(guest.InKey, guest.Text), whole(guest.InKey, guest.Integer),
		whole(guest.InKey, guest.Raw), whole(guest.InHeader, guest.Number), whole(guest.InHeader, guest.Text))
	if got != "not JSON 12 12 12 0x3ff8000000000000 1.5" {
		t.Errorf("the parts are %s", got)
	}
	if got := of(in, whole(guest.InValue, guest.Text)); got != "malformed-json" {
		t.Errorf("a value that is to be JSON text is %s", got)
	}
	if got := of(in.Key("\xff"), whole(guest.InKey, guest.Text)); got != "wrong-type" {
		t.Errorf("a key that is not UTF-8 is %s", got)
	}
	if got := of(Value("1"), whole(guest.InHeader, guest.Text)); got != "missing-field" {
		t.Errorf("a header that is not there is %s", got)
	}
	if got := of(Value(" 7 ").Key(`{"id":1}`), whole(guest.InValue, guest.Integer), guest.Field{Part: guest.InKey, Path: "/id", Kind: guest.Integer}); got != "7 1" {
		t.Errorf("JSON is %s", got)
	}
}

func TestOfANullValueNothingIsMissing(t *testing.T) {
	key := guest.Field{Part: guest.InKey}
	if got := of(Null().Key("k"), a(guest.Text, guest.Required), key); got != "null k" {
		t.Errorf("its fields are %s", got)
	}
	if got := of(Null(), a(guest.Text, guest.Required), key); got != "missing-field" {
		t.Errorf("without a key it is %s", got)
	}
}

func TestWhatIsNotJSONIsMalformed(t *testing.T) {
	deep := strings.Repeat("[", 128) + strings.Repeat("]", 128)
	if got := of(Value(deep), a(guest.Text, guest.Nullable)); got != "null" {
		t.Errorf("128 deep: %s", got)
	}
	for _, text := range []string{"", "{} x", "{'a':1}", `{"a":01}`, `{"b":"` + "\xff" + `"}`, `{"b":"` + "\n" + `"}`, "[" + deep + "]"} {
		if got := of(Value(text), a(guest.Text, guest.Nullable)); got != "malformed-json" {
			t.Errorf("%q is %s", text, got)
		}
	}
}

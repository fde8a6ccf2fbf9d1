package millstream

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

type Shared struct {
	Header *string `ms:"header:a,b,lenient"`
}

func TestTagsSayWhereFieldsAre(t *testing.T) {
	type kind string
	type fields struct {
		Type   kind            `ms:"/type"`
		Age    *int64          `ms:"/target/age"`
		Ratio  *float64        `ms:"/a,b,lenient"`
		Raw    json.RawMessage `ms:"/raw,nullable"`
		Whole  []byte          `ms:"value"`
		Key    string          `ms:"key"`
		ID     *bool           `ms:"key/id,nullable"`
		plain  int
		Silent int `ms:"-"`
		Shared
		Found *string `lookup:"users" by:"Type" ms:"/name,lenient"`
		Late  string  `ms:"/late"`
		All   []byte  `lookup:"users"`
	}
	d, err := declare[fields]([]string{"other", "users"})
	if err != nil {
		t.Fatal(err)
	}
	got := d.describe(guest.Keys, nil, nil, nil)
	expected := []guest.Field{
		{Path: "/type"},
		{Path: "/target/age", Kind: guest.Integer, Presence: guest.Nullable},
		{Path: "/a,b", Kind: guest.Number, Presence: guest.Lenient},
		{Path: "/raw", Kind: guest.Raw, Presence: guest.Nullable},
		{Kind: guest.Raw},
		{Part: guest.InKey},
		{Part: guest.InKey, Path: "/id", Kind: guest.Boolean, Presence: guest.Nullable},
		{Part: guest.InHeader, Header: "a,b", Presence: guest.Lenient},
		{Path: "/late"},
	}
	if !reflect.DeepEqual(got.Fields, expected) {
		t.Errorf("fields: %+v", got.Fields)
	}
	lookups := []guest.Lookup{
		{Table: 1, By: 0, Field: &guest.Field{Path: "/name", Presence: guest.Lenient}},
		{Table: 1, By: -1},
	}
	if !reflect.DeepEqual(got.Lookups, lookups) {
		t.Errorf("lookups: %+v", got.Lookups)
	}
}

func wrong[F any](t *testing.T, expected string) {
	t.Helper()
	if _, err := declare[F]([]string{"users"}); err == nil || !strings.Contains(err.Error(), expected) {
		t.Errorf("%v, not %s", err, expected)
	}
}

func TestWhatATagGetsWrongIsNamed(t *testing.T) {
	wrong[int](t, "int is none: use millstream.None")
	wrong[struct{ A string }](t, "the field A of struct { A string }: it has no tag that says where it is")
	wrong[struct {
		a string `ms:"/a"`
	}](t, "begins in lower case")
	wrong[struct {
		A string `ms:"a"`
	}](t, "`a` is no place")
	wrong[struct {
		A string `ms:"/a~2"`
	}](t, "`~` is written `~0`")
	wrong[struct {
		A int32 `ms:"/a"`
	}](t, "it cannot be int32")
	wrong[struct {
		A string `ms:"/a,lenient"`
	}](t, "it may be null: make it a pointer")
	wrong[struct {
		A *string `ms:"/a,required"`
	}](t, "it is required, so that it is never null")
	wrong[struct {
		A string `lookup:"users" ms:"/a"`
	}](t, "what is looked up may be null")
	wrong[struct {
		A *string `lookup:"users" ms:"/a,required"`
	}](t, "what is looked up cannot be required")
	wrong[struct {
		A *string `lookup:"users"`
	}](t, "all of a table's value is []byte")
	wrong[struct {
		A *string `lookup:"users" ms:"key"`
	}](t, "`key` is no path into the table's value")
	wrong[struct {
		A []byte `lookup:"cities"`
	}](t, "there is no table `cities`")
	wrong[struct {
		A []byte `lookup:"users" by:"B"`
	}](t, "there is no field `B` to look up by")
	wrong[struct {
		A []byte `lookup:"users" by:"B"`
		B bool   `ms:"/b"`
	}](t, "the field `B` cannot be a key")
}

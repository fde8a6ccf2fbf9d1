package main

import (
	"slices"
	"testing"

	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

const columns = "id:integer, customer, price:number, paid:boolean"

func TestEveryLineBecomesAnObject(t *testing.T) {
	outcome := millstreamtest.New(convert).Setting("columns", columns).Run(t,
		millstreamtest.Value("7,\"Smith, \"\"A\"\"\",9.50,true\r\n\r\n8,\"\",,").Key("k"))
	var values []string
	for _, emitted := range outcome.To("json") {
		values = append(values, string(emitted.Value))
	}
	expected := []string{
		`{"id":7,"customer":"Smith, \"A\"","price":9.50,"paid":true}`,
		`{"id":8,"customer":"","price":null,"paid":null}`,
	}
	if !slices.Equal(values, expected) {
		t.Errorf("the lines became %v", values)
	}
	if key := string(outcome.Emitted[1].Key); key != "k" {
		t.Errorf("the key became %s", key)
	}
}

func TestAWrongLineRejectsItsWholeRecord(t *testing.T) {
	outcome := millstreamtest.New(convert).Setting("columns", columns).Run(t,
		millstreamtest.Values("1,Ann,2,true\n\n2,Bo,abc,true\n", "\n")...)
	expected := []millstreamtest.Rejected{{Row: 0, Code: "wrong-type", Reason: `line 2: price is "abc", not a number`}}
	if len(outcome.Emitted) != 0 || !slices.Equal(outcome.Rejected, expected) || !slices.Equal(outcome.Dropped, []int{1}) {
		t.Errorf("emitted %v, rejected %v, dropped %v", outcome.Emitted, outcome.Rejected, outcome.Dropped)
	}
}

func TestColumnsThatAreNoneAreRefused(t *testing.T) {
	for columns, expected := range map[string]string{
		"id, day:date":   "setting `columns`: `day` is of the type `date`, not text, integer, number or boolean",
		"id, :text":      "setting `columns`: a column has no name",
		"id, a, id:text": "setting `columns`: two columns are called `id`",
		"":               "setting `columns` names no column",
	} {
		if err := millstreamtest.New(convert).Setting("columns", columns).Configure(); err == nil || err.Error() != expected {
			t.Errorf("%q: %v", columns, err)
		}
	}
	if err := millstreamtest.New(convert).Configure(); err == nil {
		t.Error("a deployment without columns is not refused")
	}
}

func TestADelimiterIsOneASCIICharacter(t *testing.T) {
	for _, text := range []string{"", ";;", `"`, "\n", "\r", "é"} {
		err := millstreamtest.New(convert).Setting("columns", "id").Setting("delimiter", text).Configure()
		expected := "setting `delimiter` is `" + text + "`, not `tab` or one ASCII character other than a quote or a line break"
		if err == nil || err.Error() != expected {
			t.Errorf("%q: %v", text, err)
		}
	}
}

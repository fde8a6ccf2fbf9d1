package millstream_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millstream/millstream/sdk/go/internal/guest"
	"github.com/millstream/millstream/sdk/go/millstream"
	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

type fields struct {
	Type    string   `ms:"/type"`
	Age     *int64   `ms:"/age"`
	Ratio   *float64 `ms:"/ratio"`
	Flag    *bool    `ms:"/flag,lenient"`
	Raw     []byte   `ms:"/raw,nullable"`
	Tenant  *string  `ms:"key,lenient"`
	Country *string  `lookup:"users" by:"Type" ms:"/country"`
	Account []byte   `lookup:"accounts"`
}

func show[T any](value *T) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprint(*value)
}

func (f *fields) String() string {
	account := "-"
	if f.Account != nil {
		account = string(f.Account)
	}
	return fmt.Sprintf("%s %s %s %s %q %s %s %s", f.Type, show(f.Age), show(f.Ratio), show(f.Flag), f.Raw, show(f.Tenant), show(f.Country), account)
}

var inputs = []millstreamtest.Input{
	millstreamtest.Value(`{"type":"a","age":-1,"ratio":0.5,"flag":true,"raw":[1, 2]}`).Key("k"),
	millstreamtest.Value(`{"type":"","flag":7}`),
	millstreamtest.Value(`{"type":7}`),
	millstreamtest.Null().Key("gone"),
	millstreamtest.Value(`{"type":"b","flag":false,"age":null}`).Key("k"),
}

func test(definition millstream.Definition) millstreamtest.Test {
	return millstreamtest.New(definition).
		Table("users", map[string]string{"a": `{"country":"DE"}`, "b": `{}`}).
		Table("accounts", map[string]string{"k": "account of k", "gone": ""})
}

var fielded = millstream.Transform[fields, millstream.None]{
	Outputs: outputs,
	Tables:  []string{"accounts", "users"},
	Record: func(r *millstream.Record[fields], out *millstream.Emitter, _ *millstream.None) error {
		out.Emit(first).ValueText(fmt.Sprint(r.HasValue(), " ", r.Fields.String()))
		return nil
	},
}

func values(outcome *millstreamtest.Outcome) []string {
	var values []string
	for _, emitted := range outcome.Emitted {
		values = append(values, string(emitted.Value))
	}
	return values
}

func TestFieldsAndLookupsAreTypedAndNullable(t *testing.T) {
	outcome := test(fielded).Run(t, inputs...)
	expected := []string{
		`true a -1 0.5 true "[1, 2]" k DE account of k`,
		`true  - - - "" - - -`,
		`true b - - false "" k - account of k`,
	}
	if got := values(outcome); !slices.Equal(got, expected) {
		t.Errorf("fields: %q", got)
	}
	if codes := outcome.Codes(); !slices.Equal(codes, []string{"wrong-type", "null-value"}) {
		t.Errorf("rejected: %v", outcome.Rejected)
	}
	if reason := outcome.Rejected[1].Reason; reason != "the record has no value" {
		t.Errorf("the reason: %s", reason)
	}
}

func TestWhatATableHasWrongRejectsTheRecordAndNamesTheTable(t *testing.T) {
	type found struct {
		User    string  `ms:"/user"`
		Country *string `lookup:"users" by:"User" ms:"/country"`
		Age     *int64  `lookup:"users" by:"User" ms:"/age,lenient"`
	}
	looking := millstream.Transform[found, millstream.None]{
		Outputs: outputs,
		Tables:  []string{"users"},
		Record: func(_ *millstream.Record[found], out *millstream.Emitter, _ *millstream.None) error {
			out.Forward(first)
			return nil
		},
	}
	outcome := millstreamtest.New(looking).
		Table("users", map[string]string{"broken": "{", "empty": "", "odd": `{"country":7}`, "old": `{"country":null,"age":"old"}`}).
		Run(t, millstreamtest.Values(`{"user":"broken"}`, `{"user":"empty"}`, `{"user":"odd"}`, `{"user":"old"}`)...)
	if codes := outcome.Codes(); !slices.Equal(codes, []string{"malformed-json", "malformed-json", "wrong-type"}) {
		t.Errorf("rejected: %v", outcome.Rejected)
	}
	for _, rejected := range outcome.Rejected {
		if !strings.HasPrefix(rejected.Reason, "looked up in the table `users`: ") {
			t.Errorf("the reason: %s", rejected.Reason)
		}
	}
	if len(outcome.Emitted) != 1 || outcome.Emitted[0].Row != 3 {
		t.Errorf("emitted: %v", outcome.Emitted)
	}
	// Also where no other lookup is strict.
	type lenient struct {
		Age *int64 `lookup:"users" ms:"/age,lenient"`
	}
	alone := millstream.Transform[lenient, millstream.None]{
		Outputs: outputs,
		Tables:  []string{"users"},
		Record:  func(*millstream.Record[lenient], *millstream.Emitter, *millstream.None) error { return nil },
	}
	outcome = millstreamtest.New(alone).Table("users", map[string]string{"broken": "{"}).Run(t, millstreamtest.Value("{}").Key("broken"))
	if codes := outcome.Codes(); !slices.Equal(codes, []string{"malformed-json"}) {
		t.Errorf("rejected: %v", outcome.Rejected)
	}
}

func TestNullValuesAreSeenByWhoeverWantsTo(t *testing.T) {
	seeing := fielded
	seeing.NullValues = true
	got := values(test(seeing).Run(t, inputs[3]))
	if expected := []string{`false  - - - "" gone - `}; !slices.Equal(got, expected) {
		t.Errorf("fields: %q", got)
	}
	type optional struct {
		Type *string `ms:"/type"`
	}
	without := millstream.Transform[optional, millstream.None]{
		Outputs: outputs,
		Record: func(r *millstream.Record[optional], out *millstream.Emitter, _ *millstream.None) error {
			out.Forward(first)
			return nil
		},
	}
	if outcome := millstreamtest.Run(t, without, millstreamtest.Null()); len(outcome.Emitted) != 1 {
		t.Errorf("rejected: %v", outcome.Rejected)
	}
}

func TestABatchIsColumns(t *testing.T) {
	columns := millstream.Transform[fields, millstream.None]{
		Outputs:  outputs,
		Counters: []string{"rows"},
		Tables:   []string{"accounts", "users"},
		Reads:    millstream.Keys | millstream.Values | millstream.Timestamps | millstream.Offsets | millstream.Headers,
		Batch: func(b *millstream.Batch[fields], plan *millstream.Plan, _ *millstream.None) error {
			plan.Count(0, uint64(b.Len()))
			ages, types, flags := b.Field("Age"), b.Field("Type"), b.Field("Flag")
			ratios, raws := b.Field("Ratio"), b.Field("Raw")
			accounts := b.GetAll(0, b.Keys())
			for row, f := range b.Rows() {
				if !b.HasValue(row) {
					plan.Reject(row, "gone", "its value is null")
					continue
				}
				headers := 0
				for range b.Headers(row) {
					headers++
				}
				plan.Emit(row, second).ValueText(fmt.Sprint(f.String(), " ", ages.Integer(row), ages.IsNull(row), types.Text(row),
					flags.Boolean(row), ratios.Number(row), string(raws.Raw(row)), " ", string(accounts.Get(row)), " ", len(b.Values().Get(row)),
					b.Timestamps().Get(row), b.Offsets().Get(row), headers, b.Topic(), b.Partition()))
			}
			return nil
		},
	}
	outcome := test(columns).Run(t, inputs...)
	expected := []string{
		`a -1 0.5 true "[1, 2]" k DE account of k -1 falseatrue 0.5[1, 2] account of k 58 0 0 0input0`,
		` - - - "" - - - 0 truefalse 0  20 0 1 0input0`,
		`b - - false "" k - account of k 0 truebfalse 0 account of k 36 0 3 0input0`,
	}
	if got := values(outcome); !slices.Equal(got, expected) {
		t.Errorf("columns: %q", got)
	}
	if codes := outcome.Codes(); !slices.Equal(codes, []string{"wrong-type", "gone"}) || outcome.Counters["rows"] != 4 {
		t.Errorf("rejected %v, counted %v", outcome.Rejected, outcome.Counters)
	}
}

func TestAnErrorOrAPanicOfABatchIsPermanent(t *testing.T) {
	for expected, batch := range map[string]func(*millstream.Batch[millstream.None], *millstream.Plan, *millstream.None) error{
		"the batch failed, permanent: bad: luck": func(*millstream.Batch[millstream.None], *millstream.Plan, *millstream.None) error {
			return millstream.Reject("bad", "luck")
		},
		"the batch failed, permanent: panic: oh": func(*millstream.Batch[millstream.None], *millstream.Plan, *millstream.None) error {
			panic("oh")
		},
		"the host would refuse the answer: row 1 of a batch of 1 is emitted": func(_ *millstream.Batch[millstream.None], plan *millstream.Plan, _ *millstream.None) error {
			plan.Forward(1, 0)
			plan.Forward(1, 0)
			return nil
		},
		"the host would refuse the answer: row 0 is both emitted and rejected": func(_ *millstream.Batch[millstream.None], plan *millstream.Plan, _ *millstream.None) error {
			plan.Forward(0, 0)
			plan.Reject(0, "a", "b")
			return nil
		},
		"the host would refuse the answer: the header `millstream.x`: names that begin with `millstream.` are the host's": func(_ *millstream.Batch[millstream.None], plan *millstream.Plan, _ *millstream.None) error {
			plan.Emit(0, 0).HeaderText("millstream.x", "")
			return nil
		},
	} {
		transform := millstream.Transform[millstream.None, millstream.None]{Outputs: outputs, Batch: batch}
		if _, err := millstreamtest.New(transform).Try(millstreamtest.Null()); err == nil || err.Error() != expected {
			t.Errorf("%v, not %s", err, expected)
		}
	}
}

func TestTablesAnswerRecordByRecord(t *testing.T) {
	transform := records(func(r *millstream.Record[millstream.None], out *millstream.Emitter) error {
		out.Emit(first).Value(r.Get(0, r.Key()))
		return nil
	})
	outcome := millstreamtest.New(transform).Table("users", map[string]string{"a": "of a", "": "of the empty key"}).Run(t,
		millstreamtest.Null().Key("a"), millstreamtest.Null().Key(""), millstreamtest.Null(), millstreamtest.Null().Key("b"))
	got := [][]byte{outcome.Emitted[0].Value, outcome.Emitted[1].Value, outcome.Emitted[2].Value, outcome.Emitted[3].Value}
	if string(got[0]) != "of a" || string(got[1]) != "of the empty key" || got[2] != nil || got[3] != nil {
		t.Errorf("answers: %q", got)
	}
}

func TestWhatIsKeptFromABatchIsSpoiledSoThatTestsNotice(t *testing.T) {
	var kept []byte
	transform := records(func(r *millstream.Record[millstream.None], out *millstream.Emitter) error {
		kept = r.Value()
		out.Forward(first)
		return nil
	})
	outcome := millstreamtest.Run(t, transform, millstreamtest.Value("text"))
	if !bytes.Equal(kept, []byte("????")) || string(outcome.Emitted[0].Value) != "text" {
		t.Errorf("kept %q, emitted %q", kept, outcome.Emitted[0].Value)
	}
}

func TestARecordThatIsForwardedAllocatesNothing(t *testing.T) {
	type event struct {
		Type string `ms:"/type"`
		Age  *int64 `ms:"/age"`
	}
	transform := millstream.Transform[event, millstream.None]{
		Outputs: outputs,
		Record: func(r *millstream.Record[event], out *millstream.Emitter, _ *millstream.None) error {
			if r.Fields.Age != nil && r.Fields.Type == "swipe" {
				out.Forward(millstream.Output(*r.Fields.Age))
			}
			return nil
		},
	}
	instance := guest.Make(transform)
	if _, err := instance.Configure(nil); err != nil {
		t.Fatal(err)
	}
	batch := &guest.Batch{Count: 3, Fields: []guest.FieldColumn{
		{Column: guest.Column{Data: []byte("swipeopenswipe"), Ends: guest.Bytes([]uint32{5, 9, 14})}},
		{Kind: guest.Integer, Column: guest.Column{Data: guest.Bytes([]int64{1, 0, 0}), Nulls: []byte{2}}},
	}}
	allocations := testing.AllocsPerRun(100, func() {
		output, failure := instance.Apply(batch)
		if failure != nil || len(output.Rows) != 8 || len(output.Outputs) != 4 {
			t.Fatalf("%+v, %v", output, failure)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations a batch", allocations)
	}
}

package millstream_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/millstream/millstream/sdk/go/millstream"
	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

const (
	first millstream.Output = iota
	second
)

var outputs = []string{first: "first", second: "second"}

type emitter = millstream.Emitter

// records is a transform without fields and settings that reads everything.
func records(each func(*millstream.Record[millstream.None], *emitter) error) millstream.Definition {
	return millstream.Transform[millstream.None, millstream.None]{
		Outputs:  outputs,
		Counters: []string{"seen", "bad"},
		Tables:   []string{"users"},
		Reads:    millstream.Keys | millstream.Values | millstream.Headers | millstream.Timestamps | millstream.Offsets,
		Record: func(r *millstream.Record[millstream.None], out *emitter, _ *millstream.None) error {
			return each(r, out)
		},
	}
}

func TestARecordLendsAllThatItHas(t *testing.T) {
	transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
		var headers []string
		for name, value := range r.Headers() {
			headers = append(headers, fmt.Sprintf("%s=%q,%t", name, value, value == nil))
		}
		last, ok := r.Header("a")
		_, none := r.Header("c")
		out.Emit(first).ValueText(fmt.Sprintf("%q %q %v %q %t %t %d %d %s %d %d", r.Key(), r.Value(), headers, last, ok, none, r.Timestamp(),
			r.Offset(), r.Topic(), r.Partition(), r.Row()))
		return nil
	})
	outcome := millstreamtest.New(transform).Source("events", 3).Run(t, millstreamtest.Null(),
		millstreamtest.Value("v").Key("k").Header("a", "1").NullHeader("b").Header("a", "").Timestamp(5).Offset(9))
	got := []string{string(outcome.Emitted[0].Value), string(outcome.Emitted[1].Value)}
	expected := []string{
		`"" "" [] "" false false 0 0 events 3 0`,
		`"k" "v" [a="1",false b="",true a="",false] "" true false 5 9 events 3 1`,
	}
	if !slices.Equal(got, expected) {
		t.Errorf("got %q", got)
	}
}

func TestNullAndEmptyDiffer(t *testing.T) {
	transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
		out.Emit(first).Key(r.Value()).Value(r.Key())
		return nil
	})
	outcome := millstreamtest.Run(t, transform, millstreamtest.Value(""), millstreamtest.Null().Key(""))
	a, b := outcome.Emitted[0], outcome.Emitted[1]
	if a.Key == nil || a.Value != nil || b.Key != nil || b.Value == nil {
		t.Errorf("emitted: %+v", outcome.Emitted)
	}
}

func TestAnEmissionChangesWhatIsSaidAndNothingElse(t *testing.T) {
	transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
		out.Forward(second)
		out.Emit(first).KeyText("key").NullKey().Timestamp(7).Partition(2).Headers(millstream.Header{Name: "x"}).HeaderText("y", "z")
		out.Emit(second).HeadersFrom(r.Headers()).Header("n", nil).ValueFunc(func(value []byte) []byte {
			return append(append(value, "new "...), r.Value()...)
		})
		out.Emit(first).ValueFunc(func([]byte) []byte { return []byte("elsewhere") }).NullValue().Value(r.Value())
		return nil
	})
	outcome := millstreamtest.Run(t, transform, millstreamtest.Value("v").Key("k").Header("h", "1").Timestamp(3))
	own := []millstream.Header{{Name: "h", Value: []byte("1")}}
	expected := []millstreamtest.Emitted{
		{Output: "second", Key: []byte("k"), Value: []byte("v"), Headers: own, Timestamp: 3, Partition: -1},
		{Output: "first", Value: []byte("v"), Headers: []millstream.Header{{Name: "x"}, {Name: "y", Value: []byte("z")}}, Timestamp: 7, Partition: 2},
		{Output: "second", Key: []byte("k"), Value: []byte("new v"), Headers: append(slices.Clone(own), millstream.Header{Name: "n"}), Timestamp: 3, Partition: -1},
		{Output: "first", Key: []byte("k"), Value: []byte("v"), Headers: own, Timestamp: 3, Partition: -1},
	}
	if !reflect.DeepEqual(outcome.Emitted, expected) {
		t.Errorf("emitted: %+v", outcome.Emitted)
	}
}

func TestMembersAreAddedToAnyObjectAndToNothingElse(t *testing.T) {
	added := any(map[string]int{"b": 2})
	transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
		return out.Emit(first).ExtendJSON(added)
	})
	for _, c := range []struct {
		object, expected string
		added            any
	}{
		{" {\"a\":1} \n", " {\"a\":1,\"b\":2} \n", added},
		{`{ }`, `{ "b":2}`, added},
		{`{"a":1}`, `{"a":1}`, struct{}{}},
		{`{}`, `{}`, struct{}{}},
		{`{"a":"<&>"}`, `{"a":"<&>","b":"<&>"}`, map[string]string{"b": "<&>"}},
		{`[1]`, "unexpected-json", added},
		{``, "unexpected-json", added},
		{`}`, "unexpected-json", added},
		{`{}`, "unwritable-json", 1},
		{`{}`, "unwritable-json", func() {}},
	} {
		added = c.added
		outcome := millstreamtest.Run(t, transform, millstreamtest.Value(c.object))
		got := strings.Join(outcome.Codes(), "")
		if len(outcome.Emitted) != 0 {
			got = string(outcome.Emitted[0].Value)
		}
		if got != c.expected {
			t.Errorf("%q became %q, not %q", c.object, got, c.expected)
		}
	}
	if codes := millstreamtest.Run(t, transform, millstreamtest.Null()).Codes(); !slices.Equal(codes, []string{"null-value"}) {
		t.Errorf("a null value: %v", codes)
	}
}

func TestAValueThatHasNoJSONLeavesTheRecordAsItWas(t *testing.T) {
	transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
		if err := out.Emit(first).JSON(func() {}); err == nil {
			t.Error("a function has JSON")
		}
		return out.Emit(second).JSON([]string{"<a>"})
	})
	outcome := millstreamtest.Run(t, transform, millstreamtest.Value("v"))
	if string(outcome.Emitted[0].Value) != "v" || string(outcome.Emitted[1].Value) != `["<a>"]` {
		t.Errorf("emitted: %+v", outcome.Emitted)
	}
}

func TestARejectedRecordLeavesNothingBehindButItsCounts(t *testing.T) {
	transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
		out.Count(0, 1)
		out.Emit(second).ValueText("half done")
		switch string(r.Value()) {
		case "reject":
			return millstream.Reject("Not Good", "for a reason")
		case "wrapped":
			return fmt.Errorf("while at it: %w", millstream.Reject("bad", "reason"))
		case "error":
			return errors.New("something else")
		case "panic":
			out.Emit(first).ValueFunc(func([]byte) []byte { panic("at the worst moment") })
		case "drop":
			out.Drop()
			out.Count(1, 2)
		}
		return nil
	})
	outcome := millstreamtest.Run(t, transform, millstreamtest.Values("a", "reject", "wrapped", "error", "panic", "drop", "b")...)
	expected := []millstreamtest.Rejected{
		{Row: 1, Code: "not-good", Reason: "for a reason"},
		{Row: 2, Code: "bad", Reason: "while at it: bad: reason"},
		{Row: 3, Code: "error", Reason: "something else"},
		{Row: 4, Code: "error", Reason: "at the worst moment"},
	}
	if !slices.Equal(outcome.Rejected, expected) {
		t.Errorf("rejected: %+v", outcome.Rejected)
	}
	if len(outcome.Emitted) != 2 || outcome.Emitted[0].Row != 0 || outcome.Emitted[1].Row != 6 || string(outcome.Emitted[1].Value) != "half done" {
		t.Errorf("emitted: %+v", outcome.Emitted)
	}
	if !slices.Equal(outcome.Dropped, []int{5}) || outcome.Counters["seen"] != 7 || outcome.Counters["bad"] != 2 {
		t.Errorf("dropped %v, counted %v", outcome.Dropped, outcome.Counters)
	}
	if len(outcome.Logs) != 1 || outcome.Logs[0].Level != millstream.LevelError || !strings.Contains(outcome.Logs[0].Message, "transform_test.go") {
		t.Errorf("logged: %v", outcome.Logs)
	}
}

func TestAFailureIsTheWholeBatchs(t *testing.T) {
	var failure *millstreamtest.Failure
	transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
		if string(r.Value()) == "later" {
			return fmt.Errorf("asking: %w", millstream.Transient(errors.New("nobody is there")))
		}
		return millstream.Permanent(errors.New("never"))
	})
	_, err := millstreamtest.New(transform).Try(millstreamtest.Value("later"))
	if !errors.As(err, &failure) || *failure != (millstreamtest.Failure{Transient: true, Message: "asking: nobody is there"}) {
		t.Errorf("%v", err)
	}
	_, err = millstreamtest.New(transform).Try(millstreamtest.Value(""))
	if !errors.As(err, &failure) || *failure != (millstreamtest.Failure{Message: "never"}) {
		t.Errorf("%v", err)
	}
}

func TestAFailureWithoutAReasonIsOneToo(t *testing.T) {
	if reason := millstream.Transient(nil).Error(); reason != "no reason is given" {
		t.Errorf("the reason: %s", reason)
	}
}

func TestAMistakeOfTheProgramFailsTheBatchAndSaysSo(t *testing.T) {
	for expected, mistake := range map[string]func(*millstream.Record[millstream.None], *emitter){
		"there is no output number 2: Transform.Outputs names 2":   func(_ *millstream.Record[millstream.None], out *emitter) { out.Forward(2) },
		"there is no counter number 9: Transform.Counters names 2": func(_ *millstream.Record[millstream.None], out *emitter) { out.Count(9, 1) },
		"there is no table number 1: Transform.Tables names 1":     func(r *millstream.Record[millstream.None], _ *emitter) { r.Get(1, nil) },
		"an emitted record is changed after the next one was emitted": func(_ *millstream.Record[millstream.None], out *emitter) {
			emission := out.Emit(first)
			out.Forward(first)
			emission.ValueText("late")
		},
	} {
		transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
			mistake(r, out)
			return nil
		})
		if _, err := millstreamtest.New(transform).Try(millstreamtest.Value("")); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%v, not %s", err, expected)
		}
	}
	unread := millstream.Transform[millstream.None, millstream.None]{
		Outputs: outputs,
		Record: func(r *millstream.Record[millstream.None], _ *emitter, _ *millstream.None) error {
			r.Key()
			return nil
		},
	}
	if _, err := millstreamtest.New(unread).Try(millstreamtest.Value("")); err == nil || !strings.Contains(err.Error(), "add millstream.Keys to Transform.Reads") {
		t.Errorf("%v", err)
	}
}

func TestWhatADefinitionLacksIsNamed(t *testing.T) {
	each := func(*millstream.Record[millstream.None], *emitter, *millstream.None) error { return nil }
	batch := func(*millstream.Batch[millstream.None], *millstream.Plan, *millstream.None) error { return nil }
	for expected, transform := range map[string]millstream.Transform[millstream.None, millstream.None]{
		"has no function":   {Outputs: outputs},
		"has two functions": {Outputs: outputs, Record: each, Batch: batch},
		"has no outputs":    {Record: each},
		"number 1 of the":   {Outputs: []string{"a", ""}, Record: each},
	} {
		if err := millstreamtest.New(transform).Configure(); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%v, not %s", err, expected)
		}
	}
}

type limits struct {
	Blocked []string `default:""`
	blocked map[string]bool
}

func (l *limits) Init() error {
	if len(l.Blocked) == 0 {
		return errors.New("`blocked` names nobody")
	}
	l.blocked = map[string]bool{}
	for _, name := range l.Blocked {
		l.blocked[name] = true
	}
	return nil
}

func TestStateIsMadeFromSettingsOnce(t *testing.T) {
	test := millstreamtest.New(millstream.Transform[millstream.None, limits]{
		Outputs: outputs,
		Reads:   millstream.Keys,
		Record: func(r *millstream.Record[millstream.None], out *emitter, l *limits) error {
			if !l.blocked[string(r.Key())] {
				out.Forward(first)
			}
			return nil
		},
	})
	if err := test.Configure(); err == nil || err.Error() != "`blocked` names nobody" {
		t.Errorf("%v", err)
	}
	outcome := test.Setting("blocked", "eve, mallory").Run(t, millstreamtest.Null().Key("eve"), millstreamtest.Null().Key("ann"))
	if !slices.Equal(outcome.Dropped, []int{0}) {
		t.Errorf("dropped %v", outcome.Dropped)
	}
}

func TestTextAndJSONRejectWhatTheyAreNot(t *testing.T) {
	transform := records(func(r *millstream.Record[millstream.None], out *emitter) error {
		text, err := r.Text()
		if err != nil {
			return err
		}
		var number struct{ N int }
		if err := r.JSON(&number); err != nil {
			return err
		}
		out.Emit(first).ValueText(fmt.Sprint(text, number.N))
		return nil
	})
	inputs := append(millstreamtest.Values("a\xff", `{"n":1`, `{"n":"x"}`, `{"n":7}`), millstreamtest.Null())
	outcome := millstreamtest.Run(t, transform, inputs...)
	if codes := outcome.Codes(); !slices.Equal(codes, []string{"invalid-utf8", "malformed-json", "unexpected-json", "null-value"}) {
		t.Errorf("rejected: %v", outcome.Rejected)
	}
	if reason := outcome.Rejected[0].Reason; reason != "the value is not text: invalid UTF-8 at byte 1" {
		t.Errorf("the reason: %s", reason)
	}
	if value := string(outcome.Emitted[0].Value); value != `{"n":7}7` {
		t.Errorf("emitted: %s", value)
	}
}

func TestALongLineIsCutBetweenCharacters(t *testing.T) {
	umlauts := strings.Repeat("ä", 100_000)
	transform := records(func(*millstream.Record[millstream.None], *emitter) error {
		millstream.Log(millstream.LevelInfo, umlauts)
		millstream.Logf(millstream.LevelInfo, "a%s", umlauts)
		panic(umlauts)
	})
	outcome := millstreamtest.Run(t, transform, millstreamtest.Null())
	var lengths []int
	for _, line := range outcome.Logs {
		lengths = append(lengths, len(line.Message))
	}
	// The last one is the panic's, which begins with `panic: `.
	if !slices.Equal(lengths, []int{65536, 65535, 65535}) {
		t.Errorf("logged: %v", lengths)
	}
}

func TestLogLinesKeepTheirLevelAndAreText(t *testing.T) {
	transform := records(func(*millstream.Record[millstream.None], *emitter) error {
		millstream.Log(millstream.LevelDebug, "a\xff")
		millstream.Logf(millstream.LevelWarn, "%d left", 3)
		return nil
	})
	outcome := millstreamtest.Run(t, transform, millstreamtest.Null())
	expected := []millstreamtest.Line{{Level: millstream.LevelDebug, Message: "a\uFFFD"}, {Level: millstream.LevelWarn, Message: "3 left"}}
	if !slices.Equal(outcome.Logs, expected) {
		t.Errorf("logged: %v", outcome.Logs)
	}
}

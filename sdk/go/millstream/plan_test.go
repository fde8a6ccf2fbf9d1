package millstream

import (
	"bytes"
	"math"
	"testing"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

func newPlan(rows int) *plan {
	p := &plan{outputs: 3, view: &view{fields: &binding{}}}
	p.begin(rows)
	return p
}

func TestWhatNeedNotBeSaidIsLeftOut(t *testing.T) {
	p := newPlan(3)
	for row := range 3 {
		p.push(row, 0)
	}
	if o := p.finish(3); o.Rows != nil || o.Outputs != nil || o.Rejected.Set || o.Values.Set {
		t.Errorf("said: %+v", o)
	}
}

func TestRowsAreLeftOutWhereTheOthersAreRejected(t *testing.T) {
	p := newPlan(3)
	plan := Plan{p}
	p.push(0, 0)
	plan.Reject(1, "bad", "")
	p.push(2, 1)
	o := p.finish(3)
	if o.Rows != nil || !bytes.Equal(o.Outputs, []byte{0, 0, 1, 0}) || !bytes.Equal(o.Rejected.Rows, []byte{1, 0, 0, 0}) {
		t.Errorf("said: %+v", o)
	}
}

func TestRowsAreSaidWhereOneOccursTwiceOrNotAtAll(t *testing.T) {
	p := newPlan(2)
	p.push(0, 0)
	p.push(0, 0)
	if o := p.finish(2); !bytes.Equal(o.Rows, make([]byte, 8)) {
		t.Errorf("twice: %v", o.Rows)
	}
	p.begin(2)
	p.push(1, 0)
	if o := p.finish(2); !bytes.Equal(o.Rows, []byte{1, 0, 0, 0}) {
		t.Errorf("not at all: %v", o.Rows)
	}
	p.begin(2)
	if o := p.finish(2); o.Rows == nil || len(o.Rows) != 0 {
		t.Errorf("nothing: %v", o.Rows)
	}
}

func TestARowThatIsBothEmittedAndRejectedIsSaidSoThatTheHostSeesIt(t *testing.T) {
	p := newPlan(2)
	plan := Plan{p}
	plan.Forward(0, 0)
	plan.Reject(0, "bad", "")
	if o := p.finish(2); !bytes.Equal(o.Rows, make([]byte, 4)) {
		t.Errorf("rows: %v", o.Rows)
	}
}

func TestARowThatTheBatchDoesNotHaveIsSaidSoThatTheHostSeesIt(t *testing.T) {
	for _, rows := range [][]int{{1, 2, 3}, {0, 1, 3}, {0, -1, 1}, {-1, 0, 1}, {0, 1, math.MaxInt}} {
		p := newPlan(3)
		for _, row := range rows {
			p.push(row, 0)
		}
		if o := p.finish(3); len(o.Rows) != 12 {
			t.Errorf("of %v there are said: %v", rows, o.Rows)
		}
	}
}

func TestRejectionsAreSortedAndTheFirstOfARowCounts(t *testing.T) {
	p := newPlan(3)
	plan := Plan{p}
	plan.Reject(2, "b", "second")
	plan.Reject(0, "a", "first")
	plan.Reject(2, "c", "again")
	o := p.finish(3)
	if !bytes.Equal(o.Rejected.Rows, []byte{0, 0, 0, 0, 2, 0, 0, 0}) || string(o.Rejected.Codes.Data) != "ab" {
		t.Errorf("rejected: %+v", o.Rejected)
	}
}

func TestGoingBackLeavesNoTrace(t *testing.T) {
	p := newPlan(2)
	p.push(0, 0)
	mark := p.position()
	emission := Emission{p, p.push(5, 1), 5}
	emission.Header("a", nil).Timestamp(7).Partition(7).Key([]byte("k")).Value(nil).Headers()
	p.returnTo(mark)
	p.push(1, 0)
	o := p.finish(2)
	if o.Rows != nil || o.AddedHeaders.Set || o.Headers.Set || o.Timestamps.Set || o.Partitions.Set || o.Keys.Set || o.Values.Set {
		t.Errorf("left: %+v", o)
	}
}

func TestAnAnswerLeavesNothingForTheNext(t *testing.T) {
	p := newPlan(1)
	Emission{p, p.push(0, 2), 0}.ValueText("x").Header("a", nil)
	(&Plan{p}).Reject(0, "a", "b")
	p.finish(1)
	p.begin(1)
	p.push(0, 0)
	if o := p.finish(1); o.Rows != nil || o.Outputs != nil || o.Values.Set || o.AddedHeaders.Set || o.Rejected.Set {
		t.Errorf("left: %+v", o)
	}
}

func TestAPatchOfEveryRecordHasNoPositions(t *testing.T) {
	p := newPlan(2)
	Emission{p, p.push(0, 0), 0}.ValueText("a").Timestamp(1).Timestamp(2)
	Emission{p, p.push(1, 0), 1}.ValueText("no").Value(nil)
	o := p.finish(2)
	if o.Values.At != nil || string(o.Values.To.Data) != "a" || !bytes.Equal(o.Values.To.Nulls, []byte{2}) {
		t.Errorf("values: %+v", o.Values)
	}
	if !bytes.Equal(o.Timestamps.At, []byte{0, 0, 0, 0}) || !bytes.Equal(o.Timestamps.To, []byte{2, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("timestamps: %+v", o.Timestamps)
	}
}

func TestTruncatingAColumnClearsWhatIsPastItsEnd(t *testing.T) {
	var c columnBuilder
	c.push([]byte("ab"))
	for range 9 {
		c.push(nil)
	}
	c.data = append(c.data, "left behind"...)
	c.truncate(1)
	c.push([]byte("c"))
	got := c.column()
	if string(got.Data) != "abc" || !bytes.Equal(got.Ends, []byte{2, 0, 0, 0, 3, 0, 0, 0}) || !bytes.Equal(got.Nulls, []byte{0}) {
		t.Errorf("column: %+v", got)
	}
}

func TestNullsAreAsLongAsTheColumn(t *testing.T) {
	c := NewColumn(nil, []byte{}, nil)
	if c.Len() != 3 || c.Get(0) != nil || c.Get(1) == nil || c.Get(2) != nil {
		t.Errorf("column: %+v", c)
	}
	var builder columnBuilder
	builder.push(nil)
	for range 8 {
		builder.push([]byte("x"))
	}
	if nulls := builder.column().Nulls; !bytes.Equal(nulls, []byte{1, 0}) {
		t.Errorf("nulls: %v", nulls)
	}
}

func TestHeadersOfOneRecordGatherInOneList(t *testing.T) {
	var h headersPatch
	h.append(3, "a").push([]byte("1"))
	h.append(3, "b").push(nil)
	h.append(5, "c").push([]byte{})
	h.begin(5)
	got := h.finish(9)
	if !bytes.Equal(got.At, guest.Bytes([]uint32{3, 5})) || !bytes.Equal(got.To.Ends, guest.Bytes([]uint32{2, 2})) {
		t.Errorf("patch: %+v", got)
	}
	if string(got.To.Names.Data) != "ab" || !bytes.Equal(got.To.Values.Nulls, []byte{2}) {
		t.Errorf("patch: %+v", got)
	}
}

func TestCodesAndReasonsAreMadeToFit(t *testing.T) {
	for code, expected := range map[string]string{
		"bad-age": "bad-age", "Bad Age!": "bad-age-", "": "error", "ä": "-", "\xff": "-",
	} {
		if got := tidyCode(code); got != expected {
			t.Errorf("the code %q became %q, not %q", code, got, expected)
		}
	}
	if got := tidyCode(string(bytes.Repeat([]byte("x"), 80))); len(got) != 64 {
		t.Errorf("a code of %d bytes", len(got))
	}
	umlauts := string(bytes.Repeat([]byte("ä"), 1000))
	if got := cutReason(umlauts); len(got) != 1024 {
		t.Errorf("a reason of %d bytes", len(got))
	}
	if got := cutReason("a" + umlauts); len(got) != 1023 {
		t.Errorf("a reason of %d bytes", len(got))
	}
	if got := cutReason("\xff"); got != "\uFFFD" {
		t.Errorf("the reason %q", got)
	}
}

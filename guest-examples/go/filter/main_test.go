package main

import (
	"slices"
	"testing"

	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

func TestEventsOfTheTypesToKeepAreKeptAsTheyAre(t *testing.T) {
	outcome := millstreamtest.New(filter).Setting("keep", "swipe, message").Run(t, millstreamtest.Values(
		`{"type":"open"}`,
		`{"type":"swipe","direction":"left"}`,
		`{"type":"message"}`,
	)...)
	if !slices.Equal(outcome.Dropped, []int{0}) || len(outcome.Emitted) != 2 {
		t.Fatalf("dropped %v, emitted %v", outcome.Dropped, outcome.Emitted)
	}
	if value := string(outcome.Emitted[0].Value); value != `{"type":"swipe","direction":"left"}` {
		t.Errorf("the event became %s", value)
	}
}

func TestSwipesAreKeptUnlessSaidOtherwise(t *testing.T) {
	outcome := millstreamtest.Run(t, filter, millstreamtest.Values(`{"type":"open"}`, `{"type":"swipe"}`)...)
	if kept := outcome.To("kept"); len(kept) != 1 || kept[0].Row != 1 {
		t.Errorf("kept %v", kept)
	}
}

func TestWhatIsNoEventIsRejected(t *testing.T) {
	outcome := millstreamtest.Run(t, filter,
		millstreamtest.Null(),
		millstreamtest.Value(`{"type":"sw`),
		millstreamtest.Value(`{"kind":"swipe"}`),
		millstreamtest.Value(`{"type":1}`),
	)
	expected := []string{"null-value", "malformed-json", "missing-field", "wrong-type"}
	if codes := outcome.Codes(); !slices.Equal(codes, expected) {
		t.Errorf("rejected as %v, not %v", codes, expected)
	}
}

package main

import (
	"slices"
	"testing"

	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

func TestSwipesGoByTheirDirectionAndOtherEventsNowhere(t *testing.T) {
	outcome := millstreamtest.Run(t, route, millstreamtest.Values(
		`{"type":"swipe","direction":"right"}`,
		`{"type":"message","direction":7}`,
		`{"type":"swipe","direction":"left"}`,
	)...)
	if likes := outcome.To("likes"); len(likes) != 1 || likes[0].Row != 0 {
		t.Errorf("likes: %v", likes)
	}
	if passes := outcome.To("passes"); len(passes) != 1 || passes[0].Row != 2 {
		t.Errorf("passes: %v", passes)
	}
	if !slices.Equal(outcome.Dropped, []int{1}) {
		t.Errorf("dropped: %v", outcome.Dropped)
	}
}

func TestASwipeWithoutADirectionIsRejected(t *testing.T) {
	outcome := millstreamtest.Run(t, route, millstreamtest.Values(
		`{"type":"swipe"}`,
		`{"type":"swipe","direction":"up"}`,
	)...)
	expected := []millstreamtest.Rejected{
		{Row: 0, Code: "unknown-direction", Reason: "the swipe has no direction"},
		{Row: 1, Code: "unknown-direction", Reason: `a swipe "up" is neither left nor right`},
	}
	if !slices.Equal(outcome.Rejected, expected) {
		t.Errorf("rejected: %v", outcome.Rejected)
	}
}

func TestWhatIsNoEventIsRejected(t *testing.T) {
	outcome := millstreamtest.Run(t, route, append(
		millstreamtest.Values(`{"type":"swipe"`, `{"direction":"left"}`, `{"type":1}`),
		millstreamtest.Null(),
	)...)
	expected := []string{"malformed-json", "missing-field", "wrong-type", "null-value"}
	if codes := outcome.Codes(); !slices.Equal(codes, expected) {
		t.Errorf("rejected as %v, not %v", codes, expected)
	}
}

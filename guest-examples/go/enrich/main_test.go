package main

import (
	"slices"
	"testing"

	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

func TestRegionAndHourAreAddedAndTheRestStays(t *testing.T) {
	outcome := millstreamtest.New(enrich).Setting("regions", "GB = europe, BR = latin-america").Run(t,
		millstreamtest.Value(`{"at":1764000000123,"country":"GB"}`).Key("k").Header("trace", "1"),
		millstreamtest.Value(`{"at":0,"country":"ZZ"}`),
	)
	first := &outcome.Emitted[0]
	if value := string(first.Value); value != `{"at":1764000000123,"country":"GB","region":"europe","hour":16}` {
		t.Errorf("the event became %s", value)
	}
	if string(first.Key) != "k" {
		t.Errorf("the key became %s", first.Key)
	}
	trace, _ := first.Header("trace")
	region, _ := first.Header("region")
	if trace != "1" || region != "europe" {
		t.Errorf("the headers became %v", first.Headers)
	}
	if value := string(outcome.Emitted[1].Value); value != `{"at":0,"country":"ZZ","region":"elsewhere","hour":0}` {
		t.Errorf("the event became %s", value)
	}
}

func TestAnHourIsTheOneThatHasBegunAlsoBefore1970(t *testing.T) {
	for milliseconds, expected := range map[int64]int64{0: 0, 3_599_999: 0, 3_600_000: 1, -1: 23, -86_400_000: 0, -86_400_001: 23} {
		if got := hour(milliseconds); got != expected {
			t.Errorf("hour(%d) is %d, not %d", milliseconds, got, expected)
		}
	}
}

func TestWhatIsNoEventIsRejected(t *testing.T) {
	outcome := millstreamtest.Run(t, enrich, append(
		millstreamtest.Values(`{"at":1}`, `{"at":"now","country":"GB"}`, `{"at":1,`),
		millstreamtest.Null(),
	)...)
	expected := []string{"missing-field", "wrong-type", "malformed-json", "null-value"}
	if codes := outcome.Codes(); !slices.Equal(codes, expected) {
		t.Errorf("rejected as %v, not %v", codes, expected)
	}
}

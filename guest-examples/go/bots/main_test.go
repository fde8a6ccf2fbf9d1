package main

import (
	"slices"
	"testing"

	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

var withSessions = millstreamtest.New(bots).Table("sessions", map[string]string{
	"clear": `{"bot-score":0.97}`,
	"close": `{"bot-score":0.9}`,
	"human": `{"bot-score":0.89}`,
	"new":   `{"country":"GB"}`,
	"odd":   `{"bot-score":"high"}`,
})

func checkRows(t *testing.T, outcome *millstreamtest.Outcome, output string, expected ...int) {
	t.Helper()
	var rows []int
	for _, event := range outcome.To(output) {
		rows = append(rows, event.Row)
	}
	if !slices.Equal(rows, expected) {
		t.Errorf("to %s went the rows %v, not %v", output, rows, expected)
	}
}

func checkUnknown(t *testing.T, outcome *millstreamtest.Outcome, expected uint64) {
	t.Helper()
	if unknown := outcome.Counters["unknown_sessions"]; unknown != expected {
		t.Errorf("%d unknown sessions were counted, not %d", unknown, expected)
	}
}

func TestEventsGoByTheScoreOfTheirSession(t *testing.T) {
	outcome := withSessions.Run(t, millstreamtest.Values(
		`{"session":"clear"}`,
		`{"session":"close"}`,
		`{"session":"human"}`,
	)...)
	checkRows(t, outcome, "bots", 0, 1)
	checkRows(t, outcome, "humans", 2)
	checkUnknown(t, outcome, 0)
}

func TestSessionsWithoutAScoreAreHumansAndCounted(t *testing.T) {
	outcome := withSessions.Run(t, millstreamtest.Values(
		`{"session":"nobody"}`,
		`{"session":"new"}`,
		`{"session":"odd"}`,
	)...)
	checkRows(t, outcome, "humans", 0, 1, 2)
	checkUnknown(t, outcome, 3)
}

func TestTheLimitIsASetting(t *testing.T) {
	outcome := withSessions.Setting("limit", "0.95").Run(t, millstreamtest.Values(
		`{"session":"clear"}`,
		`{"session":"close"}`,
	)...)
	checkRows(t, outcome, "bots", 0)
	checkRows(t, outcome, "humans", 1)
}

func TestEventsWithoutASessionAreRejected(t *testing.T) {
	outcome := millstreamtest.Run(t, bots, append(
		millstreamtest.Values(`{}`, `{"session":7}`, `{"session":`),
		millstreamtest.Null(),
	)...)
	expected := []string{"missing-field", "wrong-type", "malformed-json", "null-value"}
	if codes := outcome.Codes(); !slices.Equal(codes, expected) {
		t.Errorf("rejected as %v, not %v", codes, expected)
	}
}

package main

import (
	"slices"
	"testing"

	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

var withProfiles = millstreamtest.New(profiles).Table("profiles", map[string]string{
	"ann":     `{"name":"Ann","age":31,"country":"GB"}`,
	"quoted":  `{"name":"\"Zoë\"\t<3","age":27}`,
	"no-age":  `{"name":"Ben"}`,
	"no-name": `{"name":7,"age":40}`,
	"neither": `{"country":"GB"}`,
	"odd":     `{"name":7,"age":"31"}`,
})

func checkValues(t *testing.T, outcome *millstreamtest.Outcome, output string, expected ...string) {
	t.Helper()
	var values []string
	for _, swipe := range outcome.To(output) {
		values = append(values, string(swipe.Value))
	}
	if !slices.Equal(values, expected) {
		t.Errorf("to %s went %q, not %q", output, values, expected)
	}
}

func checkUnknown(t *testing.T, outcome *millstreamtest.Outcome, expected uint64) {
	t.Helper()
	if unknown := outcome.Counters["unknown_profiles"]; unknown != expected {
		t.Errorf("%d unknown profiles were counted, not %d", unknown, expected)
	}
}

func TestTheProfileIsAddedAndTheRestStays(t *testing.T) {
	outcome := withProfiles.Run(t,
		millstreamtest.Value(`{"target":"ann","direction":"right"}`).Key("k").Header("trace", "1"),
		millstreamtest.Value(`{ "target": "quoted" }`),
	)
	checkValues(t, outcome, "joined",
		`{"target":"ann","direction":"right","profile":{"name":"Ann","age":31}}`,
		`{ "target": "quoted" ,"profile":{"name":"\"Zoë\"\t<3","age":27}}`,
	)
	first := &outcome.Emitted[0]
	if trace, _ := first.Header("trace"); string(first.Key) != "k" || trace != "1" {
		t.Errorf("the key became %s, the headers %v", first.Key, first.Headers)
	}
	checkUnknown(t, outcome, 0)
}

func TestWhatIsNotKnownOfAPersonIsLeftOut(t *testing.T) {
	outcome := withProfiles.Run(t, millstreamtest.Values(`{"target":"no-age"}`, `{"target":"no-name"}`)...)
	checkValues(t, outcome, "joined",
		`{"target":"no-age","profile":{"name":"Ben"}}`,
		`{"target":"no-name","profile":{"age":40}}`,
	)
}

func TestSwipesOfUnknownPeopleStayAsTheyAreAndAreCounted(t *testing.T) {
	swipes := []string{`{"target":"nobody"}`, `{ "target": "neither" }`, `{"target":"odd"}`}
	outcome := withProfiles.Run(t, millstreamtest.Values(swipes...)...)
	checkValues(t, outcome, "unknown", swipes...)
	checkUnknown(t, outcome, 3)
}

func TestSwipesWithoutATargetAreRejected(t *testing.T) {
	outcome := millstreamtest.Run(t, profiles, append(
		millstreamtest.Values(`{}`, `{"target":7}`, `{"target":`),
		millstreamtest.Null(),
	)...)
	expected := []string{"missing-field", "wrong-type", "malformed-json", "null-value"}
	if codes := outcome.Codes(); !slices.Equal(codes, expected) {
		t.Errorf("rejected as %v, not %v", codes, expected)
	}
}

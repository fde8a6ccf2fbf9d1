package main

import (
	"strings"
	"testing"

	"github.com/millstream/millstream/sdk/go/millstreamtest"
)

const both = `{"to":"ann@example.com","paid":"by 4111 1111 1111 1111","at":4111111111111111}`

func TestWhatIsPersonalInStringsIsMaskedAndCounted(t *testing.T) {
	outcome := millstreamtest.Run(t, mask, millstreamtest.Value(both).Key("ann@example.com"))
	event := outcome.Emitted[0]
	expected := `{"to":"***@example.com","paid":"by **** **** **** 1111","at":4111111111111111}`
	if value := string(event.Value); value != expected {
		t.Errorf("the event became %s", value)
	}
	if key := string(event.Key); key != "ann@example.com" {
		t.Errorf("the key became %s", key)
	}
	if emails, cards := outcome.Counters["emails"], outcome.Counters["cards"]; emails != 1 || cards != 1 {
		t.Errorf("counted %d addresses, %d cards", emails, cards)
	}
}

func TestARecordWithNothingToMaskGoesOnAsItIs(t *testing.T) {
	plain := `{ "to": "ann at example.com" }`
	outcome := millstreamtest.Run(t, mask, millstreamtest.Null(), millstreamtest.Value(plain))
	if value := outcome.Emitted[0].Value; value != nil {
		t.Errorf("null became %q", value)
	}
	if value := string(outcome.Emitted[1].Value); value != plain {
		t.Errorf("the event became %s", value)
	}
}

func TestOnlyWhatTheSettingNamesIsMasked(t *testing.T) {
	outcome := millstreamtest.New(mask).Setting("mask", "card").Run(t, millstreamtest.Value(both))
	if value := string(outcome.Emitted[0].Value); !strings.Contains(value, "ann@example.com") {
		t.Errorf("the event became %s", value)
	}
	if emails, cards := outcome.Counters["emails"], outcome.Counters["cards"]; emails != 0 || cards != 1 {
		t.Errorf("counted %d addresses, %d cards", emails, cards)
	}
}

func TestAValueThatEndsWithinAStringIsRejectedAndNotCounted(t *testing.T) {
	outcome := millstreamtest.Run(t, mask, millstreamtest.Value(`{"to":"ann@example.com","from":"bob\"`))
	expected := millstreamtest.Rejected{Code: "malformed-json", Reason: "the value ends within a string"}
	if len(outcome.Rejected) != 1 || outcome.Rejected[0] != expected {
		t.Errorf("rejected: %v", outcome.Rejected)
	}
	if emails := outcome.Counters["emails"]; emails != 0 {
		t.Errorf("counted %d addresses", emails)
	}
}

func TestWhatCannotBeMaskedIsRefused(t *testing.T) {
	err := millstreamtest.New(mask).Setting("mask", "email, phone").Configure()
	if err == nil || err.Error() != "setting `mask` names `phone`: there are `email` and `card`" {
		t.Errorf("the error is %v", err)
	}
}

// Makes e-mail addresses and card numbers in the strings of JSON unreadable. All else stays as it is, byte for byte.
package main

import (
	"fmt"

	"github.com/millstream/millstream/sdk/go/millstream"
)

const Masked millstream.Output = 0

const (
	Emails millstream.Counter = iota
	Cards
)

type Settings struct {
	// What is masked.
	Mask []string `default:"email, card"`

	emails, cards bool
}

// Init refuses to mask what nobody knows how to.
func (s *Settings) Init() error {
	for _, kind := range s.Mask {
		switch kind {
		case "email":
			s.emails = true
		case "card":
			s.cards = true
		default:
			return fmt.Errorf("setting `mask` names `%s`: there are `email` and `card`", kind)
		}
	}
	return nil
}

var mask = millstream.Transform[millstream.None, Settings]{
	Outputs:  []string{Masked: "masked"},
	Counters: []string{Emails: "emails", Cards: "cards"},
	Reads:    millstream.Values,
	Record: func(record *millstream.Record[millstream.None], out *millstream.Emitter, settings *Settings) error {
		var emails, cards uint64
		// In a value that is null there is nothing to find.
		masked, ok := rewriteStrings(record.Value(), func(to, text []byte) []byte {
			start := len(to)
			if settings.emails {
				to = appendWithoutEmails(to, text, &emails)
			} else {
				to = append(to, text...)
			}
			if settings.cards {
				maskCards(to[start:], &cards)
			}
			return to
		})
		if !ok {
			return millstream.Reject("malformed-json", "the value ends within a string")
		}
		if emails+cards == 0 {
			out.Forward(Masked)
			return nil
		}
		out.Emit(Masked).Value(masked)
		out.Count(Emails, emails)
		out.Count(Cards, cards)
		return nil
	},
}

func init() { millstream.Register(mask) }

// A component has no main; Go wants one.
func main() {}

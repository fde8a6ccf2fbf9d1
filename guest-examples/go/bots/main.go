// Tells the events of bots from those of people, by what a table has about their sessions.
package main

import "github.com/millstream/millstream/sdk/go/millstream"

const (
	Humans millstream.Output = iota
	Bots
)

const UnknownSessions millstream.Counter = 0

const Sessions millstream.Table = 0

// Event is what the host takes out of each event, and what it looks up for it. The event itself never enters this component.
type Event struct {
	Session string `ms:"/session"`
	// How likely the session is a bot's, from 0 to 1. Not every session has been judged.
	Score *float64 `lookup:"sessions" by:"Session" ms:"/bot-score,lenient"`
}

type Settings struct {
	// From this score on a session is a bot's.
	Limit float64 `default:"0.9"`
}

var bots = millstream.Transform[Event, Settings]{
	Outputs:  []string{Humans: "humans", Bots: "bots"},
	Counters: []string{UnknownSessions: "unknown_sessions"},
	Tables:   []string{Sessions: "sessions"},
	Record: func(event *millstream.Record[Event], out *millstream.Emitter, settings *Settings) error {
		score := event.Fields.Score
		switch {
		case score == nil:
			// Nobody is taken for a bot without a reason.
			out.Count(UnknownSessions, 1)
			out.Forward(Humans)
		case *score >= settings.Limit:
			out.Forward(Bots)
		default:
			out.Forward(Humans)
		}
		return nil
	},
}

func init() { millstream.Register(bots) }

// A component has no main; Go wants one.
func main() {}

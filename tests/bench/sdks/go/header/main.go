// Sends three types of events to outputs of their own, by a header.
package main

import "github.com/millstream/millstream/sdk/go/millstream"

const (
	Swipes millstream.Output = iota
	Messages
	Profiles
)

type Event struct {
	Type string `ms:"header:type"`
}

var route = millstream.Transform[Event, millstream.None]{
	Outputs: []string{Swipes: "swipes", Messages: "messages", Profiles: "profiles"},
	Record: func(event *millstream.Record[Event], out *millstream.Emitter, _ *millstream.None) error {
		switch event.Fields.Type {
		case "swipe":
			out.Forward(Swipes)
		case "message":
			out.Forward(Messages)
		case "profile":
			out.Forward(Profiles)
		}
		return nil
	},
}

func init() { millstream.Register(route) }

// A component has no main; Go wants one.
func main() {}

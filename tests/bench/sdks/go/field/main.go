// Keeps three types of events, by a declared field.
package main

import "github.com/millstream/millstream/sdk/go/millstream"

const Kept millstream.Output = 0

type Event struct {
	Type string `ms:"/type"`
}

var keep = millstream.Transform[Event, millstream.None]{
	Outputs: []string{Kept: "kept"},
	Record: func(event *millstream.Record[Event], out *millstream.Emitter, _ *millstream.None) error {
		switch event.Fields.Type {
		case "swipe", "message", "profile":
			out.Forward(Kept)
		}
		return nil
	},
}

func init() { millstream.Register(keep) }

// A component has no main; Go wants one.
func main() {}

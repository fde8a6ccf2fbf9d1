// Keeps the events of some types, and drops the others.
package main

import (
	"slices"

	"github.com/millstream/millstream/sdk/go/millstream"
)

const Kept millstream.Output = 0

// Event is what the host takes out of each event. The event itself never enters this component.
type Event struct {
	Type string `ms:"/type"`
}

type Settings struct {
	// The types to keep, separated by commas.
	Keep []string `default:"swipe"`
}

var filter = millstream.Transform[Event, Settings]{
	Outputs: []string{Kept: "kept"},
	Record: func(event *millstream.Record[Event], out *millstream.Emitter, settings *Settings) error {
		if slices.Contains(settings.Keep, event.Fields.Type) {
			out.Forward(Kept)
		}
		return nil
	},
}

func init() { millstream.Register(filter) }

// A component has no main; Go wants one.
func main() {}

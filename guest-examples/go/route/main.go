// Sends swipes to the right to one topic and swipes to the left to another; other events are dropped.
package main

import (
	"fmt"

	"github.com/millstream/millstream/sdk/go/millstream"
)

const (
	Likes millstream.Output = iota
	Passes
)

// Event is what the host takes out of each event. The event itself never enters this component.
type Event struct {
	Type string `ms:"/type"`
	// Only swipes have one, so whatever else stands there is not looked at.
	Direction *string `ms:"/direction,lenient"`
}

var route = millstream.Transform[Event, millstream.None]{
	Outputs: []string{Likes: "likes", Passes: "passes"},
	Record: func(event *millstream.Record[Event], out *millstream.Emitter, _ *millstream.None) error {
		if event.Fields.Type != "swipe" {
			return nil
		}
		direction := event.Fields.Direction
		switch {
		case direction == nil:
			return millstream.Reject("unknown-direction", "the swipe has no direction")
		case *direction == "right":
			out.Forward(Likes)
		case *direction == "left":
			out.Forward(Passes)
		default:
			return millstream.Reject("unknown-direction", fmt.Sprintf("a swipe %q is neither left nor right", *direction))
		}
		return nil
	},
}

func init() { millstream.Register(route) }

// A component has no main; Go wants one.
func main() {}

// What `field` does, over the columns of a batch.
package main

import "github.com/millstream/millstream/sdk/go/millstream"

const Kept millstream.Output = 0

type Event struct {
	Type string `ms:"/type"`
}

var keep = millstream.Transform[Event, millstream.None]{
	Outputs: []string{Kept: "kept"},
	Batch: func(batch *millstream.Batch[Event], plan *millstream.Plan, _ *millstream.None) error {
		types := batch.Field("Type")
		for row := range batch.Len() {
			switch types.Text(row) {
			case "swipe", "message", "profile":
				plan.Forward(row, Kept)
			}
		}
		return nil
	},
}

func init() { millstream.Register(keep) }

// A component has no main; Go wants one.
func main() {}

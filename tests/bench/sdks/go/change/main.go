// Parses each event, sets one member, and writes all of it anew.
package main

import "github.com/millstream/millstream/sdk/go/millstream"

const Changed millstream.Output = 0

var change = millstream.Transform[millstream.None, millstream.None]{
	Outputs: []string{Changed: "changed"},
	Reads:   millstream.Values,
	Record: func(record *millstream.Record[millstream.None], out *millstream.Emitter, _ *millstream.None) error {
		var event map[string]any
		if err := record.JSON(&event); err != nil {
			return err
		}
		event["seen"] = true
		return out.Emit(Changed).JSON(event)
	},
}

func init() { millstream.Register(change) }

// A component has no main; Go wants one.
func main() {}

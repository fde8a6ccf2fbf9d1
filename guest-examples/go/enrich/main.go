// Adds to each event the region of its country and the hour of its day, and a header with the region.
package main

import "github.com/millstream/millstream/sdk/go/millstream"

const Enriched millstream.Output = 0

type Event struct {
	Country string `ms:"/country"`
	At      int64  `ms:"/at"`
}

type Settings struct {
	// Countries and their regions: `GB = europe, BR = latin-america`.
	Regions map[string]string `default:""`
	// The region of the other countries.
	Fallback string `default:"elsewhere"`
}

// Added are the members that are added.
type Added struct {
	Region string `json:"region"`
	Hour   int64  `json:"hour"`
}

var enrich = millstream.Transform[Event, Settings]{
	Outputs: []string{Enriched: "enriched"},
	Reads:   millstream.Values,
	Record: func(event *millstream.Record[Event], out *millstream.Emitter, settings *Settings) error {
		region, ok := settings.Regions[event.Fields.Country]
		if !ok {
			region = settings.Fallback
		}
		added := Added{Region: region, Hour: hour(event.Fields.At)}
		return out.Emit(Enriched).HeaderText("region", region).ExtendJSON(added)
	},
}

// hour is the hour of the day, UTC, also of times before 1970.
func hour(milliseconds int64) int64 {
	const day = 24 * 3_600_000
	return (milliseconds%day + day) % day / 3_600_000
}

func init() { millstream.Register(enrich) }

// A component has no main; Go wants one.
func main() {}

// Joins the profile of the person who was swiped into each swipe.
package main

import "github.com/millstream/millstream/sdk/go/millstream"

const (
	Joined millstream.Output = iota
	Unknown
)

const UnknownProfiles millstream.Counter = 0

const Profiles millstream.Table = 0

// Swipe is what the host takes out of each swipe, and what it looks up for it.
type Swipe struct {
	// Who was swiped.
	Target string `ms:"/target"`
	// People need not say either, and a profile with one of them is better than none.
	Name *string `lookup:"profiles" by:"Target" ms:"/name,lenient"`
	Age  *int64  `lookup:"profiles" by:"Target" ms:"/age,lenient"`
}

// Added is the member that is added.
type Added struct {
	Profile Profile `json:"profile"`
}

// Profile is what is known of a person: the rest is left out, not null.
type Profile struct {
	Name *string `json:"name,omitempty"`
	Age  *int64  `json:"age,omitempty"`
}

var profiles = millstream.Transform[Swipe, millstream.None]{
	Outputs:  []string{Joined: "joined", Unknown: "unknown"},
	Counters: []string{UnknownProfiles: "unknown_profiles"},
	Tables:   []string{Profiles: "profiles"},
	Reads:    millstream.Values,
	Record: func(swipe *millstream.Record[Swipe], out *millstream.Emitter, _ *millstream.None) error {
		profile := Profile{Name: swipe.Fields.Name, Age: swipe.Fields.Age}
		if profile == (Profile{}) {
			out.Count(UnknownProfiles, 1)
			out.Forward(Unknown)
			return nil
		}
		return out.Emit(Joined).ExtendJSON(Added{profile})
	},
}

func init() { millstream.Register(profiles) }

// A component has no main; Go wants one.
func main() {}

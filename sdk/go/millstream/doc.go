// Package millstream writes Millstream transforms in Go: a function over Kafka records, which becomes a WebAssembly component.
//
//	package main
//
//	import "github.com/millstream/millstream/sdk/go/millstream"
//
//	const (
//		Likes millstream.Output = iota
//		Passes
//	)
//
//	type Swipe struct {
//		Direction string `ms:"/direction"`
//	}
//
//	var route = millstream.Transform[Swipe, millstream.None]{
//		Outputs: []string{Likes: "likes", Passes: "passes"},
//		Record: func(swipe *millstream.Record[Swipe], out *millstream.Emitter, _ *millstream.None) error {
//			switch swipe.Fields.Direction {
//			case "right":
//				out.Forward(Likes)
//			case "left":
//				out.Forward(Passes)
//			default:
//				return millstream.Reject("unknown-direction", swipe.Fields.Direction+" is neither left nor right")
//			}
//			return nil
//		},
//	}
//
//	func init() { millstream.Register(route) }
//
//	func main() {}
//
// A component has no main: what registers the transform is an init function. `millstream build` makes the component; package
// [millstreamtest] runs a transform in plain unit tests.
//
// # Fields
//
// The host takes declared fields out of each record before the component is called, in one pass over the value, natively. It
// rejects records that are not JSON (`malformed-json`) or lack what is required (`missing-field`, `wrong-type`). What is not read
// besides never enters the component. A struct declares them:
//
//	type Event struct {
//		Type    string  `ms:"/type"`             // a JSON Pointer (RFC 6901) into the value
//		Age     *int64  `ms:"/target/age"`       // may be absent or null: nil
//		Note    *string `ms:"/note,lenient"`     // may also be of another type: nil
//		Target  []byte  `ms:"/target,nullable"`  // encoded JSON as it stands, or nil
//		Whole   []byte  `ms:"value"`             // the bytes of the value, JSON or not
//		Tenant  string  `ms:"key"`               // the whole key as text, which is not JSON
//		ID      string  `ms:"key/id"`            // a path into a key that is JSON
//		Trace   *string `ms:"header:trace"`      // the last header of this name, as text
//	}
//
// A string is a JSON string without quotes and escapes, an int64 a number written as an integer, a float64 any number, a bool true
// or false, and a []byte any JSON as it stands, but for null. A pointer is nil where the field is null; what it points to is the
// same memory for every record. Paths may be combined with `,nullable` and `,lenient`, for members that can be nil. A struct that
// is embedded counts as its members.
//
// Records whose value is null lack nothing: see [Transform.NullValues].
//
// # Lookups
//
// The host can also join a table's latest value to each record. The key is the record's own, or a field that is a string, an int64
// or a []byte. What is looked up is nil where the table has nothing. A path leads into the table's value, by the rules of fields: one
// that is not JSON rejects the record as `malformed-json`, whatever the options say; of another type than the member's it rejects
// the record as `wrong-type`, or is nil if the field is `lenient`.
//
//	type Event struct {
//		User    string  `ms:"/user"`
//		Country *string `lookup:"users" by:"User" ms:"/country"` // of the table's value for the user
//		Account []byte  `lookup:"accounts"`                      // all of the table's value for the record's key
//	}
//
// # Settings
//
// Settings are text; a struct says what they are. Every wrong one is named when the transform is deployed.
//
//	type Settings struct {
//		Threshold uint32                          // `threshold`, which must be set
//		MinAge    int               `default:"18"` // `min-age`, 18 unless set
//		Region    *string                         // need not be set: nil
//		Keep      []string          `default:"swipe, message"`
//		Cities    map[string]string `ms:"regions" default:""` // `regions = "berlin = eu, boston = us"`
//		blocked   map[string]bool                 // not a setting: see Initializer
//	}
//
// # Memory
//
// Byte slices and texts that a record, a batch or its fields lend lie in the memory of the batch, which is used again for the next
// one: nothing is copied before it is asked for. They are valid until the transform's function returns. Copy what is to be kept
// ([strings.Clone], [bytes.Clone]), also what goes into a map as a key. What is given to an [Emission] is copied by it.
//
// [millstreamtest]: https://pkg.go.dev/github.com/millstream/millstream/sdk/go/millstreamtest
package millstream

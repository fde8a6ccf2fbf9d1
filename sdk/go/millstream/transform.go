package millstream

import "github.com/millstream/millstream/sdk/go/internal/guest"

// None declares no fields or no settings.
type None = struct{}

// Output is one of a transform's outputs: an index into [Transform.Outputs]. Constants with iota keep the two together.
type Output uint16

// Counter is one of a transform's own counters: an index into [Transform.Counters].
type Counter uint32

// Table is one of the tables that a transform uses: an index into [Transform.Tables].
type Table uint32

// Parts are the parts of a record that a transform reads. Only these are copied into the component; reading another one is a
// mistake that fails the batch.
type Parts uint8

// The parts of a record. They can be combined: Keys | Values.
const (
	Keys       = Parts(guest.Keys)
	Values     = Parts(guest.Values)
	Headers    = Parts(guest.HeaderLists)
	Timestamps = Parts(guest.Timestamps)
	Offsets    = Parts(guest.Offsets)
)

// Transform is what a component is made of: what it declares, and a function over records.
//
// F is a struct of fields that the host takes out of each record and of values that it looks up for it; its tags say where they
// are (see the package's documentation). S is a struct of settings. [None] stands for no fields, and for no settings.
type Transform[F, S any] struct {
	// Names of the outputs, at least one: a-z, 0-9, '-' and '_'. The deployment says which topic each one is.
	Outputs []string
	// What the functions below look at, besides declared fields.
	Reads Parts
	// Names of counters, at most 64: a-z, 0-9 and '_'.
	Counters []string
	// Names of the tables used; the deployment says which topic each one is.
	Tables []string
	// Whether records whose value is null are to be seen, although a field of the value is required: their fields of the value
	// are then zero, and [Record.HasValue] tells them apart. Else they are rejected as `null-value`. Where no field of the value
	// is required, records are seen as they are. A Batch function sees all of them: see [Batch.HasValue].
	NullValues bool

	// Called for each record. An error rejects the record ([Reject]) or fails its batch ([Transient], [Permanent]); what was
	// emitted for a rejected record is taken back. A panic rejects the record as `error`, and its stack is logged.
	Record func(record *Record[F], out *Emitter, settings *S) error
	// Called for each batch instead: columns, for those who want all the speed. An error fails the batch, as permanent unless it
	// is [Transient], and so does a panic.
	Batch func(batch *Batch[F], plan *Plan, settings *S) error
}

// Definition is any [Transform].
type Definition interface {
	instance() guest.Guest
}

func (t Transform[F, S]) instance() guest.Guest {
	return &instance[F, S]{transform: t}
}

// Register says which transform this component is. Call it in an init function of the main package. Elsewhere than in a
// component it has no effect, so that `go test` can build the package too.
func Register(definition Definition) {
	guest.Registered = definition.instance()
}

func init() {
	guest.Make = func(definition any) guest.Guest {
		return definition.(Definition).instance()
	}
}

// Initializer is what settings may be: Init is called once in every instance, after they are read and before any record. An error
// refuses the deployment. It is where unexported members are made from the settings: sets, compiled expressions, buffers. An
// instance may be replaced between any two batches, so that nothing in it lasts: never counts or sums.
type Initializer interface {
	// Init makes what follows from the settings. Its error is what whoever deploys the transform gets to read.
	Init() error
}

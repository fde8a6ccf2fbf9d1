package guest

// Guest is one instance of a transform. It is never called twice at once.
type Guest interface {
	// Configure is called once, before any batch. Its error refuses the deployment.
	Configure(settings []Setting) (*Description, error)
	// Apply answers what becomes of a batch, or why it failed.
	Apply(batch *Batch) (*Output, *Failure)
}

// Host is what a transform can call.
type Host interface {
	Log(level Level, message string)
	// Add adds to a counter.
	Add(counter uint32, by uint64)
	// Get answers the values of these keys, row for row. What it answers is valid until Release, or until the call of the
	// guest ends.
	Get(table uint32, keys *Column) Column
	// Release takes back the memory of what Get answered.
	Release()
}

// Current is the host of the running call. Nil in plain Go programs, outside of tests too: lines of the log then go to stderr.
var Current Host

// Make makes an instance of a transform. The package millstream sets it, whose transforms are generic types.
var Make func(definition any) Guest

// Registered is the transform that this component is.
var Registered Guest

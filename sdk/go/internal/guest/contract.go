// Package guest has the contract of wit/transform.wit as Go types, and the seam between a transform and whoever runs it: the
// component's exports on one side, plain tests on the other. It knows neither memory layouts nor what users see.
package guest

// Column is byte strings end to end. Ends are little-endian 32-bit numbers, Nulls is a bit set, empty where no entry is null.
type Column struct {
	Data, Ends, Nulls []byte
}

// Headers are the header lists of all rows: those of row i are the entries Ends[i-1]..Ends[i] of Names and Values.
type Headers struct {
	Ends          []byte
	Names, Values Column
}

// Kind is the type of a declared field, in the order of the contract's `field-type` and of its `field-column`.
type Kind uint8

// The types of declared fields.
const (
	Text Kind = iota
	Integer
	Number
	Boolean
	Raw
)

// FieldColumn is what the host took out of each row. Of numbers and booleans, Data are the numbers or the bits that are true.
type FieldColumn struct {
	Kind Kind
	Column
}

// Batch is what `apply` gets. Columns that are none have their flag unset; lists of numbers that are none are nil.
type Batch struct {
	Topic               string
	Partition           int32
	Count               int
	Offsets, Timestamps []byte
	Keys, Values        Column
	HasKeys, HasValues  bool
	Headers             Headers
	HasHeaders          bool
	Fields, Lookups     []FieldColumn
}

// ColumnPatch is new contents for emitted records. At is nil where every emitted record is patched.
type ColumnPatch struct {
	Set bool
	At  []byte
	To  Column
}

// HeadersPatch is new header lists for emitted records; At as in [ColumnPatch].
type HeadersPatch struct {
	Set bool
	At  []byte
	To  Headers
}

// NumbersPatch is new timestamps or partitions for emitted records; At as in [ColumnPatch].
type NumbersPatch struct {
	Set bool
	At  []byte
	To  []byte
}

// Rejections are the rows that cannot be processed.
type Rejections struct {
	Set            bool
	Rows           []byte
	Codes, Reasons Column
}

// Output is what becomes of a batch. Rows and Outputs are nil where they are none. Its memory is valid until the next call.
type Output struct {
	Rows, Outputs          []byte
	Keys, Values           ColumnPatch
	Headers, AddedHeaders  HeadersPatch
	Timestamps, Partitions NumbersPatch
	Rejected               Rejections
}

// Parts are the parts of a record that a transform reads, as bits.
type Parts uint8

// The bits of Parts, in the contract's order.
const (
	Keys Parts = 1 << iota
	Values
	HeaderLists
	Timestamps
	Offsets
)

// Part is where a field is looked for.
type Part uint8

// The parts that fields can be in, in the contract's order.
const (
	InValue Part = iota
	InKey
	InHeader
)

// Presence is what the host does about a field that a row lacks.
type Presence uint8

// The presences, in the contract's order.
const (
	Required Presence = iota
	Nullable
	Lenient
)

// Field is a declared field.
type Field struct {
	Part     Part
	Header   string
	Path     string
	Kind     Kind
	Presence Presence
}

// Lookup is a value from a table that the host joins to every row. By is the index of the field that is the key, or -1 for the
// record's own key. Field is nil where all of the table's value is wanted.
type Lookup struct {
	Table uint32
	By    int
	Field *Field
}

// Description is what a transform says about itself.
type Description struct {
	Reads    Parts
	Fields   []Field
	Lookups  []Lookup
	Tables   []string
	Outputs  []string
	Counters []string
}

// Setting is one setting of a deployment, as text.
type Setting struct {
	Name, Value string
}

// Failure says why a batch failed. Transient: it may succeed later.
type Failure struct {
	Transient bool
	Message   string
}

// Level is how important a line of the log is, in the contract's order.
type Level uint8

// The levels.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

// Package abi puts the contract's types into linear memory and takes them out of it, by the rules of the component model's
// canonical ABI, and exports what a component of the world `transform` exports. It knows nothing of what a transform does.
//
// A record's members lie one after the other, each at a multiple of its alignment. A variant, an option and a result are a byte
// that says which case it is, and the case's contents at their alignment. A list and a string are an address and a length, four
// bytes each. Nothing here is aligned to more than four bytes.
package abi

// Sizes of what lists hold, and of what is handed over through memory.
const (
	sizeOfList        = 8
	sizeOfSetting     = 2 * sizeOfList
	sizeOfFieldColumn = 28
	sizeOfBatch       = 172
	sizeOfField       = 24
	sizeOfLookup      = 40
	sizeOfDescribed   = 56  // result<description, string>
	sizeOfApplied     = 360 // result<output, failure>
	sizeOfTableColumn = 24
)

// Where the members of records are, counted from the record's beginning.
const (
	columnData  = 0
	columnEnds  = 8
	columnNulls = 16

	headersEnds   = 0
	headersNames  = 8
	headersValues = 32

	batchTopic      = 0
	batchPartition  = 8
	batchCount      = 12
	batchOffsets    = 16
	batchTimestamps = 28
	batchKeys       = 40
	batchValues     = 68
	batchHeaders    = 96
	batchFields     = 156
	batchLookups    = 164

	// The same in all patches.
	patchAt = 0
	patchTo = 12

	rejectionsRows    = 0
	rejectionsCodes   = 8
	rejectionsReasons = 32

	outputRows         = 0
	outputOutputs      = 12
	outputKeys         = 24
	outputValues       = 64
	outputHeaders      = 104
	outputAddedHeaders = 176
	outputTimestamps   = 248
	outputPartitions   = 272
	outputRejected     = 296

	descriptionReads    = 0
	descriptionFields   = 4
	descriptionLookups  = 12
	descriptionTables   = 20
	descriptionOutputs  = 28
	descriptionCounters = 36
	descriptionOptions  = 44

	partHeader    = 4
	fieldPart     = 0
	fieldPath     = 12
	fieldKind     = 20
	fieldPresence = 21

	lookupTable  = 0
	lookupKey    = 4
	lookupKeyOf  = 8
	lookupField  = 12
	lookupFields = 16

	// Of every option, result and variant here: where the contents of the case are.
	payload = 4
)

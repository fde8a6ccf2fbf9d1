package abi

import (
	"encoding/binary"
	"strings"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// writer puts values into memory for the host. What its lists lie in must stay referenced until the host has read it: kept
// holds what nothing else does.
type writer struct {
	memory memory
	kept   *[][]byte
	at     []byte
}

func (w writer) u32(at int, number uint32) {
	binary.LittleEndian.PutUint32(w.at[at:], number)
}

// within is for the contents of a record that begins there.
func (w writer) within(at int) writer {
	w.at = w.at[at:]
	return w
}

func (w writer) bytes(at int, bytes []byte) {
	w.u32(at, w.memory.address(bytes))
	w.u32(at+4, uint32(len(bytes)))
}

// text makes it UTF-8: texts in Go need not be, and the host refuses an answer with another one, so that a transient failure would
// not be tried again.
func (w writer) text(at int, text string) {
	bytes := []byte(strings.ToValidUTF8(text, "\uFFFD"))
	*w.kept = append(*w.kept, bytes)
	w.bytes(at, bytes)
}

// list answers what to write the elements with. Their sizes are multiples of four, and so is where Go puts memory of such sizes.
func (w writer) list(at, count, size int) writer {
	elements := make([]byte, count*size)
	*w.kept = append(*w.kept, elements)
	w.u32(at, w.memory.address(elements))
	w.u32(at+4, uint32(count))
	w.at = elements
	return w
}

func (w writer) texts(at int, texts []string) {
	list := w.list(at, len(texts), sizeOfList)
	for i, text := range texts {
		list.text(i*sizeOfList, text)
	}
}

// option writes which case it is, and answers whether there is something to write.
func (w writer) option(at int, some bool) bool {
	w.at[at] = 0
	if some {
		w.at[at] = 1
	}
	return some
}

// numbers are none where they are nil.
func (w writer) numbers(at int, numbers []byte) {
	if w.option(at, numbers != nil) {
		w.bytes(at+payload, numbers)
	}
}

func (w writer) column(at int, column *guest.Column) {
	w.bytes(at+columnData, column.Data)
	w.bytes(at+columnEnds, column.Ends)
	w.bytes(at+columnNulls, column.Nulls)
}

func (w writer) columnPatch(at int, patch *guest.ColumnPatch) {
	if w.option(at, patch.Set) {
		w.numbers(at+payload+patchAt, patch.At)
		w.column(at+payload+patchTo, &patch.To)
	}
}

func (w writer) headersPatch(at int, patch *guest.HeadersPatch) {
	if w.option(at, patch.Set) {
		w.numbers(at+payload+patchAt, patch.At)
		to := at + payload + patchTo
		w.bytes(to+headersEnds, patch.To.Ends)
		w.column(to+headersNames, &patch.To.Names)
		w.column(to+headersValues, &patch.To.Values)
	}
}

func (w writer) numbersPatch(at int, patch *guest.NumbersPatch) {
	if w.option(at, patch.Set) {
		w.numbers(at+payload+patchAt, patch.At)
		w.bytes(at+payload+patchTo, patch.To)
	}
}

// lowerApplied writes a result<output, failure>.
func lowerApplied(w writer, output *guest.Output, failure *guest.Failure) {
	w.at[0] = 0
	if failure != nil {
		w.at[0] = 1
		w.at[payload] = 1
		if failure.Transient {
			w.at[payload] = 0
		}
		w.text(payload+payload, failure.Message)
		return
	}
	w = w.within(payload)
	w.numbers(outputRows, output.Rows)
	w.numbers(outputOutputs, output.Outputs)
	w.columnPatch(outputKeys, &output.Keys)
	w.columnPatch(outputValues, &output.Values)
	w.headersPatch(outputHeaders, &output.Headers)
	w.headersPatch(outputAddedHeaders, &output.AddedHeaders)
	w.numbersPatch(outputTimestamps, &output.Timestamps)
	w.numbersPatch(outputPartitions, &output.Partitions)
	if w.option(outputRejected, output.Rejected.Set) {
		w = w.within(outputRejected + payload)
		w.bytes(rejectionsRows, output.Rejected.Rows)
		w.column(rejectionsCodes, &output.Rejected.Codes)
		w.column(rejectionsReasons, &output.Rejected.Reasons)
	}
}

// lowerDescribed writes a result<description, string>.
func lowerDescribed(w writer, description *guest.Description, err error) {
	w.at[0] = 0
	if err != nil {
		w.at[0] = 1
		w.text(payload, err.Error())
		return
	}
	w = w.within(payload)
	w.at[descriptionReads] = byte(description.Reads)
	fields := w.list(descriptionFields, len(description.Fields), sizeOfField)
	for i := range description.Fields {
		lowerField(fields.within(i*sizeOfField), &description.Fields[i])
	}
	lookups := w.list(descriptionLookups, len(description.Lookups), sizeOfLookup)
	for i := range description.Lookups {
		lowerLookup(lookups.within(i*sizeOfLookup), &description.Lookups[i])
	}
	w.texts(descriptionTables, description.Tables)
	w.texts(descriptionOutputs, description.Outputs)
	w.texts(descriptionCounters, description.Counters)
	w.list(descriptionOptions, 0, sizeOfSetting)
}

func lowerField(w writer, field *guest.Field) {
	w.at[fieldPart] = byte(field.Part)
	if field.Part == guest.InHeader {
		w.text(fieldPart+partHeader, field.Header)
	}
	w.text(fieldPath, field.Path)
	w.at[fieldKind] = byte(field.Kind)
	w.at[fieldPresence] = byte(field.Presence)
}

func lowerLookup(w writer, lookup *guest.Lookup) {
	w.u32(lookupTable, lookup.Table)
	if lookup.By >= 0 {
		w.at[lookupKey] = 1
		w.u32(lookupKeyOf, uint32(lookup.By))
	}
	if w.option(lookupField, lookup.Field != nil) {
		lowerField(w.within(lookupFields), lookup.Field)
	}
}

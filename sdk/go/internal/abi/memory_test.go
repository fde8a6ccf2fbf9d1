package abi

import (
	"errors"
	"reflect"
	"testing"
	"unsafe"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// fake is a memory for tests: it remembers what it gave addresses to.
type fake struct {
	lists map[uint32][]byte
	next  uint32
}

func (f *fake) address(bytes []byte) uint32 {
	f.next += 16
	f.lists[f.next] = bytes
	return f.next
}

func (f *fake) bytes(address, size uint32) []byte {
	if size == 0 {
		return nil
	}
	return f.lists[address][:size]
}

func newFake() *fake {
	return &fake{lists: map[uint32][]byte{}}
}

func (f *fake) writer(size int) writer {
	kept := [][]byte{}
	return writer{f, &kept, make([]byte, size)}
}

func column(data string, ends ...uint32) guest.Column {
	return guest.Column{Data: []byte(data), Ends: guest.Bytes(ends), Nulls: []byte{1}}
}

func TestABatchIsTakenApartAsItWasPutTogether(t *testing.T) {
	memory := newFake()
	w := memory.writer(sizeOfBatch)
	w.text(batchTopic, "events")
	w.u32(batchPartition, 0xFFFFFFFE)
	w.u32(batchCount, 2)
	w.numbers(batchTimestamps, guest.Bytes([]int64{1, 2}))
	values, names, headerValues := column("ab", 1, 2), column("h", 1), column("v", 1)
	w.at[batchValues] = 1
	w.column(batchValues+payload, &values)
	w.at[batchHeaders] = 1
	w.bytes(batchHeaders+payload+headersEnds, guest.Bytes([]uint32{0, 1}))
	w.column(batchHeaders+payload+headersNames, &names)
	w.column(batchHeaders+payload+headersValues, &headerValues)
	fields := w.list(batchFields, 3, sizeOfFieldColumn)
	text, raw := column("xyz", 1, 3), column("raw", 3, 3)
	fields.column(payload, &text)
	number := fields.within(sizeOfFieldColumn)
	number.at[0] = byte(guest.Number)
	number.bytes(payload, guest.Bytes([]int64{7, 8}))
	number.bytes(payload+sizeOfList, []byte{2})
	boolean := fields.within(2 * sizeOfFieldColumn)
	boolean.at[0] = byte(guest.Boolean)
	boolean.bytes(payload, []byte{3})
	lookups := w.list(batchLookups, 1, sizeOfFieldColumn)
	lookups.at[0] = byte(guest.Raw)
	lookups.column(payload, &raw)

	got := guest.Batch{HasKeys: true, Fields: make([]guest.FieldColumn, 9)}
	liftBatch(memory, memory.address(w.at), &got)
	expected := guest.Batch{
		Topic: "events", Partition: -2, Count: 2, Timestamps: guest.Bytes([]int64{1, 2}), Values: values, HasValues: true,
		Headers: guest.Headers{Ends: guest.Bytes([]uint32{0, 1}), Names: names, Values: headerValues}, HasHeaders: true,
		Fields: []guest.FieldColumn{
			{Kind: guest.Text, Column: text},
			{Kind: guest.Number, Column: guest.Column{Data: guest.Bytes([]int64{7, 8}), Nulls: []byte{2}}},
			{Kind: guest.Boolean, Column: guest.Column{Data: []byte{3}}},
		},
		Lookups: []guest.FieldColumn{{Kind: guest.Raw, Column: raw}},
	}
	if !reflect.DeepEqual(got, expected) {
		t.Errorf("the batch is %+v", got)
	}
	if err := checkBatch(&got); err != nil {
		t.Error(err)
	}
	got.Count = 3
	if err := checkBatch(&got); err == nil {
		t.Error("too few timestamps are taken")
	}
}

func TestSettingsAreCopied(t *testing.T) {
	memory := newFake()
	w := memory.writer(sizeOfSetting)
	w.text(0, "limit")
	w.text(sizeOfList, "7")
	got := liftSettings(memory, memory.address(w.at), 1)
	for _, list := range memory.lists {
		clear(list)
	}
	if !reflect.DeepEqual(got, []guest.Setting{{Name: "limit", Value: "7"}}) {
		t.Errorf("settings: %v", got)
	}
}

func TestAnOutputSaysNoneWhereThereIsNothing(t *testing.T) {
	memory := newFake()
	w := memory.writer(sizeOfApplied)
	for i := range w.at {
		w.at[i] = 0xFF
	}
	lowerApplied(w, &guest.Output{Rows: []byte{}}, nil)
	said := reader{memory, w.at[payload:]}
	if w.at[0] != 0 || said.at[outputRows] != 1 || said.u32(outputRows+payload+4) != 0 {
		t.Errorf("rows: %v", w.at[:16])
	}
	for _, at := range []int{outputOutputs, outputKeys, outputValues, outputHeaders, outputAddedHeaders, outputTimestamps, outputPartitions, outputRejected} {
		if said.at[at] != 0 {
			t.Errorf("what is at %d is said", at)
		}
	}
}

func TestAnOutputSaysWhatItHas(t *testing.T) {
	memory := newFake()
	w := memory.writer(sizeOfApplied)
	values, names, codes := column("new", 3), column("h", 1), column("bad", 3)
	lowerApplied(w, &guest.Output{
		Values:       guest.ColumnPatch{Set: true, At: []byte{1, 0, 0, 0}, To: values},
		AddedHeaders: guest.HeadersPatch{Set: true, To: guest.Headers{Ends: []byte{1, 0, 0, 0}, Names: names, Values: values}},
		Partitions:   guest.NumbersPatch{Set: true, To: []byte{9, 0, 0, 0}},
		Rejected:     guest.Rejections{Set: true, Rows: []byte{3, 0, 0, 0}, Codes: codes, Reasons: values},
	}, nil)
	said := reader{memory, w.at[payload:]}
	at := outputValues + payload
	if !reflect.DeepEqual(said.numbers(at+patchAt), []byte{1, 0, 0, 0}) || !reflect.DeepEqual(said.column(at+patchTo), values) {
		t.Error("the values are others")
	}
	at = outputAddedHeaders + payload
	if said.numbers(at+patchAt) != nil || !reflect.DeepEqual(said.column(at+patchTo+headersNames), names) {
		t.Error("the headers are others")
	}
	if got := said.list(outputPartitions+payload+patchTo, 1); !reflect.DeepEqual(got, []byte{9, 0, 0, 0}) {
		t.Errorf("partitions: %v", got)
	}
	at = outputRejected + payload
	if said.list(at+rejectionsRows, 1)[0] != 3 || !reflect.DeepEqual(said.column(at+rejectionsCodes), codes) {
		t.Error("the rejections are others")
	}
	lowerApplied(w, nil, &guest.Failure{Transient: true, Message: "later"})
	if w.at[0] != 1 || w.at[payload] != 0 || string(reader{memory, w.at}.list(2*payload, 1)) != "later" {
		t.Errorf("the failure: %v", w.at[:16])
	}
}

func TestADescriptionIsWritten(t *testing.T) {
	memory := newFake()
	w := memory.writer(sizeOfDescribed)
	lowerDescribed(w, &guest.Description{
		Reads:   guest.Keys | guest.Offsets,
		Fields:  []guest.Field{{Path: "/a"}, {Part: guest.InHeader, Header: "h", Kind: guest.Raw, Presence: guest.Lenient}},
		Lookups: []guest.Lookup{{Table: 1, By: 2, Field: &guest.Field{Path: "/b"}}, {By: -1}},
		Tables:  []string{"t", "users"}, Outputs: []string{"out"}, Counters: []string{},
	}, nil)
	said := reader{memory, w.at[payload:]}
	if w.at[0] != 0 || said.at[descriptionReads] != 17 {
		t.Errorf("reads: %v", w.at[:8])
	}
	second := reader{memory, said.list(descriptionFields, sizeOfField)[sizeOfField:]}
	if second.at[fieldPart] != 2 || string(second.list(partHeader, 1)) != "h" || second.at[fieldKind] != 4 || second.at[fieldPresence] != 2 {
		t.Errorf("the second field: %v", second.at)
	}
	lookups := said.list(descriptionLookups, sizeOfLookup)
	first := reader{memory, lookups}
	if first.u32(lookupTable) != 1 || first.at[lookupKey] != 1 || first.u32(lookupKeyOf) != 2 || first.at[lookupField] != 1 ||
		string(first.list(lookupFields+fieldPath, 1)) != "/b" {
		t.Errorf("the first lookup: %v", first.at)
	}
	if lookups[sizeOfLookup+lookupKey] != 0 || lookups[sizeOfLookup+lookupField] != 0 {
		t.Errorf("the second lookup: %v", lookups[sizeOfLookup:])
	}
	tables := reader{memory, said.list(descriptionTables, sizeOfList)}
	if string(tables.list(sizeOfList, 1)) != "users" || said.u32(descriptionCounters+4) != 0 {
		t.Error("the names are others")
	}
	lowerDescribed(w, nil, errors.New("no"))
	if w.at[0] != 1 || string(reader{memory, w.at}.list(payload, 1)) != "no" {
		t.Errorf("the error: %v", w.at[:16])
	}
}

func TestTextsThatAreNotUTF8AreMadeIt(t *testing.T) {
	memory := newFake()
	w := memory.writer(sizeOfApplied)
	lowerApplied(w, nil, &guest.Failure{Transient: true, Message: "a\xff"})
	if w.at[payload] != 0 || string(reader{memory, w.at}.list(2*payload, 1)) != "a\uFFFD" {
		t.Errorf("the failure: %v", w.at[:16])
	}
	w = memory.writer(sizeOfDescribed)
	lowerDescribed(w, nil, errors.New("\xc3"))
	if string(reader{memory, w.at}.list(payload, 1)) != "\uFFFD" {
		t.Errorf("the error: %v", w.at[:16])
	}
}

func TestTheArenaGivesAlignedMemoryThatIsUsedAgain(t *testing.T) {
	var a arena
	seen := map[unsafe.Pointer]bool{}
	for round := range 3 {
		for _, size := range []uint32{0, 1, 7, 8, 100_000, 3, 40_000, 40_000} {
			p := a.allocate(size)
			if p == nil || uintptr(p)%8 != 0 {
				t.Fatalf("%d bytes are at %v", size, p)
			}
			clear(unsafe.Slice((*byte)(p), size))
			if round == 2 && !seen[p] {
				t.Errorf("the third call has memory that the second did not have")
			}
			if round == 1 {
				seen[p] = true
			}
		}
		a.reset()
	}
	if len(a.blocks) != 1 {
		t.Errorf("%d blocks are left", len(a.blocks))
	}
}

func TestTheLatestAllocationGrowsInPlaceAndOthersMove(t *testing.T) {
	var a arena
	first := a.allocate(4)
	*(*uint32)(first) = 7
	second := a.allocate(4)
	if a.reallocate(second, 4, 400) != second {
		t.Error("the latest allocation moved")
	}
	moved := a.reallocate(first, 4, 8)
	if moved == first || *(*uint32)(moved) != 7 {
		t.Error("an earlier allocation did not move with what it had")
	}
	large := a.reallocate(moved, 8, 1<<20)
	if large == moved || *(*uint32)(large) != 7 {
		t.Error("an allocation that outgrew its block did not move with what it had")
	}
}

func TestGoingBackToAMarkKeepsWhatWasBefore(t *testing.T) {
	var a arena
	before := (*uint64)(a.allocate(8))
	*before = 7
	mark := a.mark()
	var blocks int
	for range 100 {
		for range 3 {
			p := a.allocate(60_000)
			clear(unsafe.Slice((*byte)(p), 60_000))
		}
		a.returnTo(mark)
		blocks = len(a.blocks)
	}
	if *before != 7 || blocks > 2 {
		t.Errorf("%d is left, in %d blocks", *before, blocks)
	}
}

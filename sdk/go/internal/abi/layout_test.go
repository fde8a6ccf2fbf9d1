package abi

import "testing"

func TestSizesAreTheContracts(t *testing.T) {
	shapes := readShapes(t)
	for name, size := range map[string]int{
		"string":                      sizeOfList,
		"tuple<string, string>":       sizeOfSetting,
		"field-column":                sizeOfFieldColumn,
		"batch":                       sizeOfBatch,
		"field":                       sizeOfField,
		"lookup":                      sizeOfLookup,
		"result<description, string>": sizeOfDescribed,
		"result<output, failure>":     sizeOfApplied,
		"column":                      sizeOfTableColumn,
	} {
		if of := shapes.of(t, name); of.size != size || of.align != 4 {
			t.Errorf("%s has %d bytes, aligned to %d, not %d", name, of.size, of.align, size)
		}
	}
}

func TestMembersAreWhereTheContractHasThem(t *testing.T) {
	shapes := readShapes(t)
	numbers := map[string]int{"numbers": 0, "nulls": sizeOfList}
	patch := map[string]int{"at": patchAt, "to": patchTo}
	for name, expected := range map[string]map[string]int{
		"column":           {"data": columnData, "ends": columnEnds, "nulls": columnNulls},
		"headers":          {"ends": headersEnds, "names": headersNames, "values": headersValues},
		"integers":         numbers,
		"floats":           numbers,
		"booleans":         {"trues": 0, "nulls": sizeOfList},
		"column-patch":     patch,
		"headers-patch":    patch,
		"timestamps-patch": patch,
		"partitions-patch": patch,
		"rejections":       {"rows": rejectionsRows, "codes": rejectionsCodes, "reasons": rejectionsReasons},
		"batch": {"topic": batchTopic, "partition": batchPartition, "count": batchCount, "offsets": batchOffsets,
			"timestamps": batchTimestamps, "keys": batchKeys, "values": batchValues, "headers": batchHeaders, "fields": batchFields,
			"lookups": batchLookups},
		"output": {"rows": outputRows, "outputs": outputOutputs, "keys": outputKeys, "values": outputValues, "headers": outputHeaders,
			"added-headers": outputAddedHeaders, "timestamps": outputTimestamps, "partitions": outputPartitions, "rejected": outputRejected},
		"description": {"reads": descriptionReads, "fields": descriptionFields, "lookups": descriptionLookups, "tables": descriptionTables,
			"outputs": descriptionOutputs, "counters": descriptionCounters, "options": descriptionOptions},
		"field":                       {"part": fieldPart, "path": fieldPath, "kind": fieldKind, "presence": fieldPresence},
		"lookup":                      {"table": lookupTable, "key": lookupKey, "field": lookupField},
		"part":                        {"payload": partHeader},
		"lookup-key":                  {"payload": lookupKeyOf - lookupKey},
		"option<field>":               {"payload": lookupFields - lookupField},
		"field-column":                {"payload": payload},
		"option<column-patch>":        {"payload": payload},
		"option<s64s>":                {"payload": payload},
		"result<output, failure>":     {"payload": payload},
		"result<description, string>": {"payload": payload},
		"failure":                     {"payload": payload},
	} {
		of := shapes.of(t, name)
		if len(of.at) != len(expected) {
			t.Errorf("%s has %d members, not %d", name, len(of.at), len(expected))
		}
		for member, at := range expected {
			if got, ok := of.at[member]; !ok || got != at {
				t.Errorf("%s of %s is at %d, not at %d", member, name, got, at)
			}
		}
	}
}

// The numbers of cases are those of the Go constants.
func TestCasesAreNumberedAsInTheContract(t *testing.T) {
	shapes := readShapes(t)
	for name, cases := range map[string][]string{
		"field-column": {"text", "integer", "number", "boolean", "raw"},
		"field-type":   {"text", "integer", "number", "boolean", "raw"},
		"presence":     {"required", "nullable", "lenient"},
		"part":         {"value", "key", "header"},
		"lookup-key":   {"record-key", "field"},
		"parts":        {"keys", "values", "headers", "timestamps", "offsets"},
		"failure":      {"transient", "permanent"},
		"level":        {"debug", "info", "warn", "error"},
	} {
		members := shapes.definitions[name].members
		if len(members) != len(cases) {
			t.Fatalf("%s has the cases %v", name, members)
		}
		for i, one := range cases {
			if members[i][0] != one {
				t.Errorf("case %d of %s is %s, not %s", i, name, members[i][0], one)
			}
		}
	}
}

package millstreamtest

import (
	"bytes"
	"slices"

	"github.com/millstream/millstream/sdk/go/internal/guest"
	"github.com/millstream/millstream/sdk/go/millstream"
)

// written is the emitted record at a position, its row's own record but for what the answer changes. Everything is copied: the
// answer's memory is used again.
func written(output *guest.Output, position int, in *Input) Emitted {
	emitted := Emitted{
		Key:       bytesOf(&output.Keys, position, in.key),
		Value:     bytesOf(&output.Values, position, in.value),
		Timestamp: in.timestamp,
		Partition: -1,
	}
	if at, ok := patched(output.Headers.Set, output.Headers.At, position); ok {
		emitted.Headers = headersOf(&output.Headers.To, at)
	} else {
		for _, header := range in.headers {
			emitted.Headers = append(emitted.Headers, millstream.Header{Name: header.name, Value: header.value})
		}
	}
	if at, ok := patched(output.AddedHeaders.Set, output.AddedHeaders.At, position); ok {
		emitted.Headers = append(emitted.Headers, headersOf(&output.AddedHeaders.To, at)...)
	}
	if at, ok := patched(output.Timestamps.Set, output.Timestamps.At, position); ok {
		emitted.Timestamp = int64(guest.Uint64(output.Timestamps.To, at))
	}
	if at, ok := patched(output.Partitions.Set, output.Partitions.At, position); ok {
		emitted.Partition = int32(guest.Uint32(output.Partitions.To, at))
	}
	return emitted
}

// patched is which entry of a patch an emitted record gets.
func patched(set bool, at []byte, position int) (entry int, ok bool) {
	if !set {
		return 0, false
	}
	if at == nil {
		return position, true
	}
	for entry := range len(at) / 4 {
		if int(guest.Uint32(at, entry)) == position {
			return entry, true
		}
	}
	return 0, false
}

func bytesOf(patch *guest.ColumnPatch, position int, unchanged []byte) []byte {
	if at, ok := patched(patch.Set, patch.At, position); ok {
		return bytes.Clone(patch.To.Entry(at))
	}
	return slices.Clone(unchanged)
}

func headersOf(headers *guest.Headers, list int) []millstream.Header {
	var all []millstream.Header
	start, end := guest.Bounds(headers.Ends, list)
	for i := start; i < end; i++ {
		name, value := headers.Names.Entry(i), headers.Values.Entry(i)
		all = append(all, millstream.Header{Name: string(name), Value: bytes.Clone(value)})
	}
	return all
}

package guest

import (
	"encoding/binary"
	"unsafe"
)

// Set tells whether bit i of a set is 1. No bit is in a set without bytes.
func Set(bits []byte, i int) bool {
	return len(bits) != 0 && bits[i>>3]>>(i&7)&1 == 1
}

// Bounds are where entry i of a list of ends begins and ends.
func Bounds(ends []byte, i int) (start, end int) {
	if i > 0 {
		start = int(Uint32(ends, i-1))
	}
	return start, int(Uint32(ends, i))
}

// Entry is entry i of a column: nil where it is null, and only there. What is appended to it never runs into the next entry.
func (c *Column) Entry(i int) []byte {
	if Set(c.Nulls, i) {
		return nil
	}
	start, end := Bounds(c.Ends, i)
	if start == end {
		// Also where the column has no data at all.
		return empty
	}
	return c.Data[start:end:end]
}

var empty = []byte{}

// Len is how many entries a column has.
func (c *Column) Len() int {
	return len(c.Ends) / 4
}

// AsText is a text that lies where the bytes lie, and changes when they do.
func AsText(bytes []byte) string {
	return unsafe.String(unsafe.SliceData(bytes), len(bytes))
}

type number interface {
	~uint16 | ~uint32 | ~int32 | ~int64
}

// Bytes are these numbers as the contract has them, end to end and little-endian; never nil.
func Bytes[N number](numbers []N) []byte {
	if len(numbers) == 0 {
		return empty
	}
	size := int(unsafe.Sizeof(numbers[0]))
	if littleEndian {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), len(numbers)*size)
	}
	bytes := make([]byte, 0, len(numbers)*size)
	for _, number := range numbers {
		switch size {
		case 2:
			bytes = binary.LittleEndian.AppendUint16(bytes, uint16(number))
		case 4:
			bytes = binary.LittleEndian.AppendUint32(bytes, uint32(number))
		default:
			bytes = binary.LittleEndian.AppendUint64(bytes, uint64(number))
		}
	}
	return bytes
}

// Whether the contract's numbers are this machine's own. WebAssembly's are; tests may run elsewhere.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

//go:build !wasm

package guest

import "encoding/binary"

// Uint32 is number i of a list of little-endian numbers.
func Uint32(numbers []byte, i int) uint32 {
	return binary.LittleEndian.Uint32(numbers[4*i:])
}

// Uint64 is number i of a list of little-endian numbers.
func Uint64(numbers []byte, i int) uint64 {
	return binary.LittleEndian.Uint64(numbers[8*i:])
}

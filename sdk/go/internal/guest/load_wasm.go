package guest

import "unsafe"

// Uint32 is number i of a list of little-endian numbers. On WebAssembly the compiler does not make one load of four bytes, so
// this says it; the lists are whole numbers long, which is checked for every batch.
func Uint32(numbers []byte, i int) uint32 {
	return *(*uint32)(unsafe.Pointer(&numbers[4*i]))
}

// Uint64 is number i of a list of little-endian numbers.
func Uint64(numbers []byte, i int) uint64 {
	return *(*uint64)(unsafe.Pointer(&numbers[8*i]))
}

package abi

import "unsafe"

// arena is the memory that the host writes arguments and results into: blocks that Go keeps alive, used again from call to call.
// The host alone has the addresses within them, which the garbage collector cannot see.
//
// After a call that needed several blocks there is one that is large enough for all of it, so that calls of one size allocate
// nothing from the second on.
type arena struct {
	// Words, so that everything is aligned to eight bytes. The last block is the one in use.
	blocks [][]uint64
	// How much of the last block is used, in bytes.
	used uint32
	// Where in the last block the latest allocation begins.
	latest uint32
}

const smallestBlock = 64 << 10

// mark is a state of the arena to go back to.
type mark struct {
	blocks int
	used   uint32
}

func (a *arena) block() []uint64 {
	if len(a.blocks) == 0 {
		return nil
	}
	return a.blocks[len(a.blocks)-1]
}

// allocate answers memory of this size; of size 0 too, because an address may not be null.
func (a *arena) allocate(size uint32) unsafe.Pointer {
	block := a.block()
	start := uint64(a.used+7) &^ 7
	if start+uint64(size) > uint64(8*len(block)) || len(block) == 0 {
		words := max(uint64(smallestBlock/8), 2*uint64(len(block)), (uint64(size)+7)/8)
		block = make([]uint64, words)
		a.blocks = append(a.blocks, block)
		start = 0
	}
	a.latest = uint32(start)
	a.used = a.latest + size
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(block)), start)
}

// reallocate is what `cabi_realloc` does: it moves an allocation that it cannot extend.
func (a *arena) reallocate(old unsafe.Pointer, oldSize, size uint32) unsafe.Pointer {
	if old == nil || oldSize == 0 {
		return a.allocate(size)
	}
	if block := a.block(); len(block) != 0 {
		latest := unsafe.Add(unsafe.Pointer(unsafe.SliceData(block)), a.latest)
		if old == latest && uint64(a.latest)+uint64(size) <= uint64(8*len(block)) {
			a.used = a.latest + size
			return old
		}
	}
	moved := a.allocate(size)
	copy(unsafe.Slice((*byte)(moved), size), unsafe.Slice((*byte)(old), oldSize))
	return moved
}

func (a *arena) mark() mark {
	return mark{len(a.blocks), a.used}
}

// returnTo takes back what was allocated since. The block that is in use stays, so that going on needs no new one: its part
// before the mark is only used again after a reset.
func (a *arena) returnTo(to mark) {
	if len(a.blocks) == to.blocks {
		a.used = to.used
		return
	}
	// What lies in the blocks before is still referenced there; this one is new since the mark.
	last := len(a.blocks) - 1
	a.blocks[to.blocks] = a.blocks[last]
	clear(a.blocks[to.blocks+1:])
	a.blocks = a.blocks[:to.blocks+1]
	a.used = 0
}

// reset takes back everything.
func (a *arena) reset() {
	a.used = 0
	if len(a.blocks) <= 1 {
		return
	}
	words := 0
	for _, block := range a.blocks {
		words += len(block)
	}
	a.blocks = [][]uint64{make([]uint64, words)}
}

package abi

import (
	"errors"
	"unsafe"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// The host reads a result after the call that answers it, so results lie in globals until the next one. There is no
// `cabi_post_…`: nothing is to be freed, and calling into Go costs more than it would do.
var (
	blocks    arena
	arguments mark
	described [sizeOfDescribed / 4]uint32
	applied   [sizeOfApplied / 4]uint32
	answered  [sizeOfTableColumn / 4]uint32
	kept      [][]byte
	batch     guest.Batch
)

func init() {
	guest.Current = host{}
}

// linear is the component's memory. The addresses are of the arena, which outlives the call.
type linear struct{}

func (linear) bytes(address, size uint32) []byte {
	if size == 0 {
		// Such an address may be any: Go would take it for a pointer.
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), address)), size)
}

func (linear) address(bytes []byte) uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(bytes))))
}

func area(words []uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 4*len(words))
}

// Go's runtime may look at the clock here; the adapter's stands still, so that this never calls out of the component, which it
// may not.
//
//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	return blocks.reallocate(old, oldSize, size)
}

//go:wasmexport millstream:transform/guest@0.1.0#configure
func configure(settings, count uint32) unsafe.Pointer {
	syncClock()
	kept = nil
	given := liftSettings(linear{}, settings, count)
	arguments = blocks.mark()
	var description *guest.Description
	err := errors.New("no transform is registered: call millstream.Register in an init function of the main package")
	if guest.Registered != nil {
		description, err = guest.Registered.Configure(given)
	}
	lowerDescribed(writer{linear{}, &kept, area(described[:])}, description, err)
	blocks.reset()
	return unsafe.Pointer(&described)
}

//go:wasmexport millstream:transform/guest@0.1.0#apply
func apply(address uint32) unsafe.Pointer {
	syncClock()
	kept = kept[:0]
	liftBatch(linear{}, address, &batch)
	arguments = blocks.mark()
	var output *guest.Output
	var failure *guest.Failure
	if err := checkBatch(&batch); err != nil {
		failure = &guest.Failure{Message: err.Error()}
	} else {
		output, failure = guest.Registered.Apply(&batch)
	}
	lowerApplied(writer{linear{}, &kept, area(applied[:])}, output, failure)
	blocks.reset()
	return unsafe.Pointer(&applied)
}

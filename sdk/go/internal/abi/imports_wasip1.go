package abi

import (
	"unsafe"

	"github.com/millstream/millstream/sdk/go/internal/guest"
)

// The adapter's clock moves only when it is told to.
//
//go:wasmimport wasi_snapshot_preview1 sync_clock
func syncClock()

//go:wasmimport millstream:transform/log@0.1.0 write
func logWrite(level uint32, message unsafe.Pointer, length uint32)

//go:wasmimport millstream:transform/metrics@0.1.0 add
func metricsAdd(counter uint32, by uint64)

//go:wasmimport millstream:transform/tables@0.1.0 get
func tablesGet(table uint32, data unsafe.Pointer, dataLength uint32, ends unsafe.Pointer, endsLength uint32,
	nulls unsafe.Pointer, nullsLength uint32, result unsafe.Pointer)

// host is the one that runs this component.
type host struct{}

func (host) Log(level guest.Level, message string) {
	logWrite(uint32(level), unsafe.Pointer(unsafe.StringData(message)), uint32(len(message)))
}

func (host) Add(counter uint32, by uint64) {
	metricsAdd(counter, by)
}

func (host) Get(table uint32, keys *guest.Column) guest.Column {
	// The host allocates while this call runs, which may move this goroutine's stack: nothing that it is given lies there.
	tablesGet(table,
		unsafe.Pointer(unsafe.SliceData(keys.Data)), uint32(len(keys.Data)),
		unsafe.Pointer(unsafe.SliceData(keys.Ends)), uint32(len(keys.Ends)),
		unsafe.Pointer(unsafe.SliceData(keys.Nulls)), uint32(len(keys.Nulls)),
		unsafe.Pointer(&answered))
	return reader{linear{}, area(answered[:])}.column(0)
}

func (host) Release() {
	blocks.returnTo(arguments)
}

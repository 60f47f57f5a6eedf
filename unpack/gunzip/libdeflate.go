//go:build libdeflate && cgo

package gunzip

/*
#cgo pkg-config: libdeflate
#cgo noescape libdeflate_deflate_decompress_ex
#cgo nocallback libdeflate_deflate_decompress_ex
#include <libdeflate.h>
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// Library names what decompresses, with the version of its header.
const Library = "libdeflate " + C.LIBDEFLATE_VERSION_STRING

// Libdeflate reports whether that is libdeflate.
const Libdeflate = true

func newInflater() inflater { return new(libdeflateInflater) }

// libdeflateInflater decompresses with libdeflate. It is freed with the Go
// memory that refers to it.
type libdeflateInflater struct{ state *libdeflateState }

type libdeflateState struct {
	c *C.struct_libdeflate_decompressor
}

func newLibdeflateState() *libdeflateState {
	s := &libdeflateState{C.libdeflate_alloc_decompressor()}
	runtime.AddCleanup(s, func(c *C.struct_libdeflate_decompressor) { C.libdeflate_free_decompressor(c) }, s.c)
	return s
}

// inflate passes Go's memory for the time of the call. The library writes into
// room alone, of which it gets the length.
func (l *libdeflateInflater) inflate(room, src []byte) (written, read int, r result) {
	if l.state == nil {
		l.state = newLibdeflateState()
	}
	if l.state.c == nil { // out of memory
		return 0, 0, refused
	}
	var consumed, produced C.size_t
	code := C.libdeflate_deflate_decompress_ex(l.state.c,
		unsafe.Pointer(unsafe.SliceData(src)), C.size_t(len(src)),
		unsafe.Pointer(unsafe.SliceData(room)), C.size_t(len(room)),
		&consumed, &produced)
	runtime.KeepAlive(l.state)
	switch code {
	case C.LIBDEFLATE_SUCCESS:
		return int(produced), int(consumed), sound
	case C.LIBDEFLATE_INSUFFICIENT_SPACE:
		return 0, 0, short
	}
	return 0, 0, refused
}

//go:build !libdeflate || !cgo

package gunzip

// Library names what decompresses.
const Library = "klauspost/compress"

// Libdeflate reports whether that is libdeflate.
const Libdeflate = false

func newInflater() inflater { return new(streamInflater) }

//go:build !libdeflate || !cgo

package gunzip

// Library names what decompresses.
const Library = "klauspost/compress"

func newInflater() inflater { return new(streamInflater) }

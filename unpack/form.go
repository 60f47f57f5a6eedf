package unpack

import (
	"bytes"
)

// headSize is the number of bytes needed to detect a format: a tar header,
// whose magic number is not at its beginning.
const headSize = 512

// shortest is the length needed for the magic numbers; no record is shorter.
const shortest = 8

const gzipMagic = "\x1f\x8b"

// form is the packing format of a stream.
type form int

const (
	formPlain form = iota
	formGzip
	formBzip2
	formXz
	formZstd
	formTar
	formZip
)

// formOf detects the format of a stream from its first bytes.
func formOf(head []byte) form {
	begins := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case begins(gzipMagic):
		return formGzip
	case begins(zipMagic), begins(zipEndMagic):
		return formZip
	case begins(zstdMagic), len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == zstdSkippable:
		return formZstd
	case begins(bzip2Magic) && len(head) > 3 && head[3] >= '1' && head[3] <= '9':
		return formBzip2
	case begins(xzMagic):
		return formXz
	case isTar(head):
		return formTar
	}
	return formPlain
}

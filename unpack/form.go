package unpack

import (
	"bytes"
)

// headSize is how many bytes tell a form: a tar header, which has no magic
// number at its beginning.
const headSize = 512

// shortest is how many bytes the magic numbers need, and no record is shorter.
const shortest = 8

const gzipMagic = "\x1f\x8b"

// form is what a stream is packed in.
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

// formOf tells the form of a stream by its first bytes.
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

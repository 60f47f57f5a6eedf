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
	plain form = iota
	gzipped
)

// formOf tells the form of a stream by its first bytes.
func formOf(head []byte) form {
	switch {
	case bytes.HasPrefix(head, []byte(gzipMagic)):
		return gzipped
	}
	return plain
}

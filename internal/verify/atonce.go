package verify

import (
	"bytes"
	"errors"
	"io"

	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

const (
	// Objects and texts up to these lengths, in bytes, are held in memory.
	maxPacked = 2 << 20
	maxText   = 8 << 20

	firstPacked = 64 << 10
)

// atOnce unpacks small objects in one piece, reusing its memory.
type atOnce struct {
	gzip   gunzip.Decoder
	packed []byte
	text   []byte
	never  bool // for tests of the stream
}

// unpack returns the text of an object that is one gzip member and nothing else. It is
// valid until the next call. If the object is large, unusual or damaged, ok is false and
// rest reads the same as body.
func (a *atOnce) unpack(body io.Reader, limit int64) (text []byte, rest io.Reader, ok bool) {
	if a.never {
		return nil, body, false
	}
	err := a.read(body)
	if !errors.Is(err, io.EOF) {
		if err != nil {
			body = failing{err}
		}
		return nil, io.MultiReader(bytes.NewReader(a.packed), body), false
	}
	a.gzip.Portable = true // a verdict does not depend on the build
	text, ok = a.gzip.Member(a.text, a.packed, int(min(limit, maxText)))
	if cap(text) <= maxText {
		a.text = text[:0]
	}
	return text, bytes.NewReader(a.packed), ok
}

// read reads up to maxPacked bytes of body into packed. It returns the error that ended
// it, such as io.EOF, or nil if there may be more.
func (a *atOnce) read(body io.Reader) (err error) {
	a.packed = a.packed[:0]
	for err == nil && len(a.packed) < maxPacked {
		if len(a.packed) == cap(a.packed) {
			a.packed = append(make([]byte, 0, max(2*cap(a.packed), firstPacked)), a.packed...)
		}
		var n int
		n, err = body.Read(a.packed[len(a.packed):cap(a.packed)])
		a.packed = a.packed[:len(a.packed)+n]
	}
	return err
}

// failing is a stream that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

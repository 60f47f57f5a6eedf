package verify

import (
	"io"

	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

const (
	// Objects and texts up to these lengths, in bytes, are held in memory.
	maxPacked = 2 << 20
	maxText   = 8 << 20
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
	packed, rest, whole := gunzip.ReadAhead(a.packed, body, maxPacked)
	a.packed = packed[:0]
	if !whole {
		return nil, rest, false
	}
	text, ok = a.gzip.Member(a.text, packed, int(min(limit, maxText)))
	if cap(text) <= maxText {
		a.text = text[:0]
	}
	return text, rest, ok
}

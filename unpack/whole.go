package unpack

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

const (
	// defaultWhole is the length up to which text is held.
	defaultWhole = 8 << 20
	// wholeRatio is how much smaller than the longest text a file is that is held
	// packed. Few logs compress less.
	wholeRatio = 4
)

// whole is a file that is read at once, and its text. The memory is reused from file to
// file.
type whole struct {
	gzip   gunzip.Decoder
	packed []byte
	text   []byte
}

// atOnce visits the file if it is a small one of gzip members, without a fault, and
// with plain text in them. If not, it visits nothing, and next reads the same as src:
// the stream finds what there is.
func (w *Walker) atOnce(src io.Reader) (next io.Reader, done bool, err error) {
	limit := cmp.Or(w.Whole, defaultWhole)
	if limit < 0 {
		return src, false, nil
	}
	packed, held := heldIn(src)
	next = src
	if held {
		held = len(packed) <= limit/wholeRatio && bytes.HasPrefix(packed, []byte(gzipMagic))
	} else {
		packed, next, held = gunzip.ReadAhead(w.held.packed, stoppable{w, src}, limit/wholeRatio)
		w.held.packed = packed[:0]
	}
	if !held {
		return next, false, nil
	}
	text, ok := w.held.gzip.Members(w.held.text, packed, limit)
	if cap(text) <= limit {
		w.held.text = text[:0]
	}
	if !ok || w.ctx.Err() != nil || !w.isPlain(text) {
		return next, false, nil
	}
	w.file = &layer{walk: w, n: int64(len(packed))}
	w.decoded = int64(len(text))
	return nil, true, w.visit("", &Text{walk: w, rest: text})
}

// isPlain reports whether the stream would visit the text as it is.
func (w *Walker) isPlain(text []byte) bool {
	head := text[:min(len(text), headSize)]
	return int64(len(text)) <= cmp.Or(w.grows, bombFloor) && formOf(head) == formPlain && kindOf(head) == nil && byteOrder(head) == nil
}

// heldIn returns what is left of a source that is in memory.
func heldIn(src io.Reader) (data []byte, ok bool) {
	held, ok := src.(interface{ Bytes() []byte })
	if !ok {
		return nil, false
	}
	return held.Bytes(), true
}

// stoppable is a source whose reading ends with the walk.
type stoppable struct {
	walk *Walker
	io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.walk.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// Text is a stream that is in memory whole.
type Text struct {
	walk *Walker
	rest []byte
	n    int64 // bytes read
	err  error
}

// Len returns the number of bytes that are not read yet.
func (t *Text) Len() int { return len(t.rest) }

// Take returns the rest of the text, which then counts as read. It is valid until the
// visit ends, and must not be changed.
func (t *Text) Take() []byte {
	text := t.rest
	t.read(len(text))
	return text
}

func (t *Text) read(n int) {
	t.rest = t.rest[n:]
	t.n += int64(n)
	t.walk.text += int64(n)
}

func (t *Text) Read(p []byte) (int, error) {
	if t.err == nil {
		t.err = t.ended()
	}
	if t.err != nil {
		return 0, t.err
	}
	n := copy(p, t.rest)
	t.read(n)
	return n, nil
}

// ended returns why nothing more can be read.
func (t *Text) ended() error {
	if err := t.walk.ctx.Err(); err != nil {
		return stopped(t.n, err)
	}
	if len(t.rest) == 0 {
		return io.EOF
	}
	return nil
}

// stopped is the fault of a stream whose reading the context ended.
func stopped(at int64, err error) *FaultError {
	return &FaultError{at, fmt.Sprintf("reading stopped: %v", err), err}
}

package gunzip

import (
	"bytes"
	"errors"
	"io"
)

const (
	firstPacked = 64 << 10
	// maxEmptyReads is the number of reads without a byte that a source bears.
	maxEmptyReads = 100
)

// ReadAhead reads src to its end if it is a gzip file of at most limit bytes. whole
// reports whether it is, and packed is its content then; it is in buf's memory if it
// fits. In any case next reads the same as src would have, until buf is used again.
func ReadAhead(buf []byte, src io.Reader, limit int) (packed []byte, next io.Reader, whole bool) {
	packed = buf[:0]
	var failed error
	for empty := 0; failed == nil && len(packed) <= limit && empty < maxEmptyReads; {
		if len(packed) == cap(packed) {
			packed = append(make([]byte, 0, min(max(2*cap(packed), firstPacked), limit+1)), packed...)
		}
		var n int
		n, failed = src.Read(packed[len(packed):cap(packed)])
		packed = packed[:len(packed)+n]
		if empty++; n > 0 {
			empty = 0
		}
		if len(packed) >= len(magic) && string(packed[:len(magic)]) != magic {
			break
		}
	}
	whole = errors.Is(failed, io.EOF) && len(packed) <= limit && bytes.HasPrefix(packed, []byte(magic))
	return packed, &ahead{bytes.NewReader(packed), src, failed}, whole
}

// ahead reads what was read ahead, and then the rest of the source.
type ahead struct {
	held   *bytes.Reader
	src    io.Reader
	failed error // of src, after held
}

func (a *ahead) Read(p []byte) (int, error) {
	switch {
	case a.held.Len() > 0:
		return a.held.Read(p)
	case a.failed != nil:
		return 0, a.failed
	}
	return a.src.Read(p)
}

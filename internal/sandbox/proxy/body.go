package proxy

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// CloudTrail records up to 100 KB of a call's parameters and of its response. XML and
// parameters that are left out may have taken several times that. What is longer
// carries objects and lists, of which nothing is recorded.
const (
	requestLimit = 1 << 20
	answerLimit  = 256 << 10
	// bulkLimit is of requests to delete many objects, each of which is recorded, and
	// of their answers.
	bulkLimit = 8 << 20
)

// limit is how much is kept of a body that belongs to r.
func limit(r *http.Request, usual int64) int64 {
	if r.Method == http.MethodPost && strings.Contains(r.URL.RawQuery, "delete") {
		return bulkLimit
	}
	return usual
}

// kept is the copy of a body that passes, until it gets too long.
type kept struct {
	limit    int64
	expected int64 // what was announced, or less
	over     bool  // it is too long
	size     int64
	bytes    []byte
}

// expect takes note of an announced length. What is too long is not kept at all.
func (k *kept) expect(size int64) {
	k.expected = size
	k.over = size > k.limit
}

func (k *kept) add(p []byte) {
	k.size += int64(len(p))
	if k.over = k.over || k.size > k.limit; k.over {
		k.bytes = nil
		return
	}
	if k.bytes == nil { // not earlier: many may announce what they never send
		k.bytes = make([]byte, 0, max(k.expected, int64(len(p))))
	}
	k.bytes = append(k.bytes, p...)
}

// body is the copy without compression.
func (k *kept) body(header http.Header, whole bool) exchange.Body {
	b := exchange.Body{Bytes: k.bytes, Size: k.size, Whole: whole && !k.over}
	if b.Whole && header.Get("Content-Encoding") == "gzip" && len(b.Bytes) > 0 {
		var err error
		if b.Bytes, err = unpack(b.Bytes, k.limit); err != nil {
			b.Bytes, b.Whole = nil, false
		}
	}
	return b
}

func unpack(packed []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(plain)) > limit {
		err = errors.New("too long")
	}
	return plain, err
}

// taken is a request's body of which a copy is kept. The upstream may still be sent
// the rest when it has answered, so both sides lock.
type taken struct {
	io.ReadCloser

	mu    sync.Mutex
	kept  kept
	whole bool
}

// keepRequest makes r's body one of which a copy is kept.
func keepRequest(r *http.Request) *taken {
	t := &taken{ReadCloser: r.Body, kept: kept{limit: limit(r, requestLimit)}, whole: r.ContentLength == 0}
	t.kept.expect(r.ContentLength)
	r.Body = t
	return t
}

func (t *taken) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept.add(p[:n])
	t.whole = t.whole || errors.Is(err, io.EOF)
	return n, err
}

func (t *taken) body(r *http.Request) exchange.Body {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept.body(r.Header, t.whole || t.kept.size == r.ContentLength)
}

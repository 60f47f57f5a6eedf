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

// The limits of captured bodies, in bytes. CloudTrail records up to 100 KB of a
// call's parameters and of its response. XML and omitted parameters may make a body
// several times as long. Longer bodies are objects and lists, which are not recorded.
const (
	requestLimit = 1 << 20
	answerLimit  = 256 << 10
	// bulkLimit is for requests that delete many objects, each of which is recorded,
	// and for their answers.
	bulkLimit = 8 << 20
)

// limit returns how many bytes to keep of a body of r or of its answer.
func limit(r *http.Request, usual int64) int64 {
	if r.Method == http.MethodPost && strings.Contains(r.URL.RawQuery, "delete") {
		return bulkLimit
	}
	return usual
}

// kept is a copy of a forwarded body. It is dropped if the body exceeds the limit.
type kept struct {
	limit    int64
	start    bool  // what is within the limit is kept anyway
	expected int64 // the announced length, 0 or less if unknown
	over     bool  // longer than limit
	size     int64
	bytes    []byte
}

// expect sets the announced length. A body that is too long is not kept at all.
func (k *kept) expect(size int64) {
	k.expected = size
	k.over = size > k.limit
}

func (k *kept) add(p []byte) {
	k.size += int64(len(p))
	k.over = k.over || k.size > k.limit
	switch {
	case k.over && !k.start:
		k.bytes = nil
		return
	case k.over:
		p = p[:min(int64(len(p)), k.limit-int64(len(k.bytes)))]
	}
	if k.bytes == nil { // not in expect: a client may announce a body and never send it
		k.bytes = make([]byte, 0, min(max(k.expected, int64(len(p))), k.limit))
	}
	k.bytes = append(k.bytes, p...)
}

// body returns the copy, decompressed. whole says whether the body was complete. One
// that is said to be gzip and is not stays as it is: servers differ in what they take
// the header for, and what they read then must be in the record.
func (k *kept) body(header http.Header, whole bool) exchange.Body {
	b := exchange.Body{Bytes: k.bytes, Size: k.size, Whole: whole && !k.over}
	if b.Whole && isPacked(header, b.Bytes) {
		var err error
		if b.Bytes, err = unpack(b.Bytes, k.limit); err != nil {
			b.Bytes, b.Whole = nil, false
		}
	}
	return b
}

// isPacked reports whether a body is gzip and is said to be.
func isPacked(header http.Header, body []byte) bool {
	encodings := strings.ToLower(strings.Join(header.Values("Content-Encoding"), ","))
	return strings.Contains(encodings, "gzip") && bytes.HasPrefix(body, []byte("\x1f\x8b"))
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

// taken is a request body that keeps a copy of what is read. The transport may still
// read it after the upstream has answered, hence the lock.
type taken struct {
	io.ReadCloser

	mu    sync.Mutex
	kept  kept
	whole bool
}

// keepRequest replaces r's body by one that keeps a copy. Of an upload from a form it
// keeps at least the start: the fields that say what is uploaded come before the file.
func keepRequest(r *http.Request) *taken {
	isForm := r.Method == http.MethodPost && strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/form-data")
	t := &taken{ReadCloser: r.Body, kept: kept{limit: limit(r, requestLimit), start: isForm}, whole: r.ContentLength == 0}
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

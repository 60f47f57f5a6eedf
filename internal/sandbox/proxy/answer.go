package proxy

import (
	"net/http"
	"strconv"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// answer is a ResponseWriter that buffers a short answer, or the last piece of a
// long one, until release. Flushed content is sent at once: then only the mark of
// the end waits for release.
type answer struct {
	w http.ResponseWriter
	r *http.Request

	status int
	begun  bool // the status was sent
	kept   kept
	held   []byte
	gone   error // of writing to a client that hung up
}

func (a *answer) Header() http.Header { return a.w.Header() }

func (a *answer) WriteHeader(status int) {
	switch {
	case status < 200: // informational, the final status follows
		a.w.WriteHeader(status)
	case a.status == 0:
		a.status = status
		if length, err := strconv.ParseInt(a.Header().Get("Content-Length"), 10, 64); err == nil && !a.bodiless() {
			a.kept.expect(length)
		}
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK) // no effect if there is a status
	if a.bodiless() {
		return len(p), nil
	}
	a.kept.add(p)
	if a.kept.over {
		if err := a.send(); err != nil {
			return 0, err
		}
	}
	a.held = append(a.held, p...)
	return len(p), nil
}

// Flush sends the buffered content if the answer is chunked, so that the client can
// tell that it continues.
func (a *answer) Flush() {
	a.WriteHeader(http.StatusOK)
	_, sized := a.Header()["Content-Length"]
	if sized || a.bodiless() || !a.r.ProtoAtLeast(1, 1) {
		return
	}
	// Both fail if the client hung up. The call is recorded all the same.
	_ = a.send()
	_ = http.NewResponseController(a.w).Flush()
}

// bodiless reports whether the answer has no body, whatever its headers say.
func (a *answer) bodiless() bool {
	return a.r.Method == http.MethodHead || a.status == http.StatusNoContent || a.status == http.StatusNotModified
}

// send writes the buffered content to the client.
func (a *answer) send() error {
	if !a.begun {
		a.begun = true
		a.w.WriteHeader(a.status)
	}
	if a.gone == nil && len(a.held) > 0 {
		_, a.gone = a.w.Write(a.held)
	}
	a.held = a.held[:0]
	return a.gone
}

// release sends the rest of the answer.
func (a *answer) release() {
	a.WriteHeader(http.StatusOK)
	_ = a.send() // fails if the client hung up
}

// refuse answers with an error instead of the buffered answer. If part of the answer
// was sent, it closes the connection.
func (a *answer) refuse(status int, code, message string) {
	if a.begun {
		panic(http.ErrAbortHandler)
	}
	refuse(a.w, a.r, status, code, message)
}

// describe sets the answer in x. all says whether the answer is complete.
func (a *answer) describe(x *exchange.Exchange, all bool) {
	a.WriteHeader(http.StatusOK)
	x.Status = a.status
	x.ResponseHeader = a.Header().Clone()
	for name, values := range x.ResponseHeader {
		if values == nil { // suppresses a header that net/http would add
			delete(x.ResponseHeader, name)
		}
	}
	x.Response = a.kept.body(x.ResponseHeader, all)
}

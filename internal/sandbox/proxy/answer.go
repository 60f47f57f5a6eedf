package proxy

import (
	"net/http"
	"strconv"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// answer is a ResponseWriter that holds a short answer back until release, and the
// last piece of a long one. Of an answer that is flushed nothing is held back but
// the mark that it ends there.
type answer struct {
	w http.ResponseWriter
	r *http.Request

	status int
	begun  bool // the client has the status
	kept   kept
	held   []byte
	gone   error // the client is gone
}

func (a *answer) Header() http.Header { return a.w.Header() }

func (a *answer) WriteHeader(status int) {
	switch {
	case status < 200: // more is to come
		a.w.WriteHeader(status)
	case a.status == 0:
		a.status = status
		if length, err := strconv.ParseInt(a.Header().Get("Content-Length"), 10, 64); err == nil && !a.bodiless() {
			a.kept.expect(length)
		}
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK) // unless there is a status
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

// Flush passes on what there is, if the client sees from the protocol that the
// answer goes on.
func (a *answer) Flush() {
	a.WriteHeader(http.StatusOK)
	_, sized := a.Header()["Content-Length"]
	if sized || a.bodiless() || !a.r.ProtoAtLeast(1, 1) {
		return
	}
	// Both fail for a client that left, whose call is recorded all the same.
	_ = a.send()
	_ = http.NewResponseController(a.w).Flush()
}

// bodiless tells whether the answer ends with its headers, whatever these say.
func (a *answer) bodiless() bool {
	return a.r.Method == http.MethodHead || a.status == http.StatusNoContent || a.status == http.StatusNotModified
}

// send gives the client what was held back.
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

// release lets the client have all of the answer.
func (a *answer) release() {
	a.WriteHeader(http.StatusOK)
	_ = a.send() // a client that left gets no answer
}

// refuse lets the client have an error in place of the answer.
func (a *answer) refuse(status int, code, message string) {
	if a.begun {
		panic(http.ErrAbortHandler) // which closes the connection
	}
	refuse(a.w, a.r, status, code, message)
}

// describe sets what x has of the answer, of which all came or not.
func (a *answer) describe(x *exchange.Exchange, all bool) {
	a.WriteHeader(http.StatusOK)
	x.Status = a.status
	x.ResponseHeader = a.Header().Clone()
	for name, values := range x.ResponseHeader {
		if values == nil { // one that our server shall not add
			delete(x.ResponseHeader, name)
		}
	}
	x.Response = a.kept.body(x.ResponseHeader, all)
}

package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// Capture calls done with each request and its answer: exactly once, when next is
// through, also if the client hung up. Until done returns the client lacks the end
// of the answer, so whatever was answered to its end is recorded. If done fails, the
// client gets an error, or a broken connection if it has part of the answer.
//
// Of the bodies in the Exchange gzip is undone. They are the receiver's to keep.
func Capture(next http.Handler, now func() time.Time, done func(context.Context, *exchange.Exchange) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange.Exchange{
			Arrived: now(), Method: r.Method, URL: r.URL, Host: r.Host, Header: r.Header,
			RemoteIP: address(r.RemoteAddr), TLS: r.TLS,
		}
		fate := new(fate)
		r = r.WithContext(context.WithValue(r.Context(), fateKey{}, fate))
		request := keepRequest(r)
		a := &answer{w: w, r: r, kept: kept{limit: limit(r, answerLimit)}}
		crash := serve(next, a, r)
		mistake := crash != nil && !aborted(crash)

		x.Request = request.body(r)
		a.describe(x, crash == nil)
		x.Failed = fate.failed || mistake
		// The client may be gone; what happened is recorded nevertheless.
		err := done(context.WithoutCancel(r.Context()), x)
		switch {
		case mistake:
			panic(crash) // our server logs it and closes the connection
		case err != nil:
			a.refuse(http.StatusInternalServerError, "RecordingFailed", fmt.Sprintf("the call was made but not recorded: %v", err))
		case fate.broken != "":
			a.refuse(http.StatusBadGateway, "BadGateway", fate.broken)
		case crash != nil:
			panic(crash)
		default:
			a.release()
		}
	})
}

// serve calls next and returns what it panicked with, if it did, and where.
func serve(next http.Handler, w http.ResponseWriter, r *http.Request) (crash any) {
	defer func() {
		if crash = recover(); crash != nil && !aborted(crash) {
			crash = fmt.Sprintf("%v\n%s", crash, debug.Stack())
		}
	}()
	next.ServeHTTP(w, r)
	return nil
}

// aborted tells whether a handler panicked only to end its answer early.
func aborted(crash any) bool {
	err, ok := crash.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// fate is what Forward tells of a request besides its answer.
type fate struct {
	failed bool   // no call took place
	broken string // why the answer is not whole
}

type fateKey struct{}

func fateOf(ctx context.Context) *fate {
	if f, ok := ctx.Value(fateKey{}).(*fate); ok {
		return f
	}
	return new(fate) // nobody asks
}

func address(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}

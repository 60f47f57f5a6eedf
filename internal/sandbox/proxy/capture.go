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

// Capture calls done with each request and its answer: exactly once, after next has
// returned, also if the client hung up. The end of the answer is sent only after done
// returns, so every complete answer is recorded. If done fails, the client gets an
// error, or a broken connection if part of the answer was sent.
//
// Bodies in the Exchange are decompressed from gzip. done may keep them.
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
		// The call is recorded even if the client hung up.
		err := done(context.WithoutCancel(r.Context()), x)
		switch {
		case mistake:
			panic(crash) // net/http logs it and closes the connection
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

// serve calls next and returns the value of its panic with the stack, or nil.
func serve(next http.Handler, w http.ResponseWriter, r *http.Request) (crash any) {
	defer func() {
		if crash = recover(); crash != nil && !aborted(crash) {
			crash = fmt.Sprintf("%v\n%s", crash, debug.Stack())
		}
	}()
	next.ServeHTTP(w, r)
	return nil
}

// aborted reports whether a handler panicked only to break off its answer.
func aborted(crash any) bool {
	err, ok := crash.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// fate is what Forward reports to Capture besides the answer.
type fate struct {
	failed bool   // no call took place
	broken string // why the answer is incomplete
}

type fateKey struct{}

func fateOf(ctx context.Context) *fate {
	if f, ok := ctx.Value(fateKey{}).(*fate); ok {
		return f
	}
	return new(fate) // not under Capture
}

func address(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}

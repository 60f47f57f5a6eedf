package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
	"github.com/cerpac/trailkeeper/internal/sandbox/proxy"
	"github.com/cerpac/trailkeeper/internal/sandbox/record"
	"github.com/cerpac/trailkeeper/internal/sandbox/supplement"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

const (
	// cloudTrailTarget begins the X-Amz-Target of CloudTrail's API.
	cloudTrailTarget = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
	// maxCall bounds the body of a call to CloudTrail, in bytes. AWS's own bound
	// for a JSON request is 1 MB.
	maxCall     = 1 << 20
	tooLongCall = "a request to CloudTrail has at most 1048576 bytes"
)

// openHandler builds the handler from its layers, the innermost first.
func (s *Sandbox) openHandler(context.Context) error {
	next := proxy.Forward(s.upstreamURL, s.config.UpstreamTimeout)
	if s.child != nil {
		next = upstream.InAccount(s.config.Account, s.callerAccount, next)
	}
	if s.isMoto {
		next = upstream.Unapplied(next)
		var err error
		next, err = supplement.New(supplement.Options{
			File: filepath.Join(s.dir, "supplement.json"), Account: s.callerAccount, Now: s.clock.now,
		}, next)
		if err != nil {
			return err
		}
	}
	next = readable(next, !s.isMoto)
	if !s.isMoto {
		next = unmistakable(next)
	}
	captured := proxy.Capture(s.dispatch(next), s.clock.now, s.record)
	control := s.control()
	inside := s.protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isControl(r) {
			control.ServeHTTP(w, r)
			return
		}
		captured.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), arrival{}, s.clock.now())))
	}))
	s.handler = proxy.Guard(s.config.AllowHosts, s.isMoto || s.config.VirtualHosts, inside)
	return nil
}

// arrival is the context's key of when a request came in. StartLogging counts from
// then, so that its own record, which tells a moment later, is delivered.
type arrival struct{}

// dispatch answers CloudTrail's API and leaves the rest to next.
func (s *Sandbox) dispatch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := cloudTrailOperation(r); ok {
			s.cloudTrail(w, r, name)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// cloudTrailOperation is the operation of a call to CloudTrail, and false for calls to
// other services.
func cloudTrailOperation(r *http.Request) (name string, ok bool) {
	target := r.Header.Get("X-Amz-Target")
	// Older SDKs leave out the package of the service.
	i := strings.Index(target, "CloudTrail_20131101.")
	if i < 0 || (i > 0 && !strings.HasPrefix(target, cloudTrailTarget)) {
		return "", false
	}
	return target[i+len("CloudTrail_20131101."):], true
}

// cloudTrail is a call to CloudTrail itself.
func (s *Sandbox) cloudTrail(w http.ResponseWriter, r *http.Request, name string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall))
	_, tooLong := errors.AsType[*http.MaxBytesError](err)
	if err != nil && !tooLong {
		proxy.BrokeOff(w, r, err)
		return
	}
	if tooLong {
		answerException(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", tooLongCall)
		return
	}
	x := requested(r)
	op := operation.Identify(x)
	arrived, _ := r.Context().Value(arrival{}).(time.Time)
	answer := s.trails.Handle(r.Context(), trails.Call{
		Operation: name, Account: s.people.Of(r.Context(), op, x).Account, Region: op.Region, Body: body, Arrived: arrived,
	})
	answerCall(w, answer.Status, answer.Body)
}

// answerCall answers a call to CloudTrail.
func answerCall(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("x-amzn-RequestId", uuid.NewString())
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails if the client hung up
}

// answerException refuses a call to CloudTrail.
func answerException(w http.ResponseWriter, status int, code, message string) {
	body, _ := json.Marshal(struct { // two strings are always JSON
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{code, message})
	answerCall(w, status, body)
}

// callerAccount returns the account of a request's caller.
func (s *Sandbox) callerAccount(r *http.Request) string {
	x := requested(r)
	return s.people.Of(r.Context(), operation.Identify(x), x).Account
}

// requested is the head of a request as the packages that read exchanges want it.
func requested(r *http.Request) *exchange.Exchange {
	return &exchange.Exchange{Method: r.Method, URL: r.URL, Host: r.Host, Header: r.Header}
}

// record makes a record of a call whose answer is complete. What it returns nil
// for is in the journal.
func (s *Sandbox) record(ctx context.Context, x *exchange.Exchange) error {
	if x.Failed {
		return nil
	}
	// A client that hung up does not undo its call.
	ctx = context.WithoutCancel(ctx)
	op := operation.Identify(x)
	who := s.people.Of(ctx, op, x)
	if err := s.people.Learn(op, x); err != nil {
		return err
	}
	s.propagation.note(op, who.Account, x)
	if !op.Recorded {
		return nil
	}
	entries, err := record.All(x, op, who)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if _, err := s.journal.Append(entry); err != nil {
			return err
		}
	}
	return nil
}

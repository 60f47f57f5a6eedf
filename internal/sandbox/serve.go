package sandbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
	"github.com/cerpac/trailkeeper/internal/sandbox/proxy"
	"github.com/cerpac/trailkeeper/internal/sandbox/record"
	"github.com/cerpac/trailkeeper/internal/sandbox/supplement"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
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
	next = refuseAmbiguousDeletes(next, !s.isMoto)
	if !s.isMoto {
		next = refuseAmbiguous(next)
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

// arrival is the context key of a request's arrival time. StartLogging takes effect at
// that time, so that its own record is delivered.
type arrival struct{}

// dispatch answers CloudTrail's API and leaves the rest to next.
func (s *Sandbox) dispatch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := cloudtrail.Operation(r); ok {
			s.cloudTrail(w, r, name)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// cloudTrail handles a call to CloudTrail itself.
func (s *Sandbox) cloudTrail(w http.ResponseWriter, r *http.Request, name string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, cloudtrail.MaxBody))
	_, tooLong := errors.AsType[*http.MaxBytesError](err)
	if err != nil && !tooLong {
		proxy.BrokeOff(w, r, err)
		return
	}
	if tooLong {
		cloudtrail.Fail(cloudtrail.TooLarge()).Write(w)
		return
	}
	x := requested(r)
	op := operation.Identify(x)
	arrived, _ := r.Context().Value(arrival{}).(time.Time)
	s.trails.Handle(r.Context(), cloudtrail.Call{
		Operation: name, Account: s.people.Of(r.Context(), op, x).Account, Region: op.Region, Body: body, Arrived: arrived,
	}).Write(w)
}

// callerAccount returns the account of a request's caller.
func (s *Sandbox) callerAccount(r *http.Request) string {
	x := requested(r)
	return s.people.Of(r.Context(), operation.Identify(x), x).Account
}

// requested returns the head of a request as an exchange.
func requested(r *http.Request) *exchange.Exchange {
	return &exchange.Exchange{Method: r.Method, URL: r.URL, Host: r.Host, Header: r.Header}
}

// record records a complete call. When it returns nil, the record is in the journal.
func (s *Sandbox) record(ctx context.Context, x *exchange.Exchange) error {
	if x.Failed {
		return nil
	}
	// If the client hangs up, its call is still recorded.
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

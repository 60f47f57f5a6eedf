// Package deploytest gives a test an AWS account to deploy trails into: a sandbox in front of moto_server.
package deploytest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// Where the trails are deployed.
const (
	Account = "123456789012"
	Region  = "eu-west-2"
)

// Box is the account.
type Box struct {
	Endpoint string
	state    string // the sandbox's folder
	tap      atomic.Pointer[http.Handler]
	inside   http.Handler
}

// Open starts the account. It sets environment variables, so the test cannot be
// parallel.
func Open(t *testing.T) *Box {
	t.Helper()
	upstream := mototest.Start(t)
	// The code under test decides what is retried.
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	b := &Box{state: t.TempDir()}
	s, err := sandbox.Open(t.Context(), sandbox.Config{
		Upstream: upstream, State: b.state, Account: Account, Getenv: os.Getenv, Loopback: true,
		DeliveryInterval: time.Hour, DigestInterval: time.Minute, UpstreamTimeout: time.Minute,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.inside = s.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tap := b.tap.Load(); tap != nil {
			(*tap).ServeHTTP(w, r)
			return
		}
		b.inside.ServeHTTP(w, r)
	}))
	b.Endpoint = server.URL
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// Tap puts a handler in front of all calls, until the next Tap; nil removes it.
func (b *Box) Tap(wrap func(next http.Handler) http.Handler) {
	if wrap == nil {
		b.tap.Store(nil)
		return
	}
	tap := wrap(b.inside)
	b.tap.Store(&tap)
}

// Spec is a trail with the default value of every field that has one.
func Spec(env string) trail.Spec {
	spec := trail.Default()
	spec.Env, spec.ProjectID, spec.Region = env, "cerpac", Region
	return spec
}

// Set returns the resources of a trail, connected to the account.
func (b *Box) Set(t *testing.T, spec trail.Spec) *resources.Set {
	t.Helper()
	if err := spec.Validate(); err != nil {
		t.Fatal(err)
	}
	a, err := account.Connect(t.Context(), account.Options{Region: spec.Region, Endpoint: b.Endpoint, Organization: spec.Organization})
	if err != nil {
		t.Fatal(err)
	}
	set, err := resources.New(&spec, a)
	if err != nil {
		t.Fatal(err)
	}
	set.LateDeliveries = 0
	return set
}

// Options are those of converge, with a clock that advances without waiting.
func Options() converge.Options {
	now := time.Now()
	return converge.Options{
		Classify: resources.Classify,
		Now:      func() time.Time { return now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			now = now.Add(d)
			return ctx.Err()
		},
	}
}

// Apply deploys a trail and returns what was done.
func (b *Box) Apply(t *testing.T, spec trail.Spec) []string {
	t.Helper()
	result, err := converge.Apply(t.Context(), b.Set(t, spec).All(), Options())
	if err != nil {
		t.Fatalf("apply: %v\nbefore: %q", err, result.Done)
	}
	return result.Done
}

// Plan returns the plan for a trail.
func (b *Box) Plan(t *testing.T, spec trail.Spec) *converge.Plan {
	t.Helper()
	plan, err := converge.PlanApply(t.Context(), b.Set(t, spec).All(), Options())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Destroy deletes a trail.
func (b *Box) Destroy(t *testing.T, spec trail.Spec) *converge.Result {
	t.Helper()
	result, err := converge.Destroy(t.Context(), b.Set(t, spec).All(), Options())
	if err != nil {
		t.Fatalf("destroy: %v\nbefore: %q", err, result.Done)
	}
	return result
}

// Deliver delivers all log files that are due.
func (b *Box) Deliver(t *testing.T) {
	t.Helper()
	resp, err := http.Post(b.Endpoint+"/_trailkeeper/deliver", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("deliver: %s", resp.Status)
	}
}

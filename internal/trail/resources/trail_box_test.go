package resources

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

const (
	testAccount = "123456789012"
	testRegion  = "eu-west-2"
)

// trailBox is a sandbox for the time of a test. Nothing is delivered but when the
// test says so.
type trailBox struct {
	*account.Account
	endpoint string
	t        *testing.T
}

func openTrailBox(t *testing.T, config sandbox.Config) *trailBox {
	t.Helper()
	mototest.Environment(t)
	config.Upstream, config.Account, config.Getenv, config.Loopback = mototest.Start(t), testAccount, os.Getenv, true
	config.DeliveryInterval, config.DigestInterval, config.UpstreamTimeout = time.Hour, time.Hour, time.Minute
	config.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := sandbox.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	a, err := account.Connect(t.Context(), account.Options{Region: testRegion, Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return &trailBox{a, server.URL, t}
}

// set is the parts of a trail that the test changed from the defaults.
func (b *trailBox) set(change func(*trail.Spec)) *Set {
	spec := trail.Default()
	spec.Env, spec.ProjectID, spec.Tags = "test", "trail", map[string]string{"team": "audit"}
	if change != nil {
		change(&spec)
	}
	s, err := New(&spec, b.Account)
	if err != nil {
		b.t.Fatal(err)
	}
	s.LateDeliveries = 0
	return s
}

// core is the trail with all that it stands on.
func (s *Set) core() []converge.Resource {
	return slices.Concat(s.organization(), s.boundary(), s.key(), s.bucket(), s.logGroup(), s.role(), s.topic(), s.trail())
}

// hurried waits for nothing.
func hurried() converge.Options {
	return converge.Options{
		Classify: Classify,
		Sleep:    func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

func mustApply(t *testing.T, resources []converge.Resource) {
	t.Helper()
	if _, err := converge.Apply(t.Context(), resources, hurried()); err != nil {
		t.Fatal(err)
	}
	if plan := mustPlan(t, resources); !plan.Empty() {
		t.Fatalf("after Apply there is still to do:\n%s", planText(t, plan))
	}
}

func mustPlan(t *testing.T, resources []converge.Resource) *converge.Plan {
	t.Helper()
	plan, err := converge.PlanApply(t.Context(), resources, hurried())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func planText(t *testing.T, plan *converge.Plan) string {
	t.Helper()
	var text strings.Builder
	if err := plan.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// drift is one change behind our back, and the fields in which it has to be seen.
type drift struct {
	name   string
	change func(ctx context.Context) error
	fields []string
}

// mends checks that a plan shows each change, and that Apply undoes it.
func mends(t *testing.T, resources []converge.Resource, drifts []drift) {
	t.Helper()
	mustApply(t, resources)
	for _, d := range drifts {
		t.Run(d.name, func(t *testing.T) {
			if err := d.change(t.Context()); err != nil {
				t.Fatal(err)
			}
			var fields []string
			plan := mustPlan(t, resources)
			for _, change := range plan.Changes() {
				for _, field := range change.Fields {
					fields = append(fields, field.Path)
				}
			}
			if !slices.Equal(fields, d.fields) {
				t.Errorf("the plan shows changes of %q, want %q\n%s", fields, d.fields, planText(t, plan))
			}
			mustApply(t, resources)
		})
	}
}

// refuses checks that a change is seen as one that nothing can mend.
func refuses(t *testing.T, resources []converge.Resource, what string) {
	t.Helper()
	for _, change := range mustPlan(t, resources).Changes() {
		if change.Action == converge.Refused && strings.Contains(change.Note, what) {
			return
		}
	}
	t.Errorf("no refusal that tells of %q:\n%s", what, planText(t, mustPlan(t, resources)))
}

func (b *trailBox) deliver(t *testing.T) {
	t.Helper()
	resp, err := http.Post(b.endpoint+"/_trailkeeper/deliver", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("deliver: %d %s (%v)", resp.StatusCode, text, err)
	}
}

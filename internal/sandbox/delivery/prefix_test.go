package delivery

import (
	"context"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// onlyPrefix lets CloudTrail write below one prefix only.
type onlyPrefix struct {
	gate
	prefix string
}

func (o *onlyPrefix) Bucket(_ context.Context, t permit.Trail) error {
	if t.Prefix != o.prefix {
		return &permit.Denial{Code: "InsufficientS3BucketPolicyException", Status: "AccessDenied", Why: "another prefix"}
	}
	return nil
}

// TestChangedPrefix checks that a file queued for an earlier prefix, which the
// policy no longer allows, does not delay later files.
func TestChangedPrefix(t *testing.T) {
	w := running(t, func(t *trails.Trail) { t.Prefix = "before" })
	c := w.config()
	c.Permit = &onlyPrefix{prefix: "after"}
	d, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	w.happen(home)
	w.pass()
	w.trails[0].Prefix = "after"
	w.happen(home)
	w.pass()
	keys := w.keys()
	if len(keys) != 1 || !strings.HasPrefix(keys[0], "after/AWSLogs/") {
		t.Errorf("objects before the interval is over: %q", keys)
	}
	w.advance(interval)
	w.pass()
	if s := w.d.Status("t1", home); s.Digests.Latest.IsZero() {
		t.Errorf("no digest: %+v", s)
	}
	if n := len(w.d.states["t1"].Queue); n != 1 {
		t.Errorf("%d files wait, not the one with the prefix of before", n)
	}
}

// TestManyFilesOfAnotherPrefix checks that files queued for another prefix do not
// keep intervals from ending.
func TestManyFilesOfAnotherPrefix(t *testing.T) {
	p := &pass{trail: trails.Trail{Bucket: "logs", Prefix: "after/"}, state: &state{}}
	for range maxWaiting {
		p.Queue = append(p.Queue, queued{Bucket: "logs", Prefix: "before"})
	}
	if p.held() != 0 || p.heldUp() {
		t.Errorf("%d files hold the trail up", p.held())
	}
	p.Queue = append(p.Queue, queued{Bucket: "logs", Prefix: "after"})
	if p.held() != 1 {
		t.Errorf("%d files hold the trail up, not 1", p.held())
	}
}

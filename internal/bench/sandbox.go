package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/sandbox/access"
	"github.com/cerpac/trailkeeper/internal/sandbox/loadtest"
)

// sandbox compares calls through the sandbox with the same calls to the upstream, which
// answers at once, so the difference is the sandbox.
func (b *bench) sandbox(ctx context.Context) ([]group, error) {
	latencies, err := b.latencies(ctx)
	if err != nil {
		return nil, err
	}
	busy, err := b.busySandbox(ctx)
	if err != nil {
		return nil, err
	}
	return append(latencies, busy...), nil
}

// front is the upstream, and the sandbox or proxy in front of it.
type front struct {
	upstream, proxy, sandbox *endpoint

	bucket, state string
}

// open starts the upstream and a sandbox with a trail that is logging.
func (b *bench) open(ctx context.Context) (f *front, err error) {
	f = new(front)
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	dir, err := os.MkdirTemp(b.scratch, "sandbox-")
	if err != nil {
		return f, err
	}
	f.bucket, f.state = filepath.Join(dir, "bucket"), filepath.Join(dir, "state")
	if err := os.Mkdir(f.bucket, 0o700); err != nil {
		return f, err
	}
	if f.upstream, err = start(exec.CommandContext(ctx, b.self, childArgument, "upstream", f.bucket)); err != nil {
		return f, err
	}
	f.sandbox, err = start(exec.CommandContext(ctx, b.trailkeeper, "sandbox", "--listen", "127.0.0.1:0",
		"--upstream", f.upstream.url, "--permissions", "none", "--state", f.state))
	if err != nil {
		return f, err
	}
	admin, err := access.Read(f.state)
	if err != nil {
		return f, err
	}
	caller := loadtest.NewCaller(f.sandbox.url, admin, 1)
	defer caller.Close()
	return f, caller.Trail(ctx)
}

// close ends processes that are still running.
func (f *front) close() error {
	var errs []error
	for _, e := range []*endpoint{f.sandbox, f.proxy, f.upstream} {
		if e != nil && e.cmd.ProcessState == nil {
			errs = append(errs, e.kill())
		}
	}
	return errors.Join(errs...)
}

// busySandbox calls from many connections as fast as possible, for some seconds and for
// a minute.
func (b *bench) busySandbox(ctx context.Context) ([]group, error) {
	short, long := 6*time.Second, time.Minute
	if b.opts.quick {
		short, long = time.Second/4, time.Second/2
	}
	rate := group{Title: fmt.Sprintf("sandbox: 1,000 calls from %d connections", connections), Ratio: "thousands of calls a second"}
	peaks := group{Title: "sandbox: peak memory", Ratio: "the peak to that of the first"}
	for _, run := range []struct {
		name    string
		through bool
		lasts   time.Duration
	}{
		{"bare upstream", false, short},
		{"through the sandbox", true, short},
		{"through the sandbox", true, long},
	} {
		s, calls, err := b.burst(ctx, run.through, run.lasts)
		if err != nil {
			return nil, err
		}
		about := quantity.FormatCount(int64(calls)) + " calls"
		rate.Measures = append(rate.Measures, measured{Name: run.name + ", " + about, Samples: []sample{s}, Ratio: 1 / s.Seconds})
		if run.through {
			peaks.Measures = append(peaks.Measures, measured{Name: about, Samples: []sample{s}})
		}
		b.say("%s for %s: %.0f calls a second", run.name, run.lasts, 1000/s.Seconds)
	}
	rate.Measures[2].judge("sandbox: thousands of calls a second, for a minute", bar{AtLeast: 1})
	rate.Notes = []string{
		"Each call through the sandbox is once in its journal, and once in the log files that a trail delivered",
		"meanwhile. The CPU time is the sandbox's; client and upstream run on the same cores.",
	}
	peaks.Measures[1].compare(&peaks.Measures[0], largest)
	peaks.Measures[1].judge("sandbox: peak memory, ten times as long", bar{AtMost: 1.25})
	return []group{rate, peaks}, nil
}

// burst calls from all connections, to the upstream or to a new sandbox in front of it.
// It returns the sample of 1,000 calls and the number of calls.
func (b *bench) burst(ctx context.Context, through bool, lasts time.Duration) (s sample, calls int, err error) {
	f, err := b.open(ctx)
	if err != nil {
		return s, 0, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	called := f.upstream
	if through {
		called = f.sandbox
	}
	var report burstReport
	if _, err := b.timed(ctx, &report, "burst", called.url, lasts.String()); err != nil {
		return s, 0, err
	}
	thousands := float64(report.Calls) / 1000
	if through {
		if s, err = f.sandbox.stop(); err != nil { // stopping delivers everything
			return s, 0, err
		}
		if _, err := b.child(ctx, "", "check", filepath.Join(f.state, "journal"), f.bucket, strconv.Itoa(report.Calls)); err != nil {
			return s, 0, err
		}
		s.CPU /= thousands
	}
	s.Seconds = report.Seconds / thousands
	return s, report.Calls, nil
}

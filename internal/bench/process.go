package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// sample is the resource usage of one process.
type sample struct {
	Seconds float64 `json:"seconds"`        // from start to end, or measured by itself
	CPU     float64 `json:"cpu,omitempty"`  // seconds, user and system
	Peak    int64   `json:"peak,omitempty"` // bytes of memory, resident
	Output  []byte  `json:"-"`
}

// trail runs the trailkeeper under test.
func (b *bench) trail(ctx context.Context, args ...string) (sample, error) {
	return measure(exec.CommandContext(ctx, b.trailkeeper, args...))
}

// child runs one of the measured processes of child.go.
func (b *bench) child(ctx context.Context, dir string, args ...string) (sample, error) {
	cmd := exec.CommandContext(ctx, b.self, append([]string{childArgument}, args...)...)
	cmd.Dir = dir
	return measure(cmd)
}

// timed runs a child that reports its own time, and decodes its report.
func (b *bench) timed(ctx context.Context, report any, args ...string) (sample, error) {
	s, err := b.child(ctx, "", args...)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(s.Output, report); err != nil {
		return s, fmt.Errorf("read report of %q: %w", args, err)
	}
	return s, nil
}

// measure runs a command to its end. On Linux the peak of a process includes that of
// its parent at the start, which is why this program stays small.
func measure(cmd *exec.Cmd) (sample, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	err := cmd.Run()
	took := time.Since(started)
	if err != nil {
		return sample{}, fmt.Errorf("run %q: %w\n%s", cmd.Args[:min(len(cmd.Args), 3)], err, strings.TrimSpace(stderr.String()))
	}
	s := sample{Seconds: took.Seconds(), Output: stdout.Bytes()}
	s.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	s.Peak = peak(cmd.ProcessState)
	return s, nil
}

func peak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss // bytes there, KiB elsewhere
	}
	return usage.Maxrss << 10
}

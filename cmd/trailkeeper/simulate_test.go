package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

// A run that is interrupted says what it has left behind.
func TestSimulateInterrupted(t *testing.T) {
	s, out, errs := testStreams(t)
	opts := simulate.DefaultOptions()
	opts.Out = filepath.Join(t.TempDir(), "sim")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := runSimulate(ctx, simulateOptions{Options: opts}, s)
	if !errors.Is(err, context.Canceled) || outcome.ExitCode(err) != outcome.Interrupted {
		t.Errorf("error is %v", err)
	}
	if !strings.HasPrefix(errs.String(), "stopped: whole log files ") || !strings.Contains(errs.String(), opts.Out) || out.Len() > 0 {
		t.Errorf("stdout is %q, stderr %q", out, errs)
	}
}

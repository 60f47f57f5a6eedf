package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

// bench is one run of the benchmark.
type bench struct {
	opts        options
	scratch     string // temporary folder
	trailkeeper string // the program to measure
	self        string // this program, for its own measured processes
	log         io.Writer
}

func newBench(ctx context.Context, opts options, scratch string, stderr io.Writer) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	if opts.quick {
		opts.rounds = 1
	}
	if opts.dir == "" {
		opts.dir = filepath.Join(scratch, "archives")
	}
	b := &bench{opts: opts, scratch: scratch, self: self, log: stderr}
	return b, b.build(ctx)
}

// build builds the trailkeeper to measure, as make build does.
func (b *bench) build(ctx context.Context) error {
	b.trailkeeper = filepath.Join(b.scratch, "trailkeeper")
	const program = "github.com/cerpac/trailkeeper/cmd/trailkeeper"
	b.say("building trailkeeper")
	args := []string{"build", "-trimpath", "-o", b.trailkeeper}
	if gunzip.Libdeflate {
		args = append(args, "-tags=libdeflate") // as this program was
	}
	if out, err := exec.CommandContext(ctx, "go", append(args, program)...).CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	return nil
}

// say logs the progress for the user.
func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.log, format+"\n", args...) // a failure to log is ignored
}

func (b *bench) measureAll(ctx context.Context, now func() time.Time) (*result, error) {
	started := now()
	r := &result{Date: started.UTC().Format("2006-01-02 15:04 UTC"), Quick: b.opts.quick, Load: []string{load()}}
	var err error
	if r.Machine, err = b.describeMachine(ctx); err != nil {
		return nil, err
	}
	for _, s := range sections() {
		if len(b.opts.only) > 0 && !slices.Contains(b.opts.only, s.name) {
			continue
		}
		groups, err := s.run(b, ctx)
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", s.name, err)
		}
		for i := range groups {
			groups[i].Section = s.name
		}
		r.Groups = append(r.Groups, groups...)
	}
	r.Load = append(r.Load, load())
	r.Minutes = now().Sub(started).Minutes()
	return r, nil
}

// moduleDir is the folder of the sources.
func moduleDir(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the sources: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

// lakeOptions name a lake and the time in it that a verb reads.
type lakeOptions struct {
	dir          string
	since, until time.Time
	limits       limitOptions
}

func (o *lakeOptions) addLakeFlag(cmd *cobra.Command, s *streams) {
	addLakeFlag(cmd.Flags(), &o.dir, "folder of the lake to read", s)
}

func (o *lakeOptions) addTimeFlags(cmd *cobra.Command, s *streams) {
	cmd.Flags().Var(timeFlag(&o.since, s.now), "since", "only events at or after this time")
	cmd.Flags().Var(timeFlag(&o.until, s.now), "until", "only events before this time")
}

// validate checks the options that verb was given.
func (o *lakeOptions) validate(verb string) error {
	switch {
	case o.dir == "":
		return misuse(verb, missingFlag("lake", lakeVariable))
	case o.limits.validate() != nil:
		return misuse(verb, o.limits.validate())
	case !o.since.IsZero() && !o.until.IsZero() && !o.since.Before(o.until):
		return misuse(verb, fmt.Errorf("--since %s is not before --until %s", o.since.Format(time.RFC3339), o.until.Format(time.RFC3339)))
	}
	return nil
}

// misuse marks a mistake in the command line of a verb.
func misuse(verb string, err error) error {
	hint := outcome.Hint(err)
	if hint == "" {
		hint = fmt.Sprintf("run 'trailkeeper %s --help' for the flags and examples", verb)
	}
	return outcome.Usage(outcome.WithHint(fmt.Errorf("%s: %w", verb, err), hint))
}

// openTries is how often a lake is opened anew when an ingest replaced parts
// between reading the list of them and opening them.
const openTries = 3

// openedLake is an engine over a lake, and the days that have events in it.
type openedLake struct {
	*duckdb.DB
	files *lake.Lake
	parts *checkedParts
	days  []string // YYYY-MM-DD, in order
}

// Close closes the engine, and then lets an ingest remove the parts it read.
func (l *openedLake) Close() error {
	return errors.Join(l.DB.Close(), l.parts.close(), l.files.Close())
}

// open opens the parts of the lake that can hold events of the options' time,
// with views narrowed to that time. The caller closes the engine.
func (o *lakeOptions) open(ctx context.Context) (l *openedLake, err error) {
	for range openTries {
		if l, err = o.openOnce(ctx); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return l, o.limits.explain(explainLake(err))
}

func (o *lakeOptions) openOnce(ctx context.Context) (*openedLake, error) {
	l, err := lake.Open(o.dir)
	if err != nil {
		return nil, err
	}
	opened, err := o.openParts(ctx, l)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return opened, nil
}

func (o *lakeOptions) openParts(ctx context.Context, l *lake.Lake) (*openedLake, error) {
	checked := &checkedParts{}
	db, err := o.startEngine(ctx, l, checked)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open lake %q: %w", o.dir, err), checked.close())
	}
	opened := &openedLake{DB: db, files: l, parts: checked}
	for _, part := range checked.parts {
		opened.days = append(opened.days, part.Day)
	}
	slices.Sort(opened.days)
	opened.days = slices.Compact(opened.days)
	return opened, nil
}

// startEngine starts the engine over the parts of the options' time.
func (o *lakeOptions) startEngine(ctx context.Context, l *lake.Lake, checked *checkedParts) (*duckdb.DB, error) {
	for _, part := range l.Parts() {
		if !o.since.IsZero() && part.To.Before(o.since) || !o.until.IsZero() && !part.From.Before(o.until) {
			continue
		}
		checked.parts = append(checked.parts, part)
	}
	// A part with a damaged footer cannot even be opened.
	if _, err := checked.verify(ctx, nil); err != nil {
		return nil, err
	}
	paths, err := checked.paths(ctx)
	if err != nil {
		return nil, err
	}
	return duckdb.Open(duckdb.Options{
		Parts: paths, Since: o.since, Until: o.until, Verify: checked.verify,
		MemoryLimit: o.limits.memory, SpillLimit: o.limits.spill, TempDir: lake.ScratchDir(o.dir),
	})
}

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
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
	files    *lake.Lake
	days     []string         // YYYY-MM-DD, in order
	damaged  []*lake.RowError // rows that the engine does not have
	salvaged string           // folder of copies of parts with damaged rows
}

// Close closes the engine, and then lets an ingest remove the parts it read.
func (l *openedLake) Close() error {
	return errors.Join(l.DB.Close(), os.RemoveAll(l.salvaged), l.files.Close())
}

// open opens the parts of the lake that can hold events of the options' time,
// with views narrowed to that time. The caller closes the engine.
func (o *lakeOptions) open() (l *openedLake, err error) {
	for range openTries {
		if l, err = o.openOnce(); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return l, explainLake(err)
}

func (o *lakeOptions) openOnce() (*openedLake, error) {
	l, err := lake.Open(o.dir)
	if err != nil {
		return nil, err
	}
	opened, err := o.openParts(l)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return opened, nil
}

func (o *lakeOptions) openParts(l *lake.Lake) (_ *openedLake, err error) {
	opened := &openedLake{files: l}
	if opened.salvaged, err = os.MkdirTemp("", "trailkeeper-salvage-"); err != nil {
		return nil, err
	}
	if err := o.startEngine(opened); err != nil {
		return nil, errors.Join(err, os.RemoveAll(opened.salvaged))
	}
	return opened, nil
}

// startEngine starts the engine over the parts of the options' time.
func (o *lakeOptions) startEngine(l *openedLake) error {
	var parts []string
	for _, part := range l.files.Parts() {
		if !o.since.IsZero() && part.To.Before(o.since) || !o.until.IsZero() && !part.From.Before(o.until) {
			continue
		}
		path, damaged, err := part.Salvage(l.salvaged)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			return fmt.Errorf("open lake %q: %w", o.dir, err)
		}
		parts = append(parts, path)
		l.damaged = append(l.damaged, damaged...)
		l.days = append(l.days, part.Day)
	}
	db, err := duckdb.Open(duckdb.Options{
		Parts: parts, Since: o.since, Until: o.until,
		MemoryLimit: o.limits.memory, SpillLimit: o.limits.spill, TempDir: lake.ScratchDir(o.dir),
	})
	if err != nil {
		return err
	}
	slices.Sort(l.days)
	l.DB, l.days = db, slices.Compact(l.days)
	return nil
}

// maxNamed is how many damaged rows a verb names; lake check names them all.
const maxNamed = 20

// complete is the outcome of a verb that has given its answer: nil, unless the
// answer lacks damaged rows. Those are named on stderr.
func (l *openedLake) complete(verb string, stderr io.Writer) error {
	if len(l.damaged) == 0 {
		return nil
	}
	for _, row := range l.damaged[:min(len(l.damaged), maxNamed)] {
		fmt.Fprintf(stderr, "damaged: event %q of log file %q: %v\n", row.EventID, row.LogFile, row.Err)
	}
	return outcome.BadEvidence(outcome.WithHint(
		fmt.Errorf("%s: the answer is not complete: damaged rows of the lake are not in it: %s", verb, quantity.FormatCount(int64(len(l.damaged)))),
		"trailkeeper lake check names everything that is damaged in a lake"))
}

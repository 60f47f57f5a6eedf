package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/quantity"
)

// ingest compares trailkeeper ingest with DuckDB's own ways from log files to Parquet.
// The first reference runs in turn with trailkeeper; the others run once.
func (b *bench) ingest(ctx context.Context) ([]group, error) {
	var groups []group
	for _, s := range []spec{b.small(), b.busy()} {
		a, err := b.archive(ctx, s)
		if err != nil {
			return nil, err
		}
		g := group{Title: "ingest of " + a.name, About: a.about(), Ratio: "the reference's time to trailkeeper's"}
		ours, first, err := b.turns(ctx, a)
		if err != nil {
			return nil, err
		}
		first.compare(ours, slowness)
		first.judge("ingest, "+a.name+", against DuckDB", bar{AtLeast: s.atLeast})
		g.Measures = []measured{*ours, *first}
		for _, r := range references()[1:] {
			m := measured{Name: r.name}
			if err := b.refer(ctx, a, r, &m); err != nil {
				return nil, err
			}
			m.compare(ours, slowness)
			g.Measures = append(g.Measures, m)
		}
		groups = append(groups, g)
	}
	groups[len(groups)-1].Notes = []string{
		"Both sides are whole processes and write zstd Parquet by day with all columns of the lake. trailkeeper",
		"also drops duplicates, sorts by account, Region and time, and flushes to disk; DuckDB does none of it.",
		"A reference that leaves extra and explicit_nulls NULL loses members that are unknown or null.",
	}
	return groups, nil
}

// turns measures trailkeeper and the first reference in turn.
func (b *bench) turns(ctx context.Context, a *archiveDir) (ours, first *measured, err error) {
	// Read all files once, so that neither side is the first to read them.
	if _, err := b.child(ctx, "", "gunzip", a.dir); err != nil {
		return nil, nil, err
	}
	r := references()[0]
	ours, first = &measured{Name: "trailkeeper ingest"}, &measured{Name: r.name}
	for range b.opts.rounds {
		if err := b.ingestOnce(ctx, a, ours); err != nil {
			return nil, nil, err
		}
		if err := b.refer(ctx, a, r, first); err != nil {
			return nil, nil, err
		}
	}
	return ours, first, nil
}

// ingestOnce ingests the archive into a new lake and adds the sample to m.
func (b *bench) ingestOnce(ctx context.Context, a *archiveDir, m *measured, flags ...string) error {
	lake := filepath.Join(b.scratch, "lake")
	s, err := b.intoLake(ctx, a, lake, flags...)
	if err != nil {
		return err
	}
	m.add(s)
	b.say("%s, %s: %.2f s", a.name, m.Name, s.Seconds)
	return os.RemoveAll(lake)
}

// intoLake ingests the archive into a lake, and checks that it is complete.
func (b *bench) intoLake(ctx context.Context, a *archiveDir, lake string, flags ...string) (sample, error) {
	s, err := b.trail(ctx, append([]string{"ingest", "--archive", a.dir, "--lake", lake, "--format", "json"}, flags...)...)
	if err != nil {
		return s, err
	}
	var report ingest.Report
	if err := json.Unmarshal(s.Output, &report); err != nil {
		return s, fmt.Errorf("read report of ingest: %w", err)
	}
	return s, a.check(report.Events.Read)
}

// refer converts the archive to Parquet with DuckDB, and adds the sample to m.
func (b *bench) refer(ctx context.Context, a *archiveDir, r reference, m *measured) error {
	out := filepath.Join(b.scratch, "reference")
	globs, err := a.globs()
	if err != nil {
		return err
	}
	statements, err := importStatements(r, globs, a.maxObject, out)
	if err != nil {
		return err
	}
	s, err := b.child(ctx, a.dir, append([]string{"sql"}, statements...)...)
	if err != nil {
		return err
	}
	var report sqlReport
	if err := json.Unmarshal(s.Output, &report); err != nil {
		return fmt.Errorf("read report of DuckDB: %w", err)
	}
	if err := a.check(report.Rows); err != nil {
		return err
	}
	m.add(s)
	b.say("%s, %s: %.2f s", a.name, m.Name, s.Seconds)
	return os.RemoveAll(out)
}

// check compares a count of records with the archive, because a tool that misses
// records must not count as fast.
func (a *archiveDir) check(records int64) error {
	if records != a.records() {
		return fmt.Errorf("%s records were read of %s in the archive of %s",
			quantity.FormatCount(records), quantity.FormatCount(a.records()), a.name)
	}
	return nil
}

// globs match the log files and not the digests, below the archive's folder. DuckDB
// refuses a pattern that matches nothing.
func (a *archiveDir) globs() ([]string, error) {
	var globs []string
	for _, kind := range []string{"CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"} {
		found, err := filepath.Glob(filepath.Join(a.dir, "AWSLogs", "*", kind))
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			globs = append(globs, "AWSLogs/*/"+kind+"/**/*.json.gz")
		}
	}
	return globs, nil
}

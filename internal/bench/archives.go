package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

// spec is a simulated archive to measure on.
type spec struct {
	name         string
	days         int
	eventsPerDay int // in each of two accounts; fewer at weekends
	perFile      int

	// maxObject is DuckDB's maximum_object_size. DuckDB allocates buffers of that size,
	// so a large value slows it down on small files: these are the powers of two with
	// which it was fastest.
	maxObject int

	accounts, regions int // 0 for two accounts in three Regions

	atLeast float64 // how many times as fast as DuckDB ingest has to be
}

// The archives. A week of busy is enough for several batches of ingest; ten times as
// long is ten times as much.
func (b *bench) small() spec {
	if b.opts.quick {
		return spec{name: "small files", days: 1, eventsPerDay: 400, perFile: 8, maxObject: 2 << 20, atLeast: 4}
	}
	return spec{name: "small files", days: 2, eventsPerDay: 50_000, perFile: 8, maxObject: 2 << 20, atLeast: 4}
}

func (b *bench) busy() spec {
	if b.opts.quick {
		return spec{name: "busy files", days: 1, eventsPerDay: 600, perFile: 2000, maxObject: 32 << 20, atLeast: 4.5}
	}
	return spec{name: "busy files", days: 7, eventsPerDay: 30_000, perFile: 2000, maxObject: 32 << 20, atLeast: 4.5}
}

func (s spec) times(n int) spec {
	s.days *= n
	return s
}

// archiveDir is a generated archive.
type archiveDir struct {
	spec
	dir     string
	summary simulate.Summary
}

func (a *archiveDir) records() int64 { return a.summary.Total.Events + a.summary.Total.Duplicates }

// about describes the archive in one line.
func (a *archiveDir) about() string {
	t := a.summary.Total
	return fmt.Sprintf("%s records in %s files, %s (%s uncompressed), at most %s a file", quantity.FormatCount(a.records()),
		quantity.FormatCount(t.Files), quantity.FormatSize(t.Bytes), quantity.FormatSize(t.UncompressedBytes), quantity.FormatCount(int64(a.perFile)))
}

// archive returns the archive of a spec, and generates it if it does not exist.
func (b *bench) archive(ctx context.Context, s spec) (*archiveDir, error) {
	name := fmt.Sprintf("%d-days-%d-events-%d-per-file", s.days, s.eventsPerDay, s.perFile)
	accounts, regions := 2, 3
	if s.accounts > 0 {
		accounts, regions = s.accounts, s.regions
		name += fmt.Sprintf("-%d-accounts-%d-regions", accounts, regions)
	}
	a := &archiveDir{spec: s, dir: filepath.Join(b.opts.dir, name)}
	err := a.readSummary()
	if !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	b.say("simulating %s: %d days with %s events", s.name, s.days, quantity.FormatCount(int64(2*s.eventsPerDay)))
	if err := os.MkdirAll(b.opts.dir, 0o755); err != nil {
		return nil, err
	}
	// Renamed when complete.
	partial := a.dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return nil, err
	}
	_, err = b.trail(ctx, "simulate", "--out", partial, "--accounts", strconv.Itoa(accounts), "--regions", strconv.Itoa(regions), "--seed", "1",
		"--days", strconv.Itoa(s.days), "--events-per-day", strconv.Itoa(s.eventsPerDay), "--events-per-file", strconv.Itoa(s.perFile))
	if err != nil {
		return nil, err
	}
	if err := os.Rename(partial, a.dir); err != nil {
		return nil, err
	}
	return a, a.readSummary()
}

func (a *archiveDir) readSummary() error {
	path := filepath.Join(a.dir, simulate.SideFolder, simulate.SummaryFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &a.summary); err != nil {
		return fmt.Errorf("read %q: %w", path, err)
	}
	return nil
}

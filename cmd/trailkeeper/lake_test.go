package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
)

// rounds of TestQueriesBesideIngests; ten thousand take about ten minutes.
var rounds = flag.Int("rounds", 60, "how often TestQueriesBesideIngests asks")

// feed ingests one file after another until done.
func feed(t *testing.T, archive, dir string, done *atomic.Bool) error {
	source, err := dirarchive.New(archive)
	if err != nil {
		return err
	}
	for n := 0; n == 0 || !done.Load(); n++ {
		text := fmt.Sprintf(`{"eventVersion":"1.11","eventTime":"2026-01-%02dT10:00:00Z","eventName":"A","eventID":"%d"}`, 1+n%3, n)
		if err := os.WriteFile(filepath.Join(archive, fmt.Sprintf("%d.json", n)), []byte(text), 0o600); err != nil {
			return err
		}
		if _, err := ingest.Run(t.Context(), ingest.Options{Source: source, Lake: folderstore.New(dir, 0), Workers: 1}); err != nil {
			return err
		}
	}
	return nil
}

// A query beside commits and merges answers as before or after each of them,
// and its parts stay until it has read them all. internal/lake tests the same
// without the engine, ten thousand times.
func TestQueriesBesideIngests(t *testing.T) {
	archive, dir := t.TempDir(), t.TempDir()
	var done atomic.Bool
	if err := feed(t, archive, dir, func() *atomic.Bool { var once atomic.Bool; once.Store(true); return &once }()); err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	group.Go(func() error { return feed(t, archive, dir, &done) })
	opts := lakeOptions{dir: dir}
	before := int64(0)
	for round := range *rounds {
		count, err := countEvents(t, opts)
		if err != nil || count < before {
			t.Errorf("round %d: %d events after %d, %v", round, count, before, err)
			break
		}
		before = count
	}
	done.Store(true)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func countEvents(t *testing.T, opts lakeOptions) (count int64, err error) {
	l, err := opts.open(t.Context())
	if err != nil {
		return 0, err
	}
	defer l.Close() // only read from
	rows, err := l.Query(t.Context(), engine.Statement{SQL: "SELECT count(event_id) FROM events"})
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	row, err := rows.Next()
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(fmt.Sprint(row[0]), &count)
	return count, err
}

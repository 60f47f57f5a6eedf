// Package search finds events in a lake, whatever asks for them.
package search

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// Options name a lake, the time in it that is searched, and what a search may
// take.
type Options struct {
	Dir          string
	Since, Until time.Time // the zero time is no bound
	Memory       int64     // bytes; 0 for the engine's own limit
	Spill        int64     // bytes of disk; 0 for the engine's own limit
}

// openTries is how often a lake is opened anew when an ingest replaced parts
// between reading the list of them and opening them.
const openTries = 3

// Lake is an engine over a lake. What it reads of a part is checked before.
type Lake struct {
	*duckdb.DB
	files *lake.Lake
	parts *checkedParts
	days  []string // YYYY-MM-DD that have events, in order
}

// Open opens the parts of the lake that can hold events of the time, with views
// narrowed to that time. The caller closes the result.
func Open(ctx context.Context, opts Options) (l *Lake, err error) {
	for range openTries {
		if l, err = openOnce(ctx, opts); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return l, err
}

func openOnce(ctx context.Context, opts Options) (*Lake, error) {
	files, err := lake.Open(opts.Dir)
	if err != nil {
		return nil, err
	}
	checked := &checkedParts{}
	db, err := start(ctx, opts, files, checked)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open lake %q: %w", opts.Dir, err), checked.close(), files.Close())
	}
	l := &Lake{DB: db, files: files, parts: checked}
	for _, part := range checked.parts {
		l.days = append(l.days, part.Day)
	}
	slices.Sort(l.days)
	l.days = slices.Compact(l.days)
	return l, nil
}

// start starts the engine over the parts of the options' time.
func start(ctx context.Context, opts Options, files *lake.Lake, checked *checkedParts) (*duckdb.DB, error) {
	for _, part := range files.Parts() {
		if !opts.Since.IsZero() && part.To.Before(opts.Since) || !opts.Until.IsZero() && !part.From.Before(opts.Until) {
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
		Parts: paths, Since: opts.Since, Until: opts.Until, Verify: checked.verify,
		MemoryLimit: opts.Memory, SpillLimit: opts.Spill, TempDir: lake.ScratchDir(opts.Dir),
	})
}

// Close closes the engine, and then lets an ingest remove the parts it read.
func (l *Lake) Close() error {
	return errors.Join(l.DB.Close(), l.parts.close(), l.files.Close())
}

// Files returns the lake that is searched, whole.
func (l *Lake) Files() *lake.Lake { return l.files }

// Span returns when the events of the whole lake begin and end, zero times when
// it has none.
func (l *Lake) Span() (first, last time.Time) {
	for i, part := range l.files.Parts() {
		if i == 0 || part.From.Before(first) {
			first = part.From
		}
		if part.To.After(last) {
			last = part.To
		}
	}
	return first, last
}

// Values returns the values that a column of the view events has, in order.
func (l *Lake) Values(ctx context.Context, column string) (values []string, err error) {
	rows, err := l.Query(ctx, "SELECT DISTINCT "+column+" FROM events WHERE "+column+" IS NOT NULL ORDER BY 1", nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		value, _ := row[0].(string)
		values = append(values, value)
	}
}

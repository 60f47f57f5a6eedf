// Package search finds events in a lake, for all commands.
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
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/result"
	"github.com/cerpac/trailkeeper/predicate"
)

// Options name a lake, the time range that is searched, and the limits of a
// search.
type Options struct {
	Store        lake.Store
	TempDir      string    // folder for the engine's temporary files; "" for that of the system
	Since, Until time.Time // the zero time is no bound
	EventIDs     []string  // if there are any, only parts that may hold an event with one of them are searched
	Memory       int64     // bytes; 0 for the engine's own limit
	Spill        int64     // bytes of disk; 0 for the engine's own limit
}

// listsSince is the first schema that has the lists of resources.
const listsSince = 2

// openTries is the number of times a lake is opened when an ingest replaces
// parts between listing and opening them.
const openTries = 3

// Engine answers statements over the events of a lake. It is safe for concurrent
// use.
type Engine interface {
	// Query runs a statement and returns its rows, which the caller closes. When
	// ctx ends, the query ends with the cause of ctx.
	Query(ctx context.Context, s engine.Statement) (result.Reader, error)
	// Asked returns what a statement asks for.
	Asked(ctx context.Context, s engine.Statement) (engine.Asked, error)
	Close() error
}

// Dialect writes searches of records in the SQL of an engine.
type Dialect interface {
	predicate.Dialect
	// Principal returns the condition for the events of the actor whose name, id,
	// access key or ARN is the value of a placeholder.
	Principal(placeholder string) string
	// Records returns the statement for the stored columns, as lake.NewRecords
	// reads them, of the rows that clauses of SQL select.
	Records(clauses string) engine.Statement
}

// Lake is an engine over a lake. It checks the data of a part before it is
// read.
type Lake struct {
	Engine
	dialect Dialect
	files   *lake.Lake
	parts   *checkedParts
	days    []string // YYYY-MM-DD that have events, in order
	lists   bool     // every part has the lists of resources
}

// Open opens the parts of the lake that can hold events in the time range, with
// views narrowed to it. The caller closes the result.
func Open(ctx context.Context, opts Options) (l *Lake, err error) {
	for range openTries {
		if l, err = openOnce(ctx, opts); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return l, err
}

func openOnce(ctx context.Context, opts Options) (*Lake, error) {
	files, err := lake.Open(ctx, opts.Store)
	if err != nil {
		return nil, err
	}
	checked := &checkedParts{}
	db, err := start(ctx, opts, files, checked)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open lake %q: %w", files.Dir, err), checked.close(), files.Close())
	}
	l := &Lake{Engine: db, dialect: duckdb.Dialect{}, files: files, parts: checked, lists: true}
	for _, part := range checked.parts {
		l.days = append(l.days, part.Day)
		l.lists = l.lists && part.Schema >= listsSince
	}
	slices.Sort(l.days)
	l.days = slices.Compact(l.days)
	return l, nil
}

// start starts the engine over the parts in the time range of opts.
func start(ctx context.Context, opts Options, files *lake.Lake, checked *checkedParts) (*duckdb.DB, error) {
	for _, part := range files.Parts() {
		if !opts.Since.IsZero() && part.To.Before(opts.Since) || !opts.Until.IsZero() && !part.From.Before(opts.Until) {
			continue
		}
		checked.parts = append(checked.parts, part)
	}
	if len(opts.EventIDs) > 0 {
		holding, err := files.Holding(ctx, checked.parts, opts.EventIDs)
		if err != nil {
			return nil, err
		}
		checked.parts = holding
	}
	// A part with a damaged footer cannot even be opened.
	if _, err := checked.verify(ctx, nil); err != nil {
		return nil, err
	}
	parts, err := checked.sound(ctx)
	if err != nil {
		return nil, err
	}
	return duckdb.Open(duckdb.Options{
		Parts: parts, Since: opts.Since, Until: opts.Until, Verify: checked.verify,
		MemoryLimit: opts.Memory, SpillLimit: opts.Spill, TempDir: opts.TempDir,
	})
}

// Close closes the engine, and then lets an ingest remove the parts that it has
// read.
func (l *Lake) Close() error {
	return errors.Join(l.Engine.Close(), l.parts.close(), l.files.Close())
}

// Files returns the whole lake that is searched.
func (l *Lake) Files() *lake.Lake { return l.files }

// Span returns the times of the first and the last event of the whole lake, or
// zero times when it is empty.
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

// records returns the records that the clauses of a statement select.
func (l *Lake) records(ctx context.Context, clauses string, params map[string]any) (*lake.Records, error) {
	statement := l.dialect.Records(clauses)
	statement.Params = params
	rows, err := l.Query(ctx, statement)
	if err != nil {
		return nil, err
	}
	return lake.NewRecords(rows), nil
}

// Values returns the sorted values of a column of the view events.
func (l *Lake) Values(ctx context.Context, column string) (values []string, err error) {
	rows, err := l.Query(ctx, engine.Statement{Dialect: engine.DuckDB, SQL: "SELECT DISTINCT " + column + " FROM events WHERE " + column + " IS NOT NULL ORDER BY 1"})
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

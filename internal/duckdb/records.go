package duckdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/result"
)

// Records are events of the lake as their original JSON records.
type Records struct {
	rows   *Rows
	row    lake.Row
	values []any
}

// Records reads the records that the clauses of a query select, such as
// "WHERE event_name = $name ORDER BY event_time". The clauses can use the
// columns of a part as they are stored, year, month and day, and those columns
// of the view events that are derived. Params are those of Query.
func (db *DB) Records(ctx context.Context, clauses string, params map[string]any) (*Records, error) {
	sql := "SELECT * EXCLUDE (year, month, day) FROM lake.rows " + clauses
	if usesDerived(clauses) {
		sql = "SELECT * EXCLUDE (year, month, day, " + strings.Join(derivedColumns[:], ", ") + ") FROM " + derived("lake.rows") + " " + clauses
	}
	rows, err := db.QueryIn(ctx, DuckDB, sql, params)
	if err != nil {
		return nil, err
	}
	return &Records{rows: rows, values: make([]any, len(rows.Columns()))}, nil
}

// Append appends the JSON of the next record to dst, or returns io.EOF after
// the last one.
func (r *Records) Append(dst []byte) ([]byte, error) {
	row, err := r.rows.Next()
	if err != nil {
		return dst, err
	}
	for i, value := range row {
		if at, ok := value.(result.Timestamp); ok {
			value = at.Time
		}
		r.values[i] = value
	}
	if err := r.row.Scan(r.values); err != nil {
		return dst, fmt.Errorf("read lake: %w", err)
	}
	return r.row.AppendJSON(dst)
}

// Close releases the query.
func (r *Records) Close() error { return r.rows.Close() }

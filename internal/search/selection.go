package search

import (
	"context"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/internal/duckdb"
)

// Selection is a condition on records. Empty members select everything.
type Selection struct {
	Columns    []ColumnValues
	Principals []string // see [duckdb.PrincipalIs]
	Failed     bool
	Writes     bool // all that does not say that it only reads
}

// ColumnValues are values of a column of the lake; a record must have one of
// them.
type ColumnValues struct {
	Column string
	Values []string
}

// Select returns the selected records: by day, and in each file of the lake by
// account, Region and time.
func (l *Lake) Select(ctx context.Context, s Selection) (*duckdb.Records, error) {
	clauses, params := s.clauses()
	return l.Records(ctx, clauses, params)
}

// clauses returns the SQL clauses of the selection, with their parameters.
func (s Selection) clauses() (string, map[string]any) {
	params := map[string]any{}
	anyOf := func(values []string, is func(parameter string) string) string {
		var list []string
		for _, value := range values {
			name := fmt.Sprintf("select_%d", len(params))
			params[name] = value
			list = append(list, is("$"+name))
		}
		return "(" + strings.Join(list, " OR ") + ")"
	}
	var all []string
	for _, wanted := range s.Columns {
		if len(wanted.Values) > 0 {
			all = append(all, anyOf(wanted.Values, func(value string) string { return wanted.Column + " = " + value }))
		}
	}
	if len(s.Principals) > 0 {
		all = append(all, anyOf(s.Principals, duckdb.PrincipalIs))
	}
	if s.Failed {
		all = append(all, "failed")
	}
	if s.Writes {
		all = append(all, "read_only IS DISTINCT FROM true")
	}
	if all == nil {
		return "", params
	}
	return "WHERE " + strings.Join(all, " AND "), params
}

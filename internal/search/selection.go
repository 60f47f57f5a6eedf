package search

import (
	"context"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/predicate"
)

// Selection is a condition on records. Empty members select everything.
type Selection struct {
	Where      *predicate.Predicate // on members of the record; nil for none
	Columns    []ColumnValues       // of the lake that are made of several members
	Principals []string             // actors, see Dialect.Principal; any of them
	Failed     bool
}

// ColumnValues are values of a column of the lake; a record must have one of
// them.
type ColumnValues struct {
	Column string
	Values []string
}

// Select returns the selected records: by day, and in each file of the lake by
// account, Region and time.
func (l *Lake) Select(ctx context.Context, s Selection) (*lake.Records, error) {
	clauses, params, err := s.clauses(l.dialect)
	if err != nil {
		return nil, err
	}
	return l.records(ctx, clauses, params)
}

// clauses returns the SQL clauses of the selection, with their parameters.
func (s Selection) clauses(d Dialect) (string, map[string]any, error) {
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
	if s.Where != nil {
		condition, err := s.Where.SQL(d)
		if err != nil {
			return "", nil, err
		}
		all = append(all, "("+condition+")")
	}
	for _, wanted := range s.Columns {
		if len(wanted.Values) > 0 {
			all = append(all, anyOf(wanted.Values, func(value string) string { return wanted.Column + " = " + value }))
		}
	}
	if len(s.Principals) > 0 {
		all = append(all, anyOf(s.Principals, d.Principal))
	}
	if s.Failed {
		all = append(all, "failed")
	}
	if all == nil {
		return "", params, nil
	}
	return "WHERE " + strings.Join(all, " AND "), params, nil
}

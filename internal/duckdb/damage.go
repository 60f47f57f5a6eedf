package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// Verify returns the parts whose named columns differ from what was written. It
// is called before each statement, with the columns that the statement reads.
type Verify func(ctx context.Context, columns []string) (damaged []string, err error)

// leaveOutDamaged removes the parts from the views that are damaged in columns
// that a checked statement reads.
func (s *session) leaveOutDamaged(checked statement, params map[string]any) error {
	if s.db.opts.Verify == nil {
		return nil
	}
	damaged, err := s.db.opts.Verify(s.ctx, scannedColumns(s.conn, checked.sql, params))
	if err != nil || len(damaged) == 0 {
		return err
	}
	return s.db.leaveOut(s.conn, damaged)
}

// scannedColumns returns the columns of the parts that a statement reads, from
// the engine's plan. It returns all columns if there is no plan.
func scannedColumns(conn bindings.Connection, sql string, params map[string]any) []string {
	all := lake.ColumnNames()
	if explain, _ := cutExplain(sql); explain != "" {
		return all
	}
	plan, err := planOf(conn, sql, params)
	if err != nil {
		return all
	}
	words := map[string]bool{}
	for _, node := range plan {
		node.scans(words)
	}
	return slices.DeleteFunc(all, func(name string) bool { return !words[name] })
}

// planNode is an operator of a plan as EXPLAIN (FORMAT JSON) writes it.
type planNode struct {
	Name     string         `json:"name"`
	Children []planNode     `json:"children"`
	Extra    map[string]any `json:"extra_info"`
}

func planOf(conn bindings.Connection, sql string, params map[string]any) (plan []planNode, err error) {
	rows, err := run(conn, "EXPLAIN (FORMAT JSON) "+sql, params)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("no physical plan")
		}
		if err != nil {
			return nil, err
		}
		if kind, _ := row[0].(string); kind == "physical_plan" {
			text, _ := row[1].(string)
			return plan, json.Unmarshal([]byte(text), &plan)
		}
	}
}

// scans collects the words in the scans of a plan, which include the projected
// columns and those in filters.
func (n planNode) scans(words map[string]bool) {
	for _, child := range n.Children {
		child.scans(words)
	}
	if !strings.Contains(n.Name, "PARQUET") {
		return
	}
	var gather func(value any)
	gather = func(value any) {
		switch value := value.(type) {
		case string:
			for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				words[word] = true
			}
		case []any:
			for _, v := range value {
				gather(v)
			}
		case map[string]any:
			for _, v := range value {
				gather(v)
			}
		}
	}
	for _, value := range n.Extra {
		gather(value)
	}
}

package duckdb

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/internal/engine"
)

// Asked returns what a statement asks for. It helps to explain why a query found
// nothing, and what its answer lacks.
func (db *DB) Asked(ctx context.Context, statement engine.Statement) (engine.Asked, error) {
	s, err := db.newSession(ctx)
	if err != nil {
		return engine.Asked{}, err
	}
	defer s.close()
	sql := statement.SQL
	if translated, err := translate(statement.Dialect, sql); err == nil {
		sql = translated.SQL
	}
	var tree syntaxTree
	err = s.step(func() (err error) {
		tree, err = parseTree(s.conn, sql)
		return err
	})
	asked := conditions{map[string][]string{}, map[string]bool{}, statement.Params}
	for _, statement := range tree.Statements {
		asked.walk(statement, false)
	}
	return engine.Asked{Conditions: asked.columns, Columns: slices.Sorted(maps.Keys(asked.named))}, err
}

// conditions collects the result of Asked.
type conditions struct {
	columns map[string][]string
	named   map[string]bool // columns anywhere in the statement
	params  map[string]any
}

func (c *conditions) walk(node any, inCondition bool) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			c.walk(child, inCondition)
		}
	case map[string]any:
		c.name(n)
		if inCondition {
			c.note(n)
		}
		for key, child := range n {
			c.walk(child, inCondition || key == "where_clause" || key == "having" || key == "qualify" || key == "condition")
		}
	}
}

// name records a column, or that a SELECT takes all columns of events.
func (c *conditions) name(node map[string]any) {
	if name := columnName(node); name != "" {
		c.named[name] = true
	}
	selected, _ := node["select_list"].([]any)
	if slices.ContainsFunc(selected, isStar) && readsEvents(node["from_table"]) {
		c.named[engine.AllColumns] = true
	}
}

func isStar(node any) bool {
	n, _ := node.(map[string]any)
	return n["class"] == "STAR"
}

// readsEvents reports whether a FROM clause has the view events, in a join or alone.
func readsEvents(from any) bool {
	n, _ := from.(map[string]any)
	if name, _ := n["table_name"].(string); strings.EqualFold(name, "events") {
		return true
	}
	return n["type"] == "JOIN" && (readsEvents(n["left"]) || readsEvents(n["right"]))
}

// note records a column, or a comparison of a column with values.
func (c *conditions) note(node map[string]any) {
	if name := columnName(node); name != "" {
		c.columns[name] = append(c.columns[name], []string{}...)
		return
	}
	var operands []any
	switch node["type"] {
	case "COMPARE_EQUAL":
		operands = []any{node["left"], node["right"]}
	case "COMPARE_IN":
		operands, _ = node["children"].([]any)
	}
	var names, values []string
	for _, operand := range operands {
		if name := columnName(operand); name != "" {
			names = append(names, name)
		} else if value, ok := c.value(operand); ok {
			values = append(values, value)
		}
	}
	for _, name := range names {
		c.columns[name] = append(c.columns[name], values...)
	}
}

func columnName(node any) string {
	n, _ := node.(map[string]any)
	names, _ := n["column_names"].([]any)
	if n["class"] != "COLUMN_REF" || len(names) == 0 {
		return ""
	}
	last, _ := names[len(names)-1].(string)
	return strings.ToLower(last)
}

// value returns the text of a literal or a parameter.
func (c *conditions) value(node any) (text string, ok bool) {
	n, _ := node.(map[string]any)
	switch n["class"] {
	case "CONSTANT":
		constant, _ := n["value"].(map[string]any)
		text, ok = constant["value"].(string)
	case "PARAMETER":
		name, _ := n["identifier"].(string)
		text, ok = c.params[name].(string)
	}
	return text, ok
}

package duckdb

import (
	"context"
	"strings"

	"github.com/cerpac/trailkeeper/internal/engine"
)

// Asked returns the columns in the conditions of a statement, by their names in
// lower case, and for each the text values, literal or bound, with which it is
// compared by = and IN. It helps to explain why a query found nothing.
func (db *DB) Asked(ctx context.Context, statement engine.Statement) (map[string][]string, error) {
	s, err := db.newSession(ctx)
	if err != nil {
		return nil, err
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
	asked := conditions{map[string][]string{}, statement.Params}
	for _, statement := range tree.Statements {
		asked.walk(statement, false)
	}
	return asked.columns, err
}

// conditions collects the result of Asked.
type conditions struct {
	columns map[string][]string
	params  map[string]any
}

func (c *conditions) walk(node any, inCondition bool) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			c.walk(child, inCondition)
		}
	case map[string]any:
		if inCondition {
			c.note(n)
		}
		for key, child := range n {
			c.walk(child, inCondition || key == "where_clause" || key == "having" || key == "qualify" || key == "condition")
		}
	}
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

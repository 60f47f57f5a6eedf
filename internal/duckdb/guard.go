package duckdb

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// safeTableFunctions are the table functions allowed in a FROM clause. All
// others are rejected: some read files, and some change settings even when they
// are locked (enable_logging, enable_profiling).
var safeTableFunctions = [...]string{
	"duckdb_columns", "duckdb_functions", "duckdb_keywords", "duckdb_types", "duckdb_views",
	"generate_series", "histogram", "histogram_values", "json_each", "json_tree",
	"range", "repeat", "repeat_row", "summary", "unnest",
}

// statement is SQL that passed the guard.
type statement struct {
	sql    string // as given, or with EXPLAIN written canonically, at the same offsets
	athena athenaUse
	views  []view // that it may read
}

// check accepts a single reading statement: SELECT, WITH, VALUES, FROM,
// DESCRIBE, SUMMARIZE, SHOW, or EXPLAIN [ANALYZE] of one of them.
//
// It gets the syntax tree from the engine's own parser, which returns one for
// reading statements only, and checks every table function in it. The tree
// includes subqueries, CTEs and everything nested; functions that take SQL as a
// string (query, json_execute_serialized_sql) are table functions themselves.
func check(conn bindings.Connection, sql string) (statement, error) {
	refuse := func(position int, format string, args ...any) (statement, error) {
		return statement{}, &SQLError{SQL: sql, Position: position, Message: fmt.Sprintf(format, args...)}
	}
	// The engine's C interface would end the text at a NUL.
	if at := strings.IndexByte(sql, 0); at >= 0 {
		return refuse(at, "a NUL character is not SQL")
	}
	explain, inner := cutExplain(sql)
	offset := len(sql) - len(inner)
	tree, err := parseTree(conn, inner)
	if err != nil {
		return statement{}, err
	}
	switch {
	case tree.Error && tree.Type == "not implemented":
		err := &SQLError{SQL: sql, Position: -1, Message: "only statements that read are allowed: SELECT, WITH, VALUES, FROM, DESCRIBE, SUMMARIZE, SHOW, EXPLAIN"}
		if strings.Contains(strings.ToUpper(sql), "PIVOT") {
			err.Hint = "a PIVOT must name its values: PIVOT events ON event_name IN ('CreateUser', 'DeleteUser') USING count(*)"
		}
		return statement{}, err
	case tree.Error:
		return refuse(tree.offset(offset), "%s", tree.Message)
	case len(tree.Statements) == 0:
		return refuse(-1, "there is no statement")
	case len(tree.Statements) > 1:
		return refuse(-1, "one statement at a time, there are %d", len(tree.Statements))
	}
	if fault := findFault(tree.Statements[0]); fault != nil {
		position := -1
		if fault.location <= len(inner) {
			position = fault.location + offset
		}
		return statement{}, &SQLError{SQL: sql, Position: position, Message: fault.message, Hint: fault.hint}
	}
	checked := statement{sql: sql, athena: useOf(tree.Statements[0]), views: needed(tree.Statements[0], views())}
	if explain != "" {
		checked.sql = explain + strings.Repeat(" ", offset-len(explain)) + inner
	}
	return checked, nil
}

// syntaxTree is the result of json_serialize_sql.
type syntaxTree struct {
	Error      bool   `json:"error"`
	Type       string `json:"error_type"`
	Message    string `json:"error_message"`
	Position   string `json:"position"`
	Statements []any  `json:"statements"`
}

// offset returns the position of a syntax error in the whole text, or -1.
func (t syntaxTree) offset(base int) int {
	position := -1
	if _, err := fmt.Sscan(t.Position, &position); err != nil {
		return -1
	}
	return position + base
}

func parseTree(conn bindings.Connection, sql string) (syntaxTree, error) {
	var tree syntaxTree
	rows, err := run(conn, "SELECT json_serialize_sql($sql::VARCHAR)", map[string]any{"sql": sql})
	if err != nil {
		return tree, err
	}
	row, err := rows.Next()
	if err == nil {
		text, _ := row[0].(resultJSON)
		err = json.Unmarshal([]byte(text), &tree)
	}
	if err != nil {
		err = fmt.Errorf("parse statement: %w", err)
	}
	return tree, closing(rows, err)
}

// fault is a part of a statement that must not run.
type fault struct {
	location      int // byte offset in the statement, beyond it when unknown
	message, hint string
}

// findFault returns the first fault of the tree, or nil.
func findFault(node any) *fault {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			if f := findFault(child); f != nil {
				return f
			}
		}
	case map[string]any:
		if f := unsafeFunction(n); f != nil {
			return f
		}
		if f := misreadArrow(n); f != nil {
			return f
		}
		for _, key := range slices.Sorted(maps.Keys(n)) {
			if f := findFault(n[key]); f != nil {
				return f
			}
		}
	}
	return nil
}

// unsafeFunction finds a table function that is not known to be safe, and the
// one scalar function that plans SQL given as a string.
func unsafeFunction(node map[string]any) *fault {
	name, _ := node["function_name"].(string)
	safe := !strings.EqualFold(name, "json_serialize_plan")
	if node["type"] == "TABLE_FUNCTION" {
		function, _ := node["function"].(map[string]any)
		name, _ = function["function_name"].(string)
		safe = slices.Contains(safeTableFunctions[:], strings.ToLower(name))
	}
	if safe {
		return nil
	}
	return &fault{
		location: location(node),
		message:  fmt.Sprintf("function %s is not allowed here: queries read the views events and cloudtrail_logs only", name),
	}
}

// misreadArrow finds a -> or ->> whose left side is a condition. In DuckDB, AND,
// OR and NOT bind tighter than the arrows, so that
//
//	a = 1 AND request->>'name' = 'x'
//
// looks for 'name' in (a = 1 AND request). Nobody means that, and more often
// than an error it gives an answer without rows.
func misreadArrow(node map[string]any) *fault {
	var left any
	switch {
	case node["function_name"] == "->>":
		if children, ok := node["children"].([]any); ok && len(children) > 0 {
			left = children[0]
		}
	case node["class"] == "LAMBDA":
		left = node["lhs"]
	}
	condition, _ := left.(map[string]any)
	if condition["class"] != "CONJUNCTION" && condition["type"] != "OPERATOR_NOT" {
		return nil
	}
	return &fault{
		location: location(node),
		message:  "AND, OR and NOT bind tighter than -> and ->>, so this looks into a condition",
		hint:     "put parentheses around it: ... AND (request_parameters->>'$.userName') = 'alice'",
	}
}

func location(node map[string]any) int {
	at, _ := node["query_location"].(float64)
	return int(min(at, 1<<31))
}

// cutExplain splits a leading EXPLAIN or EXPLAIN ANALYZE from the statement it
// explains, which is then checked like any other. Anything it does not
// recognise stays in the statement, where the parser rejects it.
func cutExplain(sql string) (explain, inner string) {
	rest, found := cutKeyword(sql, "EXPLAIN")
	if !found {
		return "", sql
	}
	if analyzed, found := cutKeyword(rest, "ANALYZE"); found {
		return "EXPLAIN ANALYZE", analyzed
	}
	return "EXPLAIN", rest
}

func cutKeyword(sql, keyword string) (rest string, found bool) {
	sql = skipBlank(sql)
	if len(sql) <= len(keyword) || !strings.EqualFold(sql[:len(keyword)], keyword) {
		return "", false
	}
	rest = sql[len(keyword):]
	if next := rest[0]; next == '_' || next == '$' || next >= 0x80 || isAlphanumeric(next) {
		return "", false
	}
	return rest, true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// skipBlank drops leading white space and comments.
func skipBlank(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n\f\v")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			_, rest, closed := strings.Cut(sql[2:], "*/")
			if !closed {
				return sql
			}
			sql = rest
		default:
			return sql
		}
	}
}

// Package engine is what a query engine is asked: a statement, and whose SQL it is.
package engine

// Dialect is the SQL dialect of a statement.
type Dialect string

// The dialects. AnyDialect means Trino's for a statement that names
// cloudtrail_logs, as Athena's do, and DuckDB's for any other.
const (
	AnyDialect Dialect = ""
	DuckDB     Dialect = "duckdb"
	Trino      Dialect = "trino"
)

// Known reports whether there is such a dialect.
func (d Dialect) Known() bool { return d == AnyDialect || d == DuckDB || d == Trino }

// Statement is one SQL statement.
type Statement struct {
	SQL     string
	Dialect Dialect
	// Params are the values of the $name placeholders in the SQL: string, bool,
	// int64, float64 or time.Time.
	Params map[string]any
}

// Asked is what a statement asks for.
type Asked struct {
	// Conditions are the columns in conditions, by their names in lower case, and for
	// each the text values, literal or bound, with which it is compared by = and IN.
	Conditions map[string][]string
	// Columns are the names of all columns that the statement names, in lower case, in
	// order and each once. AllColumns is one of them if it selects * of the view events.
	Columns []string
}

// AllColumns stands for every column of a view.
const AllColumns = "*"

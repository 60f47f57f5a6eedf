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

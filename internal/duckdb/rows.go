package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/result"
)

// resultJSON keeps the name of the imported package free for results.
type resultJSON = result.JSON

// Query checks and runs one statement and returns its rows. A mistake in the SQL
// is an *SQLError, an exceeded limit a *LimitError. When ctx ends, the query
// ends at once with the cause of ctx. The caller closes the rows.
func (db *DB) Query(ctx context.Context, asked engine.Statement) (result.Reader, error) {
	translated, err := translate(asked.Dialect, asked.SQL)
	if err != nil {
		return nil, err
	}
	s, err := db.newSession(ctx)
	if err != nil {
		return nil, err
	}
	err = s.step(func() (err error) {
		s.rows, err = s.checkAndRun(translated, asked.Params)
		return err
	})
	if err != nil {
		s.close()
		return nil, translated.restore(err)
	}
	s.rows.translated = translated
	s.rows.session = s
	return s.rows, nil
}

func (s *session) checkAndRun(translated translation, params map[string]any) (*Rows, error) {
	checked, err := check(s.conn, translated.SQL)
	if err != nil {
		return nil, err
	}
	if err := s.db.create(s.conn, checked.views); err != nil {
		return nil, fmt.Errorf("run query: %w", err)
	}
	// Macros of a connection hide DuckDB's functions of their names.
	for _, macro := range translated.Macros() {
		if err := execute(s.conn, macro); err != nil {
			return nil, fmt.Errorf("run query: %w", err)
		}
	}
	if checked.athena.identity != nil || checked.athena.path {
		// A temporary view hides the other one from this connection.
		if err := execute(s.conn, "CREATE TEMP "+athenaView(checked.athena)); err != nil {
			return nil, fmt.Errorf("run query: %w", err)
		}
	}
	if err := s.leaveOutDamaged(checked, params); err != nil {
		return nil, fmt.Errorf("run query: %w", err)
	}
	return run(s.conn, checked.sql, params)
}

// Rows are the rows of a query, read from the engine as they are produced. It
// is a result.Reader.
type Rows struct {
	sql     string
	columns []result.Column
	binders []binder

	stmt    bindings.PreparedStatement
	result  bindings.Result
	chunk   bindings.DataChunk
	readers []reader
	next    int // row of the chunk to read next
	size    int // rows in the chunk
	row     []any

	closed     bool
	translated translation
	session    *session // of the query that produces the rows; nil for our own
}

// Columns describes the columns of the result.
func (r *Rows) Columns() []result.Column { return r.columns }

// Next returns the next row, or io.EOF after the last one.
func (r *Rows) Next() ([]any, error) {
	for r.next == r.size {
		if err := r.advance(); err != nil {
			return nil, err
		}
	}
	if r.session != nil && r.session.ctx.Err() != nil {
		return nil, r.session.reason(nil)
	}
	for i, read := range r.readers {
		r.row[i] = read(r.next)
	}
	r.next++
	return r.row, nil
}

func (r *Rows) advance() error {
	if r.session == nil {
		return r.fetch()
	}
	return r.translated.restore(r.session.step(r.fetch))
}

func (r *Rows) fetch() error {
	bindings.DestroyDataChunk(&r.chunk)
	r.next, r.size = 0, 0
	r.chunk = bindings.FetchChunk(r.result)
	if r.chunk.Ptr == nil {
		if text := bindings.ResultError(&r.result); text != "" {
			return parseError(text, r.sql, 0)
		}
		return io.EOF
	}
	r.size = int(bindings.DataChunkGetSize(r.chunk))
	for i, bind := range r.binders {
		r.readers[i] = bind(bindings.DataChunkGetVector(r.chunk, bindings.IdxT(i)))
	}
	return nil
}

// Close releases the result and its connection.
func (r *Rows) Close() error {
	if r.session == nil {
		r.destroy()
		return nil
	}
	if !r.closed {
		r.session.close()
	}
	r.closed = true
	return nil
}

func (r *Rows) destroy() {
	bindings.DestroyDataChunk(&r.chunk)
	bindings.DestroyResult(&r.result)
	bindings.DestroyPrepare(&r.stmt)
}

// closing closes rows and joins the errors.
func closing(rows *Rows, err error) error { return errors.Join(err, rows.Close()) }

// run prepares, binds and starts a statement that has been checked.
func run(conn bindings.Connection, sql string, params map[string]any) (*Rows, error) {
	rows := &Rows{sql: sql}
	if err := rows.start(conn, params); err != nil {
		return nil, closing(rows, err)
	}
	return rows, nil
}

func (r *Rows) start(conn bindings.Connection, params map[string]any) error {
	if err := r.prepare(conn); err != nil {
		return err
	}
	if err := bindParams(r.stmt, r.sql, params); err != nil {
		return err
	}
	var pending bindings.PendingResult
	defer func() { bindings.DestroyPending(&pending) }()
	// The streaming form is marked deprecated without a replacement; the other
	// one holds the whole result in memory before the first row is seen.
	if bindings.PendingPreparedStreaming(r.stmt, &pending) == bindings.StateError {
		return parseError(bindings.PendingError(pending), r.sql, 0)
	}
	if bindings.ExecutePending(pending, &r.result) == bindings.StateError {
		return parseError(bindings.ResultError(&r.result), r.sql, 0)
	}
	return r.describe()
}

// prepare parses the SQL and makes sure, once more, that it is one statement
// of a kind that reads.
func (r *Rows) prepare(conn bindings.Connection) error {
	var list bindings.ExtractedStatements
	count := bindings.ExtractStatements(conn, r.sql, &list)
	defer bindings.DestroyExtracted(&list)
	if count == 0 {
		return parseError(bindings.ExtractStatementsError(list), r.sql, 0)
	}
	if count != 1 {
		return &SQLError{SQL: r.sql, Position: -1, Message: "one statement at a time"}
	}
	if bindings.PrepareExtractedStatement(conn, list, 0, &r.stmt) == bindings.StateError {
		return parseError(bindings.PrepareError(r.stmt), r.sql, 0)
	}
	switch bindings.PreparedStatementType(r.stmt) {
	case bindings.StatementTypeSelect, bindings.StatementTypeExplain:
		return nil
	}
	return &SQLError{SQL: r.sql, Position: -1, Message: "only statements that read are allowed"}
}

// describe prepares the readers of all columns.
func (r *Rows) describe() error {
	count := int(bindings.ColumnCount(&r.result))
	for i := range count {
		name := bindings.ColumnName(&r.result, bindings.IdxT(i))
		logical := bindings.ColumnLogicalType(&r.result, bindings.IdxT(i))
		bind, sqlType, err := compile(logical)
		bindings.DestroyLogicalType(&logical)
		if err != nil {
			return &SQLError{SQL: r.sql, Position: -1, Message: fmt.Sprintf("column %q: %v", name, err), Hint: "cast it to VARCHAR"}
		}
		r.columns = append(r.columns, result.Column{Name: name, Type: sqlType})
		r.binders = append(r.binders, bind)
	}
	r.readers = make([]reader, count)
	r.row = make([]any, count)
	return nil
}

package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// writePart writes rows, given as a SELECT of some of a part's columns, as a
// Parquet part of the day, of the first schema.
func writePart(t *testing.T, dir string, day time.Time, rows string) Part {
	t.Helper()
	folder := filepath.Join(dir, day.Format("year=2006/month=01/day=02"))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(folder, "part.parquet")
	unlocked(t, fmt.Sprintf("COPY (SELECT * EXCLUDE (year, month, day, event_date) FROM %s UNION ALL BY NAME %s) TO %s (FORMAT parquet)",
		emptySource(lake.RecordColumns()), rows, quote(part)))
	return Part{Path: part, Schema: 1}
}

// unlocked runs statements in an engine of its own, without any lock.
func unlocked(t *testing.T, statements ...string) {
	t.Helper()
	var db bindings.Database
	var config bindings.Config
	bindings.CreateConfig(&config)
	defer bindings.DestroyConfig(&config)
	var reason string
	if bindings.OpenExt(":memory:", &db, config, &reason) == bindings.StateError {
		t.Fatal(reason)
	}
	defer bindings.Close(&db)
	var conn bindings.Connection
	bindings.Connect(db, &conn)
	defer bindings.Disconnect(&conn)
	for _, statement := range statements {
		if err := execute(conn, statement); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
	}
}

// tenDays is a lake of 100 events a day from 2026-01-01 to 2026-01-10, one
// every minute from 12:00.
func tenDays(t *testing.T) []Part {
	t.Helper()
	dir := t.TempDir()
	var parts []Part
	for i := range 10 {
		day := time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC)
		parts = append(parts, writePart(t, dir, day, fmt.Sprintf(`
			SELECT TIMESTAMP '%s 12:00:00' + INTERVAL (n) MINUTE AS event_time,
				'id-%d-' || n AS event_id, 's3.amazonaws.com' AS event_source,
				CASE WHEN n %% 10 = 0 THEN 'DeleteBucket' ELSE 'GetObject' END AS event_name,
				'eu-west-2' AS aws_region, '111122223333' AS account_id, n %% 10 <> 0 AS read_only,
				'IAMUser' AS identity_type, 'alice' AS identity_user_name,
				'{"bucketName":"b' || n || '","size":12345678901234567890.10}' AS request_parameters,
				'[{"ARN":"arn:aws:s3:::b","accountId":"111122223333","type":"AWS::S3::Bucket"}]' AS resources
			FROM range(100) r(n)`, day.Format(time.DateOnly), i)))
	}
	return parts
}

func open(t *testing.T, opts Options) *DB {
	t.Helper()
	db, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// all reads every row of a query.
func all(db *DB, sql string, params map[string]any) ([][]any, error) {
	return allIn(db, engine.AnyDialect, sql, params)
}

func allIn(db *DB, dialect engine.Dialect, sql string, params map[string]any) ([][]any, error) {
	rows, err := db.Query(context.Background(), engine.Statement{SQL: sql, Dialect: dialect, Params: params})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list [][]any
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, append([]any(nil), row...))
	}
}

func mustAll(t *testing.T, db *DB, sql string) [][]any {
	t.Helper()
	list, err := all(db, sql, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return list
}

func mustAllIn(t *testing.T, db *DB, dialect engine.Dialect, sql string) [][]any {
	t.Helper()
	list, err := allIn(db, dialect, sql, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return list
}

package duckdb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

func TestReadingStatementsAreAllowed(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	for _, sql := range []string{
		"SELECT 1",
		"select count(*) from events;",
		"  -- a comment\n/* another */ SELECT 1",
		"WITH a AS (SELECT 1 AS x) SELECT * FROM a",
		"WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a WHERE x < 3) SELECT * FROM a",
		"VALUES (1), (2)",
		"FROM events LIMIT 1",
		"FROM events SELECT count(*)",
		"TABLE events",
		"DESCRIBE events",
		"DESCRIBE SELECT 1",
		"SUMMARIZE SELECT event_name FROM events",
		"SHOW TABLES",
		"EXPLAIN SELECT 1",
		"explain analyze\nselect count(*) from events",
		"SELECT * FROM range(3)",
		"SELECT unnest([1, 2]), * FROM unnest([3, 4])",
		"SELECT e.value FROM events, json_each(request_parameters) e LIMIT 1",
		"SELECT event_name, row_number() OVER (ORDER BY event_time) AS n FROM events QUALIFY n < 3",
		"PIVOT events ON event_name IN ('GetObject', 'DeleteBucket') USING count(*) GROUP BY account_id",
		"SELECT list_transform([1], lambda x: x + 1), [x FOR x IN [1, 2] IF x > 1], COLUMNS('event_.*') FROM events LIMIT 1",
		"SELECT count(*) FROM events WHERE request_parameters->>'$.bucketName' = 'b1' AND read_only",
		"SELECT count(*) FROM events WHERE read_only AND (request_parameters->>'$.bucketName') = 'b1'",
		"SELECT list_filter([1, 2], x -> x > 1 AND x < 3)",
		"SELECT table_name FROM information_schema.tables",
	} {
		if _, err := all(db, sql, nil); err != nil {
			t.Errorf("%v\n%s", err, sql)
		}
	}
}

// Every way out of the two views that is known, and some that are only feared.
func TestEverythingElseIsRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "written")
	parts := tenDays(t)
	db := open(t, Options{Parts: parts})
	expand := strings.NewReplacer("OUTSIDE", quote(outside), "TARGET", quote(target), "PART", quote(parts[0].Path)).Replace

	for _, sql := range []string{
		// reading files
		"SELECT * FROM read_text(OUTSIDE)",
		"SELECT * FROM read_blob(OUTSIDE)",
		"SELECT * FROM read_csv(OUTSIDE)",
		"SELECT * FROM read_csv_auto(OUTSIDE)",
		"SELECT * FROM sniff_csv(OUTSIDE)",
		"SELECT * FROM read_json(OUTSIDE)",
		"SELECT * FROM read_ndjson_objects(OUTSIDE)",
		"SELECT * FROM read_parquet(OUTSIDE)",
		"SELECT * FROM parquet_scan(OUTSIDE)",
		"SELECT * FROM parquet_metadata(PART)",
		"SELECT * FROM parquet_kv_metadata(PART)",
		"SELECT * FROM glob('/*')",
		"SELECT * FROM OUTSIDE",
		"FROM '/etc/passwd'",
		"FROM 'https://example.com/x.parquet'",
		"SELECT * FROM read_duckdb(OUTSIDE)",
		"SELECT * FROM system.main.read_text(OUTSIDE)",
		"SELECT * FROM READ_TEXT(OUTSIDE)",
		`SELECT * FROM "read_text"(OUTSIDE)`,
		// the same, nested
		"SELECT (SELECT content FROM read_text(OUTSIDE))",
		"SELECT * FROM events WHERE EXISTS (FROM read_text(OUTSIDE))",
		"WITH a AS (SELECT * FROM read_text(OUTSIDE)) SELECT * FROM a",
		"WITH a AS MATERIALIZED (SELECT 1), b AS (FROM read_text(OUTSIDE)) FROM a, b",
		"SELECT 1 UNION ALL SELECT content FROM read_text(OUTSIDE)",
		"SELECT * FROM events, LATERAL (SELECT * FROM read_text(OUTSIDE))",
		"SELECT * FROM (PIVOT (FROM read_text(OUTSIDE)) ON size IN (1) USING count(*))",
		"SELECT [x FOR x IN (SELECT content FROM read_text(OUTSIDE))]",
		"SELECT 1 ORDER BY (SELECT content FROM read_text(OUTSIDE))",
		"SELECT 1 LIMIT (SELECT size FROM read_text(OUTSIDE))",
		"DESCRIBE FROM read_text(OUTSIDE)",
		"SUMMARIZE FROM read_text(OUTSIDE)",
		"EXPLAIN ANALYZE FROM read_text(OUTSIDE)",
		"SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
		"SELECT * FROM query_table(OUTSIDE)",
		"SELECT json_serialize_plan('SELECT * FROM enable_profiling()')",
		"SELECT JSON_serialize_PLAN(event_name) FROM events",
		"SELECT * FROM histogram(OUTSIDE, content)",
		"FROM histogram_values(OUTSIDE, content)",
		"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
		// writing
		"COPY (SELECT 1) TO TARGET",
		"COPY events TO TARGET (FORMAT parquet)",
		"EXPORT DATABASE TARGET",
		"EXPLAIN COPY (SELECT 1) TO TARGET",
		"EXPLAIN ANALYZE COPY (SELECT 1) TO TARGET",
		"EXPLAIN /* */ ANALYZE -- \n COPY (SELECT 1) TO TARGET",
		"EXPLAIN (ANALYZE) COPY (SELECT 1) TO TARGET",
		"SELECT * FROM query('COPY (SELECT 1) TO ''x''')",
		"SELECT * FROM enable_profiling(save_location := TARGET)",
		"SELECT * FROM enable_logging(storage := 'file', storage_path := TARGET)",
		"CALL enable_logging(storage := 'file', storage_path := TARGET)",
		"SELECT * FROM force_checkpoint()",
		"SELECT * FROM checkpoint()",
		// changing things
		"CREATE TABLE t AS SELECT 1",
		"CREATE TEMP TABLE t (a INT)",
		"CREATE OR REPLACE VIEW events AS SELECT 1",
		"CREATE MACRO m() AS TABLE FROM read_text('/etc/passwd')",
		"CREATE SECRET s (TYPE s3)",
		"CREATE TYPE x AS ENUM ('a')",
		"DROP VIEW events",
		"INSERT INTO events VALUES (1)",
		"UPDATE events SET event_id = ''",
		"DELETE FROM events",
		"TRUNCATE events",
		"ALTER VIEW events RENAME TO x",
		"COMMENT ON VIEW events IS ''",
		"WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x",
		"SELECT 1 INTO t",
		"SET lock_configuration = false",
		"SET enable_external_access = true",
		"SET VARIABLE a = 1",
		"RESET ALL",
		"PRAGMA enable_profiling",
		"PRAGMA database_list",
		"USE memory",
		"ATTACH OUTSIDE AS x",
		"ATTACH ':memory:' AS x",
		"DETACH memory",
		"EXPLAIN ATTACH OUTSIDE",
		"INSTALL httpfs",
		"LOAD httpfs",
		"FORCE INSTALL httpfs",
		"CALL pragma_version()",
		"CHECKPOINT",
		"VACUUM",
		"ANALYZE",
		"BEGIN",
		"COMMIT",
		"PREPARE p AS SELECT 1",
		"EXECUTE p",
		"IMPORT DATABASE OUTSIDE",
		"PIVOT events ON event_name USING count(*)",
		// telling about the machine
		"SELECT getenv('HOME')",
		"SELECT * FROM duckdb_secrets()",
		"SELECT * FROM which_secret('s3://x', 's3')",
		"SELECT * FROM duckdb_settings()",
		"SELECT * FROM duckdb_logs()",
		"SELECT * FROM duckdb_extensions()",
		"SELECT * FROM duckdb_temporary_files()",
		// conditions that are not what they look like
		"SELECT count(*) FROM events WHERE read_only AND request_parameters->>'$.a' = 'b'",
		"SELECT count(*) FROM events WHERE read_only OR request_parameters->'$.a' = 'b'",
		"SELECT count(*) FROM events WHERE NOT request_parameters->>'$.a' = 'b'",
		// more than one
		"SELECT 1; SELECT 2",
		"SELECT 1; COPY (SELECT 1) TO TARGET",
		"EXPLAIN SELECT 1; COPY (SELECT 1) TO TARGET",
		"SELECT 1; EXPLAIN ANALYZE COPY (SELECT 1) TO TARGET",
		"",
		"  ",
		";",
		"-- nothing",
		"EXPLAIN",
		"EXPLAIN ANALYZE",
		"EXPLAINSELECT 1",
		"COPY (SELECT 1) TO TARGET --\x00",
		"SELECT 1\x00; COPY (SELECT 1) TO TARGET",
	} {
		sql = expand(sql)
		rows, err := all(db, sql, nil)
		var mistake *SQLError
		if !errors.As(err, &mistake) {
			t.Errorf("error = %v, rows = %v, want an SQLError\n%s", err, rows, sql)
		}
		if _, err := os.Stat(target); err == nil {
			t.Fatalf("a file was written by\n%s", sql)
		}
	}
	if got := mustAll(t, db, "SELECT count(*) FROM events")[0][0]; got != int64(1000) {
		t.Errorf("afterwards events has %v rows, want 1000", got)
	}
}

// The engine itself is locked too, should a statement ever pass the guard.
func TestEngineIsLocked(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	conn, err := db.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer bindings.Disconnect(&conn)
	target := filepath.Join(t.TempDir(), "written")
	for _, sql := range []string{
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM glob('/*')",
		"COPY (SELECT 1) TO " + quote(target),
		"SET enable_external_access = true",
		"SET lock_configuration = false",
		"SET threads = 1",
		"ATTACH " + quote(target) + " AS x",
		"INSTALL httpfs",
		"LOAD httpfs",
		"CREATE PERSISTENT SECRET s (TYPE s3)",
		"EXPORT DATABASE " + quote(target),
	} {
		if err := execute(conn, sql); err == nil {
			t.Errorf("the engine ran %s", sql)
		}
	}
}

func FuzzCutExplain(f *testing.F) {
	for _, seed := range []string{"EXPLAIN SELECT 1", "explain/**/analyze\nFROM x", "-- EXPLAIN\nSELECT", "/* /* */ EXPLAIN", "EXPLAINx"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		explain, inner := cutExplain(sql)
		if !strings.HasSuffix(sql, inner) || len(explain)+len(inner) > len(sql) {
			t.Errorf("cutExplain(%q) = %q, %q: what is checked is not what was given", sql, explain, inner)
		}
	})
}

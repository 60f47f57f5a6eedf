package duckdb

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/result"
)

// Each value is read from the engine's memory, and told as text and as JSON.
func TestValues(t *testing.T) {
	db := open(t, Options{})
	for _, c := range []struct{ sql, sqlType, text, json string }{
		{"NULL", "INTEGER", "", "null"},
		{"NULL::INTEGER", "INTEGER", "", "null"},
		{"true", "BOOLEAN", "true", "true"},
		{"(-128)::TINYINT", "TINYINT", "-128", "-128"},
		{"(-32768)::SMALLINT", "SMALLINT", "-32768", "-32768"},
		{"42", "INTEGER", "42", "42"},
		{"9223372036854775807", "BIGINT", "9223372036854775807", "9223372036854775807"},
		{"255::UTINYINT", "UTINYINT", "255", "255"},
		{"65535::USMALLINT", "USMALLINT", "65535", "65535"},
		{"4294967295::UINTEGER", "UINTEGER", "4294967295", "4294967295"},
		{"18446744073709551615::UBIGINT", "UBIGINT", "18446744073709551615", "18446744073709551615"},
		{"170141183460469231731687303715884105727", "HUGEINT", "170141183460469231731687303715884105727", "170141183460469231731687303715884105727"},
		{"(-170141183460469231731687303715884105728)::HUGEINT", "HUGEINT", "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
		{"340282366920938463463374607431768211455::UHUGEINT", "UHUGEINT", "340282366920938463463374607431768211455", "340282366920938463463374607431768211455"},
		{"0.1::FLOAT", "FLOAT", "0.1", "0.1"},
		{"1e300::DOUBLE", "DOUBLE", "1e+300", "1e+300"},
		{"12345678.5::DOUBLE", "DOUBLE", "12345678.5", "12345678.5"},
		{"'NaN'::DOUBLE", "DOUBLE", "NaN", `"NaN"`},
		{"'-inf'::DOUBLE", "DOUBLE", "-Infinity", `"-Infinity"`},
		{"1.50::DECIMAL(4,2)", "DECIMAL(4,2)", "1.50", "1.50"},
		{"(-0.05)::DECIMAL(9,2)", "DECIMAL(9,2)", "-0.05", "-0.05"},
		{"123456789012.345678::DECIMAL(18,6)", "DECIMAL(18,6)", "123456789012.345678", "123456789012.345678"},
		{"99999999999999999999999999999999999.999::DECIMAL(38,3)", "DECIMAL(38,3)", "99999999999999999999999999999999999.999", "99999999999999999999999999999999999.999"},
		{"7::DECIMAL(4,0)", "DECIMAL(4,0)", "7", "7"},
		{"''", "VARCHAR", "", `""`},
		{"'twelve bytes'", "VARCHAR", "twelve bytes", `"twelve bytes"`},
		{"'thirteen byte'", "VARCHAR", "thirteen byte", `"thirteen byte"`},
		{`'quote " back \ tab' || chr(9) || chr(27) || '[31m é 日'`, "VARCHAR", "quote \" back \\ tab\t\x1b[31m é 日", `"quote \" back \\ tab\t\u001b[31m é 日"`},
		{`'{"a": 1.10, "b": 12345678901234567890123}'::JSON`, "JSON", `{"a": 1.10, "b": 12345678901234567890123}`, `{"a": 1.10, "b": 12345678901234567890123}`},
		{`'\x00\xFF'::BLOB`, "BLOB", "00ff", `"AP8="`},
		{"'0101100001'::BIT", "BIT", "0101100001", `"0101100001"`},
		{"'00112233-4455-6677-8899-aabbccddeeff'::UUID", "UUID", "00112233-4455-6677-8899-aabbccddeeff", `"00112233-4455-6677-8899-aabbccddeeff"`},
		{"DATE '2026-01-11'", "DATE", "2026-01-11", `"2026-01-11"`},
		{"DATE '1890-02-03'", "DATE", "1890-02-03", `"1890-02-03"`},
		{"'infinity'::DATE", "DATE", "infinity", `"infinity"`},
		{"TIME '01:02:03.5'", "TIME", "01:02:03.5", `"01:02:03.5"`},
		{"'01:02:03-05:30'::TIMETZ", "TIME WITH TIME ZONE", "01:02:03-05:30", `"01:02:03-05:30"`},
		{"TIMESTAMP '2023-07-10 11:42:36'", "TIMESTAMP", "2023-07-10T11:42:36Z", `"2023-07-10T11:42:36Z"`},
		{"TIMESTAMP '1969-12-31 23:59:59.25'", "TIMESTAMP", "1969-12-31T23:59:59.25Z", `"1969-12-31T23:59:59.25Z"`},
		{"TIMESTAMPTZ '2023-07-10 11:42:36+02'", "TIMESTAMP WITH TIME ZONE", "2023-07-10T09:42:36Z", `"2023-07-10T09:42:36Z"`},
		{"TIMESTAMP_S '2023-07-10 11:42:36'", "TIMESTAMP_S", "2023-07-10T11:42:36Z", `"2023-07-10T11:42:36Z"`},
		{"TIMESTAMP_MS '2023-07-10 11:42:36.123'", "TIMESTAMP_MS", "2023-07-10T11:42:36.123Z", `"2023-07-10T11:42:36.123Z"`},
		{"TIMESTAMP_NS '2023-07-10 11:42:36.123456789'", "TIMESTAMP_NS", "2023-07-10T11:42:36.123456789Z", `"2023-07-10T11:42:36.123456789Z"`},
		{"'-infinity'::TIMESTAMP", "TIMESTAMP", "-infinity", `"-infinity"`},
		{"INTERVAL '14 months 3 days 04:05:06.5'", "INTERVAL", "1 year 2 months 3 days 04:05:06.5", `"1 year 2 months 3 days 04:05:06.5"`},
		{"INTERVAL '0 days'", "INTERVAL", "00:00:00", `"00:00:00"`},
		{"'b'::ENUM('a', 'b')", "ENUM", "b", `"b"`},
		{"[1, NULL, 3]", "INTEGER[]", "[1,null,3]", "[1,null,3]"},
		{"[]::VARCHAR[]", "VARCHAR[]", "[]", "[]"},
		{"[[1], []]", "INTEGER[][]", "[[1],[]]", "[[1],[]]"},
		{"[1.5, 2.5]::DOUBLE[2]", "DOUBLE[2]", "[1.5,2.5]", "[1.5,2.5]"},
		{"{'b': 1, 'a': {'c': 'x'}}", "STRUCT(b INTEGER, a STRUCT(c VARCHAR))", `{"b":1,"a":{"c":"x"}}`, `{"b":1,"a":{"c":"x"}}`},
		{"NULL::STRUCT(a INTEGER)", "STRUCT(a INTEGER)", "", "null"},
		{"MAP {'k': 1, 'j': 2}", "MAP(VARCHAR, INTEGER)", `{"k":1,"j":2}`, `{"k":1,"j":2}`},
		{"MAP {DATE '2026-01-11': [1]}", "MAP(DATE, INTEGER[])", `{"2026-01-11":[1]}`, `{"2026-01-11":[1]}`},
		{"union_value(n := 5)::UNION(s VARCHAR, n INTEGER)", "UNION", "5", "5"},
		{"[{'j': '[1.0]'::JSON, 'n': 1.10}]", "STRUCT(j JSON, n DECIMAL(3,2))[]", `[{"j":[1.0],"n":1.10}]`, `[{"j":[1.0],"n":1.10}]`},
	} {
		rows, err := db.Query(context.Background(), engine.Statement{SQL: "SELECT " + c.sql + " AS v"})
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		row, err := rows.Next()
		if err != nil {
			t.Fatal(err)
		}
		got := []string{rows.Columns()[0].Type, result.Text(row[0]), string(result.AppendJSON(nil, row[0]))}
		if diff := cmp.Diff([]string{c.sqlType, c.text, c.json}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.sql, diff)
		}
		if _, err := rows.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: second row: %v, want io.EOF", c.sql, err)
		}
		rows.Close()
	}
}

func TestValuesAcrossChunks(t *testing.T) {
	db := open(t, Options{})
	rows := mustAll(t, db, `SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'value number ' || i END, [i, i + 1]
		FROM range(10000) r(i) ORDER BY i`)
	if len(rows) != 10000 {
		t.Fatalf("%d rows, want 10000", len(rows))
	}
	for i, row := range rows {
		n := int64(i)
		want := []any{n, any("value number " + result.Text(n)), []any{n, n + 1}}
		if i%3 == 0 {
			want[1] = nil
		}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Fatalf("row %d (-want +got)\n%s", i, diff)
		}
	}
}

func TestUnreadableTypeIsNamed(t *testing.T) {
	db := open(t, Options{})
	_, err := all(db, "SELECT 1::VARIANT AS v", nil)
	var mistake *SQLError
	if !errors.As(err, &mistake) || !strings.Contains(err.Error(), `column "v"`) {
		t.Errorf("error = %v, want one that names the column", err)
	}
}

func TestParams(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	at := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	sql := "SELECT count(*) FROM events WHERE event_time >= $since AND event_name = $name AND read_only = $ro AND 1 < $n"
	params := map[string]any{"since": at, "name": "DeleteBucket", "ro": false, "n": int64(2), "unused": "x"}
	rows, err := all(db, sql, params)
	if err != nil {
		t.Fatal(err)
	}
	if rows[0][0] != int64(60) {
		t.Errorf("rows = %v, want 60", rows[0][0])
	}
	delete(params, "name")
	if _, err := all(db, sql, params); err == nil || !strings.Contains(err.Error(), "no value for $name") {
		t.Errorf("error = %v, want one that names the parameter", err)
	}
	// A value is a value, whatever it looks like.
	rows, err = all(db, "SELECT $v", map[string]any{"v": "'; DROP VIEW events; --\x00"})
	if err != nil || rows[0][0] != "'; DROP VIEW events; --\x00" {
		t.Errorf("got %q, %v", rows, err)
	}
}

func TestCancel(t *testing.T) {
	db := open(t, Options{})
	const endless = "SELECT count(*) FROM range(1000000000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3"

	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := db.Query(ctx, engine.Statement{SQL: endless}); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want context.Canceled", err)
		}
	})
	t.Run("while it runs", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		rows, err := db.Query(ctx, engine.Statement{SQL: endless})
		if err == nil {
			_, err = rows.Next()
			rows.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want context.DeadlineExceeded", err)
		}
	})
	t.Run("between rows", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		rows, err := db.Query(ctx, engine.Statement{SQL: "SELECT * FROM range(1000000000000)"})
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if _, err := rows.Next(); err != nil {
			t.Fatal(err)
		}
		cancel()
		for err == nil {
			_, err = rows.Next()
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want context.Canceled", err)
		}
	})
}

// A trillion rows would not fit anywhere: the first ones come at once, and the
// rest are never made. The limit leaves room for what the race detector keeps of
// the values that Go was given.
func TestRowsStream(t *testing.T) {
	db := open(t, Options{MemoryLimit: 1 << 30})
	rows, err := db.Query(context.Background(), engine.Statement{SQL: "SELECT repeat('x', 1000) || range FROM range(1000000000000)"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for range 100000 {
		if _, err := rows.Next(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBigSortSpillsToItsOwnFolder(t *testing.T) {
	db := open(t, Options{MemoryLimit: 100 << 20, Threads: 1})
	rows, err := all(db, `SELECT count(*), max(n) FROM (
		SELECT hash(i) AS h, repeat('x', 200) || i AS pad, row_number() OVER (ORDER BY hash(i)) AS n FROM range(1000000) r(i))`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if rows[0][1] != int64(1000000) {
		t.Errorf("rows = %v", rows[0])
	}
}

func TestCloseRemovesTheTemporaryFolder(t *testing.T) {
	db, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(db.scratch.Path()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(db.scratch.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestQueriesAtOnce(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t)})
	first, err := db.Query(context.Background(), engine.Statement{SQL: "SELECT event_id FROM events"})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if got := mustAll(t, db, "SELECT count(*) FROM events")[0][0]; got != int64(1000) {
		t.Errorf("second query: %v", got)
	}
	count := 0
	for {
		if _, err := first.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		count++
	}
	if count != 1000 {
		t.Errorf("first query gave %d rows, want 1000", count)
	}
	runtime.KeepAlive(first)
}

func TestBuiltInExtensions(t *testing.T) {
	db := open(t, Options{})
	got := mustAll(t, db, `SELECT '{"a":1}'::JSON->>'a', strftime(TIMESTAMPTZ '2026-01-11 00:00:00+01', '%H:%M')`)
	if diff := cmp.Diff([][]any{{"1", "23:00"}}, got); diff != "" {
		t.Errorf("JSON and time zones work without installing anything (-want +got)\n%s", diff)
	}
}

func TestOpenRefusesParts(t *testing.T) {
	for _, part := range []string{"part.parquet", "/data/year=1999/lake/year=2026/month=01/day=01/a.parquet", "/MONTH=x/lake/year=2026/month=01/day=01/a.parquet"} {
		if _, err := Open(Options{Parts: []Part{{Path: part}}}); err == nil {
			t.Errorf("Open(%q) succeeded", part)
		}
	}
	missing := t.TempDir() + "/year=2026/month=01/day=01/gone.parquet"
	_, err := Open(Options{Parts: []Part{{Path: missing}}})
	var mistake *SQLError
	if err == nil || errors.As(err, &mistake) || !strings.Contains(err.Error(), "gone.parquet") {
		t.Errorf("error = %v, want a plain one that names the missing file", err)
	}
}

package report

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // reads the files back

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/result"
)

// expressions are values of each type, with the type that Parquet has for it
// where that is another one.
func expressions() []struct{ sql, parquetType string } {
	return []struct{ sql, parquetType string }{
		{"true", ""}, {"NULL::BOOLEAN", ""},
		{"(-128)::TINYINT", ""}, {"32767::SMALLINT", ""}, {"(-2147483648)::INTEGER", ""}, {"(-9223372036854775808)::BIGINT", ""},
		{"255::UTINYINT", ""}, {"65535::USMALLINT", ""}, {"4294967295::UINTEGER", ""}, {"18446744073709551615::UBIGINT", ""},
		{"(-99999999999999999999999999999999999999)::HUGEINT", "DECIMAL(38,0)"}, {"sum(9007199254740993)", "DECIMAL(38,0)"}, {"7::UHUGEINT", "DECIMAL(38,0)"},
		{"1.5::FLOAT", ""}, {"0.1::DOUBLE", ""}, {"'-Infinity'::DOUBLE", ""}, {"'NaN'::DOUBLE", ""},
		{"(-1.10)::DECIMAL(4,2)", ""}, {"12345678901234567890.123456789::DECIMAL(38,9)", ""}, {"0::DECIMAL(18,3)", ""},
		{"'text'", ""}, {"''", ""}, {"'日本 \x1b'", ""}, {"NULL::VARCHAR", ""},
		{`'{"n": 1.10}'::JSON`, ""}, {`'\x00\xff'::BLOB`, ""},
		{"DATE '1969-12-31'", ""}, {"DATE '2026-02-03'", ""},
		{"TIMESTAMP '2026-02-03 04:05:06.000007'", ""}, {"TIMESTAMP '1901-01-01 00:00:00'", ""},
		{"TIMESTAMPTZ '2026-02-03 04:05:06.000007+00'", ""}, {"'2026-02-03 04:05:06'::TIMESTAMP_S", "TIMESTAMP"},
		{"'2026-02-03 04:05:06.007'::TIMESTAMP_MS", "TIMESTAMP"}, {"'2026-02-03 04:05:06.000007008'::TIMESTAMP_NS", ""},
		{"'5d9b6f0e-0000-4000-8000-00000000000f'::UUID", ""}, {"TIME '04:05:06'", "VARCHAR"}, {"INTERVAL 3 DAY", "VARCHAR"},
		{"[1, NULL, 3]", ""}, {"[]::INTEGER[]", ""}, {"NULL::INTEGER[]", ""}, {"[[1], [], NULL, [2, NULL]]", ""}, {"['a', 'b']::VARCHAR[2]", "VARCHAR[]"},
		{"{'a': 1, 'b, \"c)': 'x'}", ""}, {"NULL::STRUCT(a INTEGER)", ""}, {"{'a': NULL::INTEGER, 'l': [{'m': 1}, NULL]}", ""},
		{"MAP {'k': 1, 'l': NULL}", ""}, {"MAP {1: ['x', NULL], 2: []}", ""}, {"MAP {}::MAP(VARCHAR, INTEGER)", ""},
	}
}

// DuckDB reads back each value with its type.
func TestParquetIsReadBack(t *testing.T) {
	db, err := duckdb.Open(duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	reader, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	dir := t.TempDir()
	for i, e := range expressions() {
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", i)) // DuckDB remembers files by name
		// The value among NULLs and in several rows.
		question := fmt.Sprintf("SELECT %s AS v UNION ALL SELECT NULL UNION ALL SELECT %[1]s", e.sql)
		rows, err := db.Query(t.Context(), engine.Statement{SQL: question})
		if err != nil {
			t.Fatalf("%s: %v", e.sql, err)
		}
		var file bytes.Buffer
		count, err := Write(&file, rows, Options{Format: Parquet})
		if err = errors.Join(err, rows.Close(), os.WriteFile(path, file.Bytes(), 0o600)); err != nil || count != 3 {
			t.Fatalf("%s: %d rows, %v", e.sql, count, err)
		}
		want := readColumn(t, reader, question)
		if e.parquetType != "" {
			for i := range want {
				want[i] = e.parquetType + strings.TrimPrefix(want[i], want[i][:strings.Index(want[i], ": ")])
			}
		}
		got := readColumn(t, reader, "FROM read_parquet('"+path+"')")
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s is read as\n%s\nwant\n%s", e.sql, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func readColumn(t *testing.T, db *sql.DB, question string) (values []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT typeof(v) || ': ' || coalesce(v::VARCHAR, 'NULL') FROM ("+question+")")
	if err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

// Many rows make several row groups, repeated names and columns without a type
// are written, and no rows are a file, too.
func TestParquetRowGroups(t *testing.T) {
	reader, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	dir := t.TempDir()
	for _, n := range []int{0, 1, groupRows, 2*groupRows + 1} {
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", n))
		rows := make([][]any, n)
		for i := range rows {
			rows[i] = []any{fmt.Sprint(i), int64(i)}
		}
		var file bytes.Buffer
		_, err := Write(&file, result.Of([]result.Column{{Name: "v"}, {Name: "v", Type: "BIGINT"}}, rows...), Options{Format: Parquet})
		if err = errors.Join(err, os.WriteFile(path, file.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		var count, agree int
		err = reader.QueryRowContext(t.Context(), "SELECT count(*), count(*) FILTER (v::BIGINT = v_2) FROM read_parquet('"+path+"')").Scan(&count, &agree)
		if err != nil || count != n || agree != n {
			t.Errorf("%d rows: %d, of which %d agree, %v", n, count, agree, err)
		}
	}
}

// What Parquet cannot hold is an error, and no file that looks complete.
func TestParquetErrors(t *testing.T) {
	for _, test := range []struct {
		sqlType string
		value   any
	}{
		{"TIMESTAMP", result.Literal("infinity")},
		{"DATE", result.Literal("infinity")},
		{"BIGINT", "text"},
		{"INTEGER[]", int64(1)},
		{"STRUCT(a INTEGER, b INTEGER)", result.Struct{{Name: "a", Value: int64(1)}}},
		{"MAP(INTEGER, INTEGER)", result.Map{{Key: nil, Value: int64(1)}}},
	} {
		var file bytes.Buffer
		_, err := Write(&file, result.Of([]result.Column{{Name: "v", Type: test.sqlType}}, []any{test.value}), Options{Format: Parquet})
		if err == nil || !strings.Contains(err.Error(), `column "v"`) || bytes.HasSuffix(file.Bytes(), []byte("PAR1")) && file.Len() > 4 {
			t.Errorf("%v as %s: %v, %d bytes", test.value, test.sqlType, err, file.Len())
		}
	}
	broken := errors.New("disk gone")
	if _, err := Write(io.Discard, &given{columns: columns("v"), rows: [][]any{{"x"}}, err: broken}, Options{Format: Parquet}); !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
}

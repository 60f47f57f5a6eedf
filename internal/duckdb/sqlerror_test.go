package duckdb

import (
	"errors"
	"strings"
	"testing"
)

func TestErrorsPointAtThePlace(t *testing.T) {
	db := open(t, Options{})
	for _, c := range []struct{ sql, want, hint string }{
		{
			"SELECT eventname\nFROM cloudtrail_logs\nWHERE eventnam = 'x'",
			"run query: line 3, column 7: Referenced column \"eventnam\" not found in FROM clause!\n" +
				"  3 | WHERE eventnam = 'x'\n" +
				"            ^",
			"the nearest columns are eventname, eventtime, eventid",
		},
		{
			"SELECT * FROM cloudtrail",
			"run query: line 1, column 15: Table with name cloudtrail does not exist!\n" +
				"  1 | SELECT * FROM cloudtrail\n" +
				"                    ^",
			"the views are events and cloudtrail_logs; SHOW TABLES lists them, DESCRIBE events tells the columns",
		},
		{
			"SELECT countt(*) FROM events",
			"run query: line 1, column 8: Scalar Function with name countt does not exist!\n" +
				"  1 | SELECT countt(*) FROM events\n" +
				"             ^",
			"did you mean count?",
		},
		{
			"SELEC 1",
			"run query: line 1, column 1: syntax error at or near \"SELEC\"\n" +
				"  1 | SELEC 1\n" +
				"      ^",
			"",
		},
		{
			"SELECT 1 +\n\n",
			"run query: line 1, column 11: syntax error at end of input\n" +
				"  1 | SELECT 1 +\n" +
				"                ^",
			"",
		},
		{
			"SELECT 'é日本', 'x'::INTEGER",
			"run query: line 1, column 18: Could not convert string 'x' to INT32\n" +
				"  1 | SELECT 'é日本', 'x'::INTEGER\n" +
				"                       ^",
			"",
		},
		{
			"EXPLAIN /* why */ ANALYZE SELECT\n\tnope FROM events",
			"run query: line 2, column 2: Referenced column \"nope\" not found in FROM clause!\n" +
				"  2 |  nope FROM events\n" +
				"       ^",
			"the nearest columns are response_elements, api_version, vpc_endpoint_account_id",
		},
		{
			"PIVOT events ON event_name USING count(*)",
			"run query: only statements that read are allowed: SELECT, WITH, VALUES, FROM, DESCRIBE, SUMMARIZE, SHOW, EXPLAIN",
			"a PIVOT must name its values: PIVOT events ON event_name IN ('CreateUser', 'DeleteUser') USING count(*)",
		},
		{
			"SELECT count(*) FROM events\nWHERE read_only AND request_parameters->>'$.userName' = 'bob'",
			"run query: line 2, column 39: AND, OR and NOT bind tighter than -> and ->>, so this looks into a condition\n" +
				"  2 | WHERE read_only AND request_parameters->>'$.userName' = 'bob'\n" +
				"                                            ^",
			"put parentheses around it: ... AND (request_parameters->>'$.userName') = 'alice'",
		},
		{"SELECT $x", "run query: line 1, column 8: no value for $x\n  1 | SELECT $x\n             ^", ""},
	} {
		_, err := all(db, c.sql, nil)
		var mistake *SQLError
		if !errors.As(err, &mistake) {
			t.Errorf("error = %v, want an SQLError\n%s", err, c.sql)
			continue
		}
		if err.Error() != c.want || mistake.Hint != c.hint {
			t.Errorf("got\n%s\nhint %q\nwant\n%s\nhint %q", err, mistake.Hint, c.want, c.hint)
		}
	}
}

func TestLongLinesAreShortened(t *testing.T) {
	padding := strings.Repeat("event_id, ", 100)
	sql := "SELECT " + padding + "nope, " + padding + "1 FROM events"
	err := &SQLError{SQL: sql, Position: strings.Index(sql, "nope"), Message: "unknown"}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || len(lines[1]) > 130 {
		t.Fatalf("excerpt is too long\n%s", err)
	}
	if place := strings.Index(lines[2], "^"); !strings.HasPrefix(lines[1][place:], "nope") {
		t.Errorf("the caret is not below its place\n%s", err)
	}
}

func FuzzSQLErrorPlace(f *testing.F) {
	f.Add("SELECT 1", 3)
	f.Add("a\nb\n\n", 4)
	f.Add("\t日本\x00\xff", 2)
	f.Fuzz(func(t *testing.T, sql string, position int) {
		text := (&SQLError{SQL: sql, Position: position, Message: "m"}).Error()
		if lines := strings.Count(text, "\n"); lines != 0 && lines != 2 {
			t.Errorf("%d line breaks in\n%s", lines, text)
		}
	})
}

// A damaged part is no mistake in the SQL: nothing is known then.
func TestDamagedPartIsNotTheSQL(t *testing.T) {
	err := parseError(`Invalid Input Error: {"exception_type":"Invalid Input","exception_message":"No magic bytes found at end of file '/lake/year=2026/month=01/day=05/part-00000002-0000.parquet'"}`, "FROM events", 0)
	if _, ok := errors.AsType[*SQLError](err); ok || err == nil || !strings.Contains(err.Error(), "a part of the lake cannot be read") {
		t.Errorf("got %T: %v", err, err)
	}
}

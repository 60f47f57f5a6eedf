package duckdb

import (
	"reflect"
	"strings"
	"testing"
)

// A statement sees every view that it names, whatever else it names, and gets the
// answer that it would get if all views existed before.
func TestNeeded(t *testing.T) {
	everything := "lake.records lake.rows lake.derived events cloudtrail_logs"
	db := open(t, Options{})
	for _, test := range []struct{ sql, views string }{
		{"SELECT 1", ""},
		{"SELECT count(*) FROM events", "events"},
		{"SELECT count(*) FROM main.EVENTS AS e", "events"},
		{"SELECT event_id FROM lake.rows", "lake.rows"},
		{"SELECT eventid FROM cloudtrail_logs", "lake.records cloudtrail_logs"},
		{"SELECT count(*) FROM events WHERE event_id IN (SELECT event_id FROM lake.derived)", "lake.derived events"},
		{"WITH mine AS (SELECT * FROM events) SELECT count(*) FROM mine", "events"},
		{"WITH events AS (SELECT * FROM events) SELECT count(*) FROM events", "events"},
		{"WITH a AS (WITH b AS (FROM events) FROM b) SELECT count(*) FROM a", "events"},
		{"FROM events UNION ALL FROM events", "events"},
		{"EXPLAIN SELECT count(*) FROM events", "events"},
		{"SELECT count(*) FROM range(3)", ""},
		{"SHOW TABLES", everything},
		{"EXPLAIN SELECT * FROM events, information_schema.tables", everything},
		{"DESCRIBE events", everything},
		{"SELECT view_name FROM duckdb_views()", everything},
		{"SELECT table_name FROM information_schema.tables", everything},
	} {
		got, err := all(db, test.sql, nil)
		if err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		if views := strings.Join(viewsOf(t, db, test.sql), " "); views != test.views {
			t.Errorf("%s needs %q, want %q", test.sql, views, test.views)
		}
		whole := open(t, Options{})
		if _, err := all(whole, "SHOW TABLES", nil); err != nil {
			t.Fatal(err)
		}
		want, err := all(whole, test.sql, nil)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v with the views it needs, %v with all, %v", test.sql, got, want, err)
		}
	}
}

func viewsOf(t *testing.T, db *DB, sql string) (names []string) {
	t.Helper()
	conn, err := db.connect()
	if err != nil {
		t.Fatal(err)
	}
	checked, err := check(conn, sql)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range checked.views {
		names = append(names, v.name)
	}
	return names
}

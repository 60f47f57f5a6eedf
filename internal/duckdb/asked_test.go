package duckdb

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/engine"
)

func TestAsked(t *testing.T) {
	db := open(t, Options{})
	for sql, want := range map[string]map[string][]string{
		"SELECT event_name FROM events":                                                           {},
		"SELECT 1 FROM events WHERE event_name = 'CreateUsr'":                                     {"event_name": {"CreateUsr"}},
		"SELECT 1 FROM events e WHERE 'a' = e.Event_Name AND event_time > TIMESTAMP '2026-01-01'": {"event_name": {"a"}, "event_time": nil},
		"SELECT 1 FROM cloudtrail_logs WHERE eventsource IN ('a', 'b', $p) OR year = '2026'":      {"eventsource": {"a", "b", "bound"}, "year": {"2026"}},
		"SELECT 1 FROM events WHERE event_name = $p":                                              {"event_name": {"bound"}},
		"SELECT 1 FROM events WHERE event_name = $absent":                                         {"event_name": nil},
		"SELECT 1 FROM events WHERE event_name <> 'a' AND account_id IN (1, 2)":                   {"event_name": nil, "account_id": nil},
		"WITH x AS (SELECT * FROM events WHERE event_name = 'a') FROM x WHERE event_id IN (SELECT event_id FROM events WHERE event_source = 'b')": {
			"event_name": {"a"}, "event_id": nil, "event_source": {"b"}},
		"SELECT event_name, count(*) FROM events GROUP BY 1 HAVING event_name = 'a'": {"event_name": {"a"}},
	} {
		asked, err := db.Asked(t.Context(), engine.Statement{SQL: sql, Params: map[string]any{"p": "bound", "unused": "x"}})
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := asked.Conditions
		for name, values := range got {
			if slices.Sort(values); len(values) == 0 {
				got[name] = nil
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n(-want +got)\n%s", sql, diff)
		}
	}
}

func TestAskedColumns(t *testing.T) {
	db := open(t, Options{})
	for sql, want := range map[string][]string{
		"SELECT count(*) FROM events": nil,
		"SELECT E.Resource_Names[1], upper(event_name) AS n FROM events e ORDER BY event_id":                {"event_id", "event_name", "resource_names"},
		"SELECT 1 FROM events WHERE list_contains(resource_types, 'a')":                                     {"resource_types"},
		"WITH x AS (SELECT unnest(resource_names) AS r FROM events) SELECT r, count(*) FROM x GROUP BY ALL": {"r", "resource_names"},
		"SELECT * FROM events": {"*"},
		"FROM events":          {"*"},
		"SELECT * FROM (VALUES (1)) v JOIN events e ON true":   {"*"},
		"SELECT event_id FROM (SELECT * FROM events)":          {"*", "event_id"},
		"SELECT * FROM (SELECT event_id FROM events)":          {"event_id"},
		"SELECT * FROM cloudtrail_logs":                        {},
		"SELECT eventid FROM cloudtrail_logs WHERE day = '01'": {"day", "eventid"},
	} {
		asked, err := db.Asked(t.Context(), engine.Statement{SQL: sql})
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		if !slices.Equal(asked.Columns, want) {
			t.Errorf("%s: columns %q, want %q", sql, asked.Columns, want)
		}
	}
}

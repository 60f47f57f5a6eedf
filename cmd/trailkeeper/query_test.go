package main

import (
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/queries"
)

// A parameter that is a time takes the forms that flags take.
func TestTimesAsParameters(t *testing.T) {
	q := queries.Query{Name: "around", Parameters: []queries.Parameter{
		{Name: "from", Type: queries.Time, Meaning: "when it began"},
		{Name: "who", Type: queries.String, Meaning: "who it was"},
	}}
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"7d":         time.Date(2026, 1, 24, 12, 0, 0, 0, time.UTC),
		"2026-01":    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		"1768125600": time.Date(2026, 1, 11, 10, 0, 0, 0, time.UTC),
	} {
		given := map[string]string{"from": text, "who": "7d"}
		if err := spellTimes(q, given, now); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		bound, err := q.Bind(given, time.Time{}, time.Time{})
		if err != nil || bound["from"] != want || bound["who"] != "7d" {
			t.Errorf("%s: bound as %v, %v, want %s", text, bound, err, want)
		}
	}
	err := spellTimes(q, map[string]string{"from": "soon"}, now)
	if err == nil || !strings.Contains(err.Error(), `parameter from: parse time "soon"`) {
		t.Errorf("a time that is none: %v", err)
	}
}

package duckdb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/controls"
	"github.com/cerpac/trailkeeper/filterpattern"
	"github.com/cerpac/trailkeeper/internal/duckdb"
)

// The filter patterns of the catalogue, which watch events as they come, find the
// same events in a lake.
func TestControlsFindTheSameInALake(t *testing.T) {
	files, err := filepath.Glob("../../controls/*/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no events of controls: %v", err)
	}
	var lines []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for event := range strings.Lines(string(text)) {
			// The members that the lake cannot do without, where they are missing.
			stamp := fmt.Sprintf(`{"eventTime":"2026-01-02T03:04:05Z","eventID":"%s-%d",`, filepath.Dir(file), len(lines))
			lines = append(lines, stamp+strings.TrimPrefix(strings.TrimSpace(event), "{"))
		}
	}
	db := ingested(t, eventsFile(t, lines))
	stored := records(t, db, "", nil)
	list, err := controls.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		pattern, err := filterpattern.Parse(c.Pattern)
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		p, ok := pattern.Predicate()
		if !ok {
			t.Fatalf("%s: %s is no condition on JSON", c.ID, c.Pattern)
		}
		sql, err := p.SQL(duckdb.Dialect{})
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		if compare(t, db, p, sql, stored) == 0 {
			t.Errorf("%s finds nothing", c.ID)
		}
	}
}

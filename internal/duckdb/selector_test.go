package duckdb_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// A lake finds the events that a trail with the selectors gets.
func TestSelectorsAgreeWithMatch(t *testing.T) {
	recordtest.Rounds(t, 1, func(t *testing.T, random *rand.Rand) {
		var lines []string
		for n := range 100 {
			lines = append(lines, recordtest.Record(random, n), recordtest.Selectable(random, 1000+n))
		}
		agreeOnSelectors(t, random, eventsFile(t, lines), 100)
	})
}

func TestSelectorsAgreeOnRealEvents(t *testing.T) {
	path := filepath.Join("../../../shared/data", "umccr/test_input")
	if _, err := os.Stat(path); err != nil {
		t.Skip("SKIPPED REAL DATA: " + err.Error())
	}
	agreeOnSelectors(t, rand.New(rand.NewPCG(1, 2)), path, 60)
}

func agreeOnSelectors(t *testing.T, random *rand.Rand, path string, questions int) {
	t.Helper()
	db := ingested(t, path)
	stored := records(t, db, "", nil)
	matched := 0
	for range questions {
		p := recordtest.Selectors(random).Predicate()
		sql, err := p.SQL(duckdb.Dialect{})
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		matched += compare(t, db, p, sql, stored)
	}
	if matched == 0 {
		t.Error("no selectors matched any record: nothing was compared")
	}
}

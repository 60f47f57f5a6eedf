package lake_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// Records come back from a lake through DuckDB as they do through our own
// reader, and DuckDB takes every JSON column for JSON.
func TestDuckDBGivesTheRecordsBack(t *testing.T) {
	records := lake.OddRecords()
	dir := t.TempDir()
	w, err := lake.OpenWriter(t.Context(), folderstore.New(dir, 0), lake.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	days := map[string][]*lake.Block{}
	for _, name := range slices.Sorted(maps.Keys(records)) {
		var rec event.Record
		if _, err := rec.Decode([]byte(records[name])); err != nil {
			t.Fatal(err)
		}
		at, ok := rec.Time()
		if !ok {
			t.Fatalf("%s: no time", name)
		}
		day := at.Format(time.DateOnly)
		if days[day] == nil {
			days[day] = []*lake.Block{lake.NewBlock(nil)}
		}
		from := lake.Source{LogFile: name}
		days[day][0].Append(&rec, at, lake.Identify(&rec, from), from)
	}
	if err := errors.Join(w.Commit(t.Context(), lake.Batch{Days: days}), w.Close()); err != nil {
		t.Fatal(err)
	}

	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // only read from
	var parts []duckdb.Part
	for _, p := range l.Parts() {
		parts = append(parts, duckdb.Part{Path: p.Path(), Schema: p.Schema})
	}
	db, err := duckdb.Open(duckdb.Options{Parts: parts, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, text := range records {
		t.Run(name, func(t *testing.T) {
			statement := duckdb.Dialect{}.Records("WHERE log_file = $name")
			statement.Params = map[string]any{"name": name}
			found, err := db.Query(t.Context(), statement)
			if err != nil {
				t.Fatal(err)
			}
			rows := lake.NewRecords(found)
			defer rows.Close()
			got, err := rows.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			lake.RequireSame(t, []byte(text), got)
			if _, err := rows.Append(nil); !errors.Is(err, io.EOF) {
				t.Errorf("after the only record: %v", err)
			}
		})
	}
	for _, c := range lake.Columns() {
		if c.Kind == lake.JSON {
			requireNone(t, db, fmt.Sprintf("SELECT log_file FROM lake.rows WHERE NOT json_valid(%s)", c.Name))
		}
	}
	requireNone(t, db, "SELECT log_file FROM lake.rows WHERE event_time IS NULL OR strftime(event_time, '%Y-%m-%d') <> year || '-' || month || '-' || day")
}

func requireNone(t *testing.T, db *duckdb.DB, sql string) {
	t.Helper()
	rows, err := db.Query(t.Context(), engine.Statement{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		found = append(found, fmt.Sprint(row[0]))
	}
	if len(found) > 0 {
		t.Errorf("%s: %s", sql, strings.Join(found, ", "))
	}
}

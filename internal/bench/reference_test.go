package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

// TestReferencesFillTheSameColumns checks that the references are comparable: they fill
// the columns of the lake with the same values.
func TestReferencesFillTheSameColumns(t *testing.T) {
	dir := t.TempDir()
	a := &archiveDir{dir: filepath.Join(dir, "archive")}
	opts := simulate.DefaultOptions()
	opts.Out, opts.Days, opts.EventsPerDay, opts.Duplicates = a.dir, 1, 1000, 0
	if _, err := simulate.Run(t.Context(), opts, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	source, err := dirarchive.New(a.dir)
	if err != nil {
		t.Fatal(err)
	}
	lakeDir := filepath.Join(dir, "lake")
	if _, err := ingest.Run(t.Context(), ingest.Options{Source: source, Lake: folderstore.New(lakeDir, 0)}); err != nil {
		t.Fatal(err)
	}
	globs, err := a.globs()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(a.dir)
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, r := range references() {
		t.Run(r.name, func(t *testing.T) {
			out := filepath.Join(dir, fmt.Sprint("reference", i))
			statements, err := importStatements(r, globs, 32<<20, out)
			if err != nil {
				t.Fatal(err)
			}
			report, err := runSQL(t.Context(), statements)
			if err != nil {
				t.Fatal(err)
			}
			if report.Rows < 1000 {
				t.Fatalf("%d rows", report.Rows)
			}
			for _, c := range lake.RecordColumns() {
				if r.lossy && (c.Name == "extra" || c.Name == "explicit_nulls") {
					continue
				}
				compareColumn(t, db, c.Name, lakeDir, out)
			}
		})
	}
}

func compareColumn(t *testing.T, db *sql.DB, column, lakeDir, out string) {
	t.Helper()
	query := fmt.Sprintf(`SELECT count(*), count(*) FILTER (WHERE l.%[1]s IS DISTINCT FROM r.%[1]s),
		any_value(struct_pack(lake := l.%[1]s, reference := r.%[1]s)::VARCHAR) FILTER (WHERE l.%[1]s IS DISTINCT FROM r.%[1]s)
		FROM read_parquet('%[2]s/year=*/*/*/*.parquet') l FULL JOIN read_parquet('%[3]s/*/*/*/*.parquet') r USING (event_id)`, column, lakeDir, out)
	if column == "event_id" {
		return // joined on it
	}
	var all, different int
	var example sql.NullString
	if err := db.QueryRowContext(t.Context(), query).Scan(&all, &different, &example); err != nil {
		t.Fatal(err)
	}
	if all < 1000 || different > 0 {
		t.Errorf("column %s: %d of %d rows differ, such as %s", column, different, all, example.String)
	}
}

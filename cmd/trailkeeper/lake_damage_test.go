package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// randomLake ingests random records of three days.
func randomLake(t *testing.T, records int) (dir string, parts []string) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 5))
	var lines []string
	for n := range records {
		lines = append(lines, recordtest.Record(random, n))
	}
	root, dir := t.TempDir(), filepath.Join(t.TempDir(), "lake")
	// One array: records may have line breaks in them.
	if err := os.WriteFile(filepath.Join(root, "a.json"), []byte("["+strings.Join(lines, ",")+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "ingest", "--archive", root, "--lake", dir)
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".parquet") {
			parts = append(parts, path)
		}
		return err
	})
	if err != nil || len(parts) < 2 {
		t.Fatalf("parts %q, %v", parts, err)
	}
	return dir, parts
}

// TestFlippedBytesAreNeverAnAnswerWithoutAWord flips bytes of a lake's parts, at
// random and in the places that matter most, and asks. The answer is what it was, or
// an error says which part is damaged.
func TestFlippedBytesAreNeverAnAnswerWithoutAWord(t *testing.T) {
	dir, parts := randomLake(t, 60)
	questions := [][]string{
		{"query", "--lake", dir, "--format", "jsonl", "SELECT event_name, event_source, count(*) FROM events GROUP BY ALL ORDER BY ALL"},
		{"query", "--lake", dir, "--format", "jsonl", "SELECT count(*), min(event_time), max(event_time) FROM events"},
		{"query", "--lake", dir, "--format", "jsonl", "SELECT * FROM cloudtrail_logs ORDER BY eventid, eventtime, requestid"},
		{"query", "--lake", dir, "--format", "jsonl", "--since", "2026-01-02", "SELECT event_id, principal, failed FROM events WHERE read_only IS NOT TRUE ORDER BY ALL"},
		{"lookup", "--lake", dir, "--attribute", "ReadOnly=false", "--format", "jsonl"},
		{"export", "--lake", dir},
	}
	want := make([]string, len(questions))
	for i, q := range questions {
		want[i] = mustRun(t, q...)
	}
	// ask runs a verb and returns what it says of damage, too.
	ask := func(args ...string) (answer, said string, err error) {
		var out, errs strings.Builder
		err = execute(t.Context(), args, &streams{in: strings.NewReader(""), out: &out, err: &errs, now: time.Now, getenv: os.Getenv})
		return out.String(), errs.String(), err
	}
	random := rand.New(rand.NewPCG(9, 9))
	noticed := 0
	for round := range 24 {
		part := parts[random.IntN(len(parts))]
		text, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		at := random.IntN(len(text))
		switch round {
		case 0:
			at = 0 // of the magic
		case 1:
			at = len(text) - 6 // of the length of the footer
		case 2:
			at = len(text) - 200 // of the footer
		case 3:
			at = 30 // of the first page's header
		}
		mask := byte(1 + random.IntN(255))
		text[at] ^= mask
		if err := os.WriteFile(part, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for i, q := range questions {
			answer, said, err := ask(q...)
			switch {
			case err == nil && answer == want[i]:
			case err == nil:
				t.Fatalf("byte %d of %q changed by %#x: %q gives another answer without a word", at, part, mask, q)
			case outcome.ExitCode(err) != outcome.Bad || !strings.Contains(said, filepath.Base(part)):
				t.Fatalf("byte %d of %q changed by %#x: %q ends with %d, %v", at, part, mask, q, outcome.ExitCode(err), err)
			default:
				noticed++
			}
		}
		text[at] ^= mask
		if err := os.WriteFile(part, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if noticed == 0 {
		t.Error("no damage was noticed at all")
	}
}

// TestDamagedPartIsNamedAndTheRestAnswered damages one day of a lake.
func TestDamagedPartIsNamedAndTheRestAnswered(t *testing.T) {
	dir, parts := randomLake(t, 60)
	const days = "SELECT DISTINCT day FROM events ORDER BY 1"
	before := mustRun(t, "query", "--lake", dir, "--format", "csv", days)
	if err := os.Truncate(parts[0], 1000); err != nil {
		t.Fatal(err)
	}
	answer, err := run(t, "query", "--lake", dir, "--format", "csv", days)
	if outcome.ExitCode(err) != outcome.Bad || !strings.Contains(fmt.Sprint(err), "parts of the lake are not in it: 1") || !strings.Contains(outcome.Hint(err), "lake repair") {
		t.Errorf("%v, hint %q", err, outcome.Hint(err))
	}
	if want := strings.Replace(before, "01\n", "", 1); answer != want {
		t.Errorf("answer %q, want %q", answer, want)
	}
	if _, err := run(t, "query", "--lake", dir, "--since", "2026-01-02", days); err != nil {
		t.Errorf("asked for other days: %v", err)
	}
}

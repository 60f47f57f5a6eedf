package ingest_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestQuarantineBounds reads a file of many bad pieces and a long one: all are
// counted, and what is listed of them is bounded.
func TestQuarantineBounds(t *testing.T) {
	const pieces = 10003
	root, dir := t.TempDir(), t.TempDir()
	long := "{\"a\":\"" + strings.Repeat("ø", 600_000) + "\x01\"}"
	name := key(one, east, 0, "bad")
	write(t, root, map[string]string{name: delivered(rec("good", 0), long, strings.Repeat("null,", pieces-2)+"null")})
	if r := ingested(t, root, dir); r.Events.Rejected != pieces || r.Files.Read != 1 {
		t.Errorf("%d pieces rejected in %d files, want %d in 1", r.Events.Rejected, r.Files.Read, pieces)
	}
	lines := quarantined(t, dir)
	if len(lines) != 10001 {
		t.Fatalf("%d lines in the quarantine", len(lines))
	}
	first, last := lines[0], lines[len(lines)-1]
	if n := len(first.Text); first.Size != len(long) || n > 1<<20 || n < 1<<20-4 || !strings.HasPrefix(long, first.Text) {
		t.Errorf("a piece of %d bytes is listed with size %d and %d bytes of text", len(long), first.Size, n)
	}
	if last.Pieces != 3 || last.Cause != "further pieces of a file that has many" || last.Offset == 0 {
		t.Errorf("the last line is %+v", last)
	}
}

// TestManyBodiesOfOneID reads one event in many versions, twice: each is kept
// once.
func TestManyBodiesOfOneID(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	var records []string
	for i := range 3000 {
		records = append(records, rec("same", 0, fmt.Sprintf(`,"errorMessage":"%d"`, i)))
	}
	write(t, root, map[string]string{key(one, east, 0, "a"): delivered(records...), key(one, east, 1, "b"): delivered(records...)})
	r := ingested(t, root, dir)
	if n := int64(len(records)); r.Events.Stored != n || r.Events.Conflicts != n-1 || r.Events.Duplicates != n {
		t.Errorf("%d stored, %d conflicts, %d duplicates of %d", r.Events.Stored, r.Events.Conflicts, r.Events.Duplicates, n)
	}
}

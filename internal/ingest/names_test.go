package ingest_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/engine"
)

// Whatever bytes the name of a file or of a member is of, its events are read,
// and the name is text of one line that no other file has.
func TestOddNames(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	var members bytes.Buffer
	w := tar.NewWriter(&members)
	for i, name := range []string{"caf\xe9.json", "line\nbreak.json"} {
		text := rec(string(rune('a'+i)), i, "")
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600, Format: tar.FormatGNU}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, root, map[string]string{
		"a+b %2B folder/c+d.json": delivered(rec("1", 1, "")),
		"line\nbreak.json":        delivered(rec("2", 2, ""), "null"),
		"caf\xe9.json":            delivered(rec("3", 3, "")),
		"escape\x1b[31m.json":     "{",
		"members.tar":             members.String(),
	})
	r := ingested(t, root, dir)
	if r.Events.Stored != 5 || r.Files.Failed != 1 {
		t.Errorf("%+v %+v %+v", r.Files, r.Events, r.Problems)
	}
	rows, err := query(t, dir).Query(t.Context(), engine.Statement{SQL: "SELECT log_file FROM events"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for row, err := rows.Next(); err == nil; row, err = rows.Next() {
		names = append(names, row[0].(string))
	}
	slices.Sort(names)
	want := []string{"a+b %2B folder/c+d.json", `caf\xe9.json`, `line\x0abreak.json`, `members.tar!caf\xe9.json`, `members.tar!line\x0abreak.json`}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("log files (-want +got)\n%s", diff)
	}
	report, err := json.Marshal(r)
	if err != nil || !utf8.Valid(report) || !strings.Contains(string(report), `line\\x0abreak.json`) {
		t.Errorf("%v, %s", err, report)
	}
	listed, err := filepath.Glob(filepath.Join(dir, "_trailkeeper", "quarantine", "*"))
	if err != nil || len(listed) != 1 {
		t.Fatal(listed, err)
	}
	lines, err := os.ReadFile(listed[0])
	if err != nil || !utf8.Valid(lines) || bytes.Count(lines, []byte("\n")) != 2 || !bytes.Contains(lines, []byte(`escape\\x1b[31m.json`)) {
		t.Errorf("%v, %s", err, lines)
	}
}

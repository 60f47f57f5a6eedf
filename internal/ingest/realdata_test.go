package ingest_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/engine"
)

// TestRealEvents brings real archives into a lake and compares what comes out
// with what a plain JSON reader finds in the files.
func TestRealEvents(t *testing.T) {
	const data = "../../../shared/data"
	if _, err := os.Stat(data); err != nil {
		t.Skipf("SKIPPED REAL DATA: %v", err)
	}
	for _, test := range []struct {
		name                                string
		read, stored, duplicates, conflicts int64
		files, skipped                      int64
		ids, names, failedCalls             int
	}{
		{name: "invictus", files: 55, skipped: 2, read: 2900, stored: 2900, ids: 2900, names: 260, failedCalls: 300},
		// Two events share the id of another: one in the same hour, a conflict, and
		// one with another time. One record has no id.
		{name: "umccr", files: 21, skipped: 3, read: 206, stored: 206, conflicts: 1, ids: 203, names: 162, failedCalls: 92},
		{name: "traildiscover", files: 584, skipped: 3, read: 563, stored: 314, duplicates: 249, ids: 314, names: 305, failedCalls: 248},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, dir := filepath.Join(data, test.name), t.TempDir()
			r := ingested(t, root, dir)
			if r.Files.Read != test.files || r.Files.Skipped != test.skipped || r.Files.Failed != 0 {
				t.Errorf("files: %+v", r.Files)
			}
			if r.Events.Read != test.read || r.Events.Stored != test.stored || r.Events.Duplicates != test.duplicates || r.Events.Conflicts != test.conflicts {
				t.Errorf("events: %+v", r.Events)
			}
			if diff := cmp.Diff(plainRecords(t, root), exported(t, dir)); diff != "" {
				t.Errorf("records (-in the files +in the lake)\n%s", diff)
			}
			rows, err := query(t, dir).Query(t.Context(), engine.Statement{SQL: `SELECT count(DISTINCT event_id), count(DISTINCT event_name), count(error_code) FROM events`})
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			counts, err := rows.Next()
			if err != nil {
				t.Fatal(err)
			}
			want := []any{int64(test.ids), int64(test.names), int64(test.failedCalls)}
			if diff := cmp.Diff(want, counts); diff != "" {
				t.Errorf("ids, names and failed calls (-want +got)\n%s", diff)
			}
			r = ingested(t, root, dir)
			if r.Files.Read != 0 || r.Events.Read != 0 || r.Lake.Stored != test.stored {
				t.Errorf("second run: %+v %+v", r.Files, r.Events)
			}
		})
	}
}

// plainRecords reads an archive with encoding/json alone: every distinct
// record, normalized and sorted.
func plainRecords(t *testing.T, root string) []string {
	t.Helper()
	distinct := map[string]bool{}
	var texts []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".json") {
			return err
		}
		for _, record := range plainFile(t, path) {
			if text := normal(t, record); !distinct[text] {
				distinct[text] = true
				texts = append(texts, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return normals(t, texts...)
}

func plainFile(t *testing.T, path string) (records []json.RawMessage) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Records []json.RawMessage }
	if json.Unmarshal(text, &file) == nil && file.Records != nil {
		return file.Records
	}
	if json.Unmarshal(text, &records) == nil {
		return records
	}
	return []json.RawMessage{text}
}

package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
)

// A byte changed or a stretch zeroed in any identity file or list of log files
// ends in the same totals as without the damage, or in an error that names the
// file and keeps nothing.
func TestDamagedStateOfALake(t *testing.T) {
	root, good := t.TempDir(), t.TempDir()
	var records []string
	for n := range 150 {
		records = append(records, rec(fmt.Sprint(n), n%90, ""))
	}
	write(t, root, map[string]string{
		key(one, east, 0, "a"):   delivered(records[:70]...),
		key(one, london, 1, "b"): delivered(records[60:]...),
	})
	ingested(t, root, good)
	// The same events in other files, and the same files, listed anew.
	write(t, root, map[string]string{key(two, east, 2, "c"): delivered(records...)})
	want := ingested(t, root, copied(t, good))
	if want.Events.Stored != 0 || want.Files.Unchanged != 2 {
		t.Fatalf("%+v %+v", want.Files, want.Events)
	}
	source, err := dirarchive.New(root)
	if err != nil {
		t.Fatal(err)
	}
	named, same := 0, 0
	for _, pattern := range []string{"ids/*.ids", "sources/*.ids"} {
		paths, err := filepath.Glob(filepath.Join(good, "_trailkeeper", pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no %s, %v", pattern, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			step := max(1, len(data)/12)
			for at := 0; at < len(data); at += step {
				for _, zeroed := range []bool{false, true} {
					dir := copied(t, good)
					name := filepath.Join(dir, strings.TrimPrefix(path, good))
					damageFile(t, name, data, at, zeroed)
					r, err := ingest.Run(t.Context(), ingest.Options{Source: source, Lake: folderstore.New(dir, 0)})
					switch {
					case err != nil && strings.Contains(err.Error(), name) && r.Committed.Files == 0:
						named++
					case err == nil && cmp.Equal(want.Lake, r.Lake) && cmp.Equal(want.Events, r.Events):
						same++
					default:
						t.Errorf("%s at %d: %v, %+v %+v", name, at, err, r.Lake, r.Events)
					}
				}
			}
		}
	}
	if named == 0 || same == 0 {
		t.Errorf("%d damages were named, %d made good", named, same)
	}
}

func damageFile(t testing.TB, path string, data []byte, at int, zeroed bool) {
	t.Helper()
	changed := append([]byte(nil), data...)
	if zeroed {
		clear(changed[at:min(at+4000, len(changed))])
	} else {
		changed[at] ^= 0x10
	}
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
}

func copied(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

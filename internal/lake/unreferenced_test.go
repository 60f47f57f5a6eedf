package lake

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Files that nothing refers to are named; those of the lake, of queries that run
// and of a merge beside the reader are not.
func TestUnreferenced(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	for n := range compactAt {
		b := batchOf(t, n)
		b.Quarantine = []byte("{}\n")
		commit(t, w, b)
	}
	l := openLake(t, dir)
	defer l.Close()
	require := func(want ...string) {
		t.Helper()
		if got, err := l.Unreferenced(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	staged := func() (names []string) {
		for _, name := range tree(t, filepath.Join(dir, stagingDir)) {
			names = append(names, stagingDir+"/"+filepath.ToSlash(name))
		}
		return names
	}
	require(staged()...)
	if err := w.Compact(t.Context(), 1<<30, func(int) {}); err != nil {
		t.Fatal(err)
	}
	require(staged()...)
	strangers := []string{"year=2026/month=01/day=11/part-00000009-0000.parquet", "year=2026/month=01/notes.txt"}
	for _, name := range append(strangers, scratchDir+"/run-1/lock", stateDir+"/.unpack-1") {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	require(append(staged(), strangers...)...)
	closeWriter(t, w)
}

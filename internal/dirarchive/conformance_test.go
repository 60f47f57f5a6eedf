package dirarchive_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
)

type store struct{ root string }

func (s store) Put(t *testing.T, key string, data []byte) {
	t.Helper()
	path := filepath.Join(s.root, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s store) Source(t *testing.T, folder string) archive.Source {
	t.Helper()
	source, err := dirarchive.New(filepath.Join(s.root, filepath.FromSlash(folder)))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestConformance(t *testing.T) {
	archivetest.Run(t, func(t *testing.T) archivetest.Store { return store{t.TempDir()} })
}

func TestUnprintableNames(t *testing.T) {
	archivetest.UnprintableNames(t, store{t.TempDir()})
}

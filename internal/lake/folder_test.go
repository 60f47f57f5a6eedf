package lake

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/cerpac/trailkeeper/internal/folderstore"
)

// folder returns the store of a lake in a folder.
func folder(dir string) Store { return folderstore.New(dir, 0) }

// fileAt returns a file by its path.
func fileAt(path string) stored { return stored{folder(filepath.Dir(path)), filepath.Base(path)} }

func writePartAt(ctx context.Context, path string, blocks []*Block) (size int64, sum *Checksum, err error) {
	return writePart(ctx, folder(filepath.Dir(path)), filepath.Base(path), blocks)
}

func writeIDs(t testing.TB, path string, s sections) {
	t.Helper()
	if err := folder(filepath.Dir(path)).Put(t.Context(), filepath.Base(path), s.writeTo); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

package lake

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cerpac/trailkeeper/internal/folderstore"
)

// Files and folders of a lake have the mode that was asked for, whatever the
// umask, through commits, merges and files made anew.
func TestModes(t *testing.T) {
	for _, test := range []struct {
		umask          int
		asked          fs.FileMode
		files, folders fs.FileMode
	}{
		{umask: 0, files: 0o600, folders: 0o700},
		{umask: 0o022, files: 0o600, folders: 0o700},
		{umask: 0o077, asked: 0o640, files: 0o640, folders: 0o750},
		{umask: 0, asked: 0o644, files: 0o644, folders: 0o755},
		{umask: 0o022, asked: 0o660, files: 0o660, folders: 0o770},
	} {
		dir := filepath.Join(t.TempDir(), "above", "lake")
		func() {
			defer syscall.Umask(syscall.Umask(test.umask))
			w, err := OpenWriter(t.Context(), folderstore.New(dir, test.asked), WriterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for n := range compactAt {
				b := batchOf(t, n, 30)
				b.Quarantine = []byte("{}\n")
				commit(t, w, b)
			}
			if err := os.Remove(filepath.Join(dir, idsPath("part-00000001-0000.parquet"))); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Count(t.Context(), Hour(w.manifest.Parts[0].From)); err != nil || len(w.Rebuilt()) != 1 {
				t.Fatal(err, w.Rebuilt())
			}
			requireModes(t, filepath.Dir(dir), test.files, test.folders)
			if err := w.Compact(t.Context(), 1<<30, func(int) {}); err != nil {
				t.Fatal(err)
			}
			closeWriter(t, w)
		}()
		requireModes(t, filepath.Dir(dir), test.files, test.folders)
	}
}

func requireModes(t *testing.T, dir string, files, folders fs.FileMode) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := files
		if d.IsDir() {
			want = folders
		}
		seen++
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files and folders, %v", seen, err)
	}
}

// What is there already keeps its mode.
func TestModesOfExistingLakesStay(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	commit(t, w, batchOf(t, 1))
	closeWriter(t, w)
	folder := filepath.Join(dir, dayDir(firstDay))
	part := filepath.Join(folder, "part-00000001-0000.parquet")
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(part, 0o644); err != nil {
		t.Fatal(err)
	}
	w = openWriter(t, dir)
	commit(t, w, batchOf(t, 2))
	closeWriter(t, w)
	for path, want := range map[string]fs.FileMode{folder: 0o755, part: 0o644, filepath.Join(folder, "part-00000002-0000.parquet"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %o", path, info.Mode(), err, want)
		}
	}
}

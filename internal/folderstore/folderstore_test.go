package folderstore_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() lake.Store {
		dir := filepath.Join(t.TempDir(), "above", "store")
		return func() lake.Store { return folderstore.New(dir, 0) }
	})
}

// A folder named by a relative path, or by ".", is as good.
func TestRelativeFolders(t *testing.T) {
	for _, dir := range []string{".", "store/", "./a/../store"} {
		t.Run(dir, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) func() lake.Store {
				t.Chdir(t.TempDir())
				return func() lake.Store { return folderstore.New(dir, 0) }
			})
		})
	}
}

func put(t *testing.T, s *folderstore.Store, name string) {
	t.Helper()
	err := s.Put(t.Context(), name, func(w io.Writer) error {
		_, err := io.WriteString(w, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A file that a killed process was writing is listed, and its name can be used.
func TestUnfinished(t *testing.T) {
	dir := t.TempDir()
	s := folderstore.New(dir, 0)
	if err := os.WriteFile(filepath.Join(dir, "file"+lake.Unfinished), []byte("half of something longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := s.List(t.Context(), ""); err != nil || !slices.Equal(names, []string{"file" + lake.Unfinished}) {
		t.Errorf("%q, %v", names, err)
	}
	put(t, s, "file")
	if text, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(text) != "file" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestModes(t *testing.T) {
	for _, test := range []struct {
		umask          int
		asked          fs.FileMode
		files, folders fs.FileMode
	}{
		{umask: 0, files: 0o600, folders: 0o700},
		{umask: 0o077, asked: 0o640, files: 0o640, folders: 0o750},
		{umask: 0o022, asked: 0o660, files: 0o660, folders: 0o770},
	} {
		dir := filepath.Join(t.TempDir(), "store")
		func() {
			defer syscall.Umask(syscall.Umask(test.umask))
			s := folderstore.New(dir, test.asked)
			put(t, s, "a/b/file")
			if _, err := s.Swap(t.Context(), "a/swapped", "", nil); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Lock(t.Context(), "c/lock"); err != nil {
				t.Fatal(err)
			}
		}()
		for path, want := range map[string]fs.FileMode{"": test.folders, "a": test.folders, "a/b": test.folders, "c": test.folders,
			"a/b/file": test.files, "a/swapped": test.files, "c/lock": test.files} {
			if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != want {
				t.Errorf("%q: %v, %v, want %v", path, info, err, want)
			}
		}
	}
}

// Links to folders are followed, those in a circle too, and are not removed
// with the last file.
func TestLinksToFolders(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	s := folderstore.New(dir, 0)
	put(t, s, "a/file")
	for name, to := range map[string]string{"away": elsewhere, "a/circle": dir, "dangling": filepath.Join(dir, "none")} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, "away/file")
	if names, err := s.List(t.Context(), ""); err != nil || !slices.Equal(names, []string{"a/file", "away/file", "dangling"}) {
		t.Errorf("%q, %v", names, err)
	}
	if _, err := s.Remove(t.Context(), "", []string{"away/file"}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(filepath.Join(dir, "away")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

// Folders that removals leave empty go, up to the store's own; one with another
// file stays.
func TestEmptyFolders(t *testing.T) {
	dir := t.TempDir()
	s := folderstore.New(dir, 0)
	put(t, s, "a/b/c/file")
	put(t, s, "a/other")
	put(t, s, "d/e/file")
	if _, err := s.Remove(t.Context(), "", []string{"a/b/c/file", "d/e/file"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"a": true, "a/b": false, "d": false, "": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}

// A folder that cannot be read is no empty one.
func TestUnreadableFolders(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	s := folderstore.New(dir, 0)
	put(t, s, "a/file")
	if err := os.Chmod(filepath.Join(dir, "a"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(dir, "a"), 0o700)
	if names, err := s.List(t.Context(), ""); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%q, %v", names, err)
	}
}

// A file in the place of a folder, and the other way round, are errors.
func TestObstacles(t *testing.T) {
	dir := t.TempDir()
	s := folderstore.New(dir, 0)
	put(t, s, "file")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file/below", "folder"} {
		if err := s.Put(t.Context(), name, func(io.Writer) error { return nil }); err == nil {
			t.Errorf("put %q", name)
		}
	}
	if names, err := s.List(t.Context(), ""); err != nil || !slices.Equal(names, []string{"file"}) {
		t.Errorf("%q, %v", names, err)
	}
}

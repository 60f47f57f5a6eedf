package scratch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

func mustNew(t *testing.T, parent string) *Dir {
	t.Helper()
	d, err := New(parent)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestFoldersInUseStay(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "tmp")
	first, second := mustNew(t, parent), mustNew(t, parent)
	if !exists(first.Path()) || first.Path() == second.Path() || filepath.Dir(first.Path()) != parent {
		t.Fatalf("folders %q and %q in %q", first.Path(), second.Path(), parent)
	}
	if info, err := os.Stat(first.Path()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := second.Remove(); err != nil || exists(second.Path()) || !exists(first.Path()) {
		t.Errorf("removed one of two: %v", err)
	}
	if err := first.Remove(); err != nil || exists(first.Path()) {
		t.Errorf("removed the other: %v", err)
	}
}

// Folders that killed processes left are removed. Foreign ones stay, and so do the
// targets of links.
func TestLeftoversAreRemoved(t *testing.T) {
	root := t.TempDir()
	parent, precious := filepath.Join(root, "tmp"), filepath.Join(root, "precious")
	left := mustNew(t, parent)
	if err := left.lock.Unlock(); err != nil { // as the end of a process does
		t.Fatal(err)
	}
	spilled := filepath.Join(left.Path(), "spill", "block")
	for path, text := range map[string]string{spilled: "x", filepath.Join(precious, "file"): "y", filepath.Join(parent, "notes", "file"): "z"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{filepath.Join(left.Path(), "link"), filepath.Join(parent, runPrefix+"link")} {
		if err := os.Symlink(precious, link); err != nil {
			t.Fatal(err)
		}
	}
	next := mustNew(t, parent)
	defer next.Remove()
	if exists(left.Path()) {
		t.Error("the leftover is still there")
	}
	if !exists(filepath.Join(precious, "file")) || !exists(filepath.Join(parent, "notes", "file")) {
		t.Error("something else was removed")
	}
}

// A parent that cannot be used safely is replaced by the system's folder.
func TestParentsThatAreRefused(t *testing.T) {
	system := t.TempDir()
	t.Setenv("TMPDIR", system)
	root := t.TempDir()
	open, link, file := filepath.Join(root, "open"), filepath.Join(root, "link"), filepath.Join(root, "file")
	for _, err := range []error{
		os.Mkdir(open, 0o755), os.Chmod(open, 0o777), os.Symlink(t.TempDir(), link), os.WriteFile(file, nil, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, parent := range []string{"", open, link, file, filepath.Join(root, "absent", "deeper")} {
		d := mustNew(t, parent)
		if !strings.HasPrefix(d.Path(), system+string(filepath.Separator)) {
			t.Errorf("in %q although %q is none to use", d.Path(), parent)
		}
		if err := d.Remove(); err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir(open); err != nil || len(entries) > 0 {
		t.Errorf("something was written to %q: %v, %v", open, entries, err)
	}
}

// Concurrent runs neither fail nor share folders.
func TestManyAtOnce(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "tmp")
	const workers, rounds = 8, 50
	errs := make(chan error, workers)
	for range workers {
		go func() {
			for range rounds {
				d, err := makeIn(parent)
				if err != nil {
					errs <- err
					return
				}
				file := filepath.Join(d.Path(), "file")
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					errs <- err
					return
				}
				if free, err := flock.New(filepath.Join(d.Path(), lockName)).TryLock(); err != nil || free || !exists(file) {
					t.Errorf("folder %q is not locked: %v", d.Path(), err)
				}
				if err := d.Remove(); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range workers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

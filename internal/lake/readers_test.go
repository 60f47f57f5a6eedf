package lake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
)

func openLake(t testing.TB, dir string) *Lake {
	t.Helper()
	l, err := Open(t.Context(), folder(dir))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// requireParts fails the test unless the parts of an opened lake are still where
// it says, with their contents.
func requireParts(t testing.TB, l *Lake, rows int) {
	t.Helper()
	got := 0
	for _, p := range l.Parts() {
		blocks, err := readPart(t.Context(), p.file, p.Schema)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			got += b.Rows()
		}
	}
	if got != rows {
		t.Fatalf("%d rows, want %d", got, rows)
	}
}

// What a reader has opened stays where it is until it is closed: through
// commits, merges, commits that fail and new writers. After that it goes.
func TestReadersKeepTheirParts(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	for n := range compactAt {
		commit(t, w, batchOf(t, n))
	}
	l := openLake(t, dir)
	if err := w.Compact(t.Context(), 1<<30, func(int) {}); err != nil {
		t.Fatal(err)
	}
	requireParts(t, l, compactAt)
	for n := compactAt; n < 3*compactAt; n++ {
		commit(t, w, batchOf(t, n))
	}
	other := openLake(t, dir)
	obstacle := filepath.Join(dir, stateDir, "ids", "part-00000014-0000.ids")
	if err := os.Mkdir(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context(), batchOf(t, 50)); err == nil {
		t.Fatal("a commit over an obstacle went through")
	}
	if err := os.RemoveAll(obstacle); err != nil {
		t.Fatal(err)
	}
	if err := w.Compact(t.Context(), 1<<30, func(int) {}); err != nil {
		t.Fatal(err)
	}
	closeWriter(t, w)
	closeWriter(t, openWriter(t, dir))
	requireParts(t, l, compactAt)
	requireParts(t, other, 3*compactAt)
	for _, open := range []*Lake{l, other} {
		if err := open.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var numbers []int
	for n := range 3 * compactAt {
		numbers = append(numbers, n)
	}
	requireLake(t, dir, numbers...)
}

// A reader may come between a commit and the publishing of its parts, by a
// process that dies there.
func TestReaderOfStagedParts(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	commit(t, w, batchOf(t, 1))
	p := w.manifest.Parts[0]
	closeWriter(t, w)
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, p.staged())), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, p.published()), filepath.Join(dir, p.staged())); err != nil {
		t.Fatal(err)
	}
	l := openLake(t, dir)
	if got := l.Parts()[0].Path(); got != filepath.Join(dir, p.staged()) {
		t.Fatalf("the part is at %s", got)
	}
	w = openWriter(t, dir)
	commit(t, w, batchOf(t, 2))
	requireParts(t, l, 1)
	closeWriter(t, w)
	requireParts(t, l, 1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	requireLake(t, dir, 1, 2)
}

// A lake that nobody can lock is read all the same.
func TestReaderWithoutALock(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	commit(t, w, batchOf(t, 1))
	closeWriter(t, w)
	if err := os.Remove(filepath.Join(dir, readersName)); err != nil {
		t.Fatal(err)
	}
	l := openLake(t, dir)
	requireParts(t, l, 1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if exists(filepath.Join(dir, readersName)) {
		t.Error("a reader has written to the lake")
	}
}

// While one side commits and merges without end, the other opens the lake and
// every part of it, many times.
func TestCommitsBesideReaders(t *testing.T) {
	rounds := exhaustive.Or(1_000, 10_000)
	dir := t.TempDir()
	w := openWriter(t, dir)
	commit(t, w, batchOf(t, 0))
	var done atomic.Bool
	var group errgroup.Group
	group.Go(func() error {
		for n := 1; !done.Load(); n++ {
			if err := w.Commit(t.Context(), batchOf(t, n)); err != nil {
				return err
			}
			if n%compactAt == 0 {
				if err := w.Compact(t.Context(), 1<<30, func(int) {}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	stored := int64(0)
	for round := range rounds {
		l := openLake(t, dir)
		rows := int64(0)
		for _, p := range l.Parts() {
			f, err := os.Open(p.Path())
			if errors.Is(err, fs.ErrNotExist) {
				t.Errorf("round %d: %s is gone", round, p.Path())
			} else if err != nil {
				t.Error(err)
			} else if err := f.Close(); err != nil {
				t.Error(err)
			}
			rows += p.Rows
		}
		if rows != l.Totals.Stored || rows < stored {
			t.Errorf("round %d: %d rows, %d stored, %d before", round, rows, l.Totals.Stored, stored)
		}
		stored = rows
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			break
		}
	}
	done.Store(true)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	closeWriter(t, w)
	if left := tree(t, filepath.Join(dir, stagingDir)); len(left) > 0 {
		t.Errorf("left in staging: %q", left)
	}
}

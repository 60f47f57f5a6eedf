package lake

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

// countdown is a context that is cancelled once its error was asked for so many
// times.
type countdown struct {
	context.Context
	left *int
}

func (c countdown) Err() error {
	if *c.left--; *c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelledCommit cancels a commit, and a merge, at moments at which it looks,
// the first ones and ever fewer of the later: the lake stays as it was, and nothing is left behind.
func TestCancelledCommit(t *testing.T) {
	dir := t.TempDir()
	w, err := OpenWriter(t.Context(), folder(dir), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, work := range []struct {
		name string
		do   func(ctx context.Context) error
	}{
		{"commit", func(ctx context.Context) error { return w.Commit(ctx, batchOf(t, 1)) }},
		{"another", func(ctx context.Context) error { return w.Commit(ctx, batchOf(t, 2)) }},
		{"third", func(ctx context.Context) error { return w.Commit(ctx, batchOf(t, 3)) }},
		{"fourth", func(ctx context.Context) error { return w.Commit(ctx, batchOf(t, 4)) }},
		{"merge", func(ctx context.Context) error { return w.Compact(ctx, 1<<30, func(int) {}) }},
	} {
		before := w.manifest
		moments := 0
		for ; ; moments += 1 + moments/3 {
			left := moments
			err := work.do(countdown{t.Context(), &left})
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) || w.manifest != before {
				t.Fatalf("%s, cancelled at moment %d: %v, another manifest: %t", work.name, moments, err, w.manifest != before)
			}
			if leftover, err := w.unnamed(t.Context(), w.manifest); err != nil || len(leftover) > 0 {
				t.Fatalf("%s, cancelled at moment %d, leaves %q, %v", work.name, moments, leftover, err)
			}
		}
		if moments < 3 {
			t.Errorf("%s looked at its context %d times only", work.name, moments)
		}
	}
}

// TestCancelledRead cancels what reads or proves a part at each moment at which it
// looks. The error says so, and never that the part is damaged.
func TestCancelledRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	var blocks []*Block
	for _, b := range batchOf(t, 1).Days {
		blocks = b
	}
	if _, _, err := writePartAt(t.Context(), path, blocks); err != nil {
		t.Fatal(err)
	}
	columns := len(Columns())
	for _, work := range []struct {
		name  string
		looks int // at the least
		do    func(ctx context.Context) error
	}{
		{"read", columns, func(ctx context.Context) error { _, err := readPart(ctx, fileAt(path), Schema); return err }},
		{"prove rows", 1, func(ctx context.Context) error { return proveRows(ctx, blocks) }},
		{"prove part", columns, func(ctx context.Context) error { return provePart(ctx, fileAt(path), blocks, order(blocks)) }},
		{"salvage", 1, func(ctx context.Context) error {
			_, _, err := Part{file: fileAt(path)}.Salvage(ctx, folder(dir))
			return err
		}},
	} {
		moments := 0
		for ; ; moments++ {
			left := moments
			err := work.do(countdown{t.Context(), &left})
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%s, cancelled at moment %d: %v", work.name, moments, err)
			}
		}
		if moments < work.looks {
			t.Errorf("%s looked at its context %d times only, not %d", work.name, moments, work.looks)
		}
	}
}

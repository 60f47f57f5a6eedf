package lake

import (
	"context"
	"errors"
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

// TestCancelledCommit cancels a commit, and a merge, at each moment at which it
// looks: the lake stays as it was, and nothing is left behind.
func TestCancelledCommit(t *testing.T) {
	dir := t.TempDir()
	w, err := OpenWriter(dir, WriterOptions{})
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
		for ; ; moments++ {
			left := moments
			err := work.do(countdown{t.Context(), &left})
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) || w.manifest != before {
				t.Fatalf("%s, cancelled at moment %d: %v, another manifest: %t", work.name, moments, err, w.manifest != before)
			}
			if leftover, err := w.unnamed(w.manifest); err != nil || len(leftover) > 0 {
				t.Fatalf("%s, cancelled at moment %d, leaves %q, %v", work.name, moments, leftover, err)
			}
		}
		if moments < 3 {
			t.Errorf("%s looked at its context %d times only", work.name, moments)
		}
	}
}

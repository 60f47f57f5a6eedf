package ingest

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// RunKilled is Run with batches of full bytes that dies once it has made so many
// commits: what it would have committed after them is lost.
func RunKilled(ctx context.Context, opts Options, full int64, commits int) error {
	w, err := lake.OpenWriter(ctx, opts.Lake, lake.WriterOptions{})
	if err != nil {
		return err
	}
	in := newIngest(opts, w)
	in.full = full
	if in.refuse, err = newQuarantine(ctx, opts.Lake, w.QuarantineFiles()); err != nil {
		return err
	}
	var writing errgroup.Group
	writing.Go(func() error {
		for b := range in.batches {
			if commits--; commits < 0 {
				continue
			}
			if err := w.Commit(context.WithoutCancel(ctx), b.Batch); err != nil {
				return err
			}
			in.index.committed(b.number)
		}
		return nil
	})
	readErr := in.read(ctx)
	in.rotate(true)
	close(in.batches)
	if err := writing.Wait(); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return readErr
}

// RunSmall is Run with batches of full bytes.
func RunSmall(ctx context.Context, opts Options, full int64) error {
	w, err := lake.OpenWriter(ctx, opts.Lake, lake.WriterOptions{Parallel: 2})
	if err != nil {
		return err
	}
	in := newIngest(opts, w)
	in.full = full
	return errors.Join(in.run(ctx), w.Close())
}

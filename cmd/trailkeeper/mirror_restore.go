package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/mirror"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
)

// runMirrorRestore asks for the objects in cold storage that the mirror lacks.
func runMirrorRestore(ctx context.Context, opts mirrorOptions, s *streams) error {
	source, err := opts.open(ctx)
	if err != nil {
		return err
	}
	bucket, ok := source.(mirror.ColdSource)
	if !ok {
		return misuse("mirror", errors.New("--restore needs a bucket, s3://BUCKET/PREFIX, as archive"))
	}
	wanted := mirror.Options{Dir: opts.dir, Filter: opts.filter, Workers: opts.workersOr(opts.workers)}
	cold, err := mirror.FindCold(ctx, bucket, wanted)
	if err != nil {
		return hinted(err)
	}
	total := cold.Total()
	cost, err := cold.Estimate(int32(opts.restore), opts.tier)
	switch {
	case err != nil:
		return misuse("mirror", fmt.Errorf("--tier %s: %w", opts.tier, err))
	case total.Objects > 0:
		fmt.Fprintf(s.err, "In cold storage and not in the mirror: %s objects, %s.\nTo restore them for %d days with tier %s costs about $%.2f, by %s.\n",
			quantity.FormatCount(total.Objects), quantity.FormatSize(total.Bytes), opts.restore, opts.tier, cost, mirror.PricesOf)
		if !opts.approve {
			if err := cli.Confirm(ctx, s.in, s.err, "Type the number of days to ask for them", fmt.Sprint(opts.restore)); err != nil {
				return err
			}
		}
	}
	bar := progress.New(s.err, "Asking for objects")
	wanted.Copied = func(int64) { bar.Add(1) }
	done, err := mirror.Restore(ctx, bucket, wanted, int32(opts.restore), opts.tier)
	bar.Done()
	if err != nil {
		return cli.SayKept(hinted(err), fmt.Sprintf("%s objects were asked for, and %s had been before; run the same command again for the rest",
			quantity.FormatCount(done.Asked), quantity.FormatCount(done.Before)))
	}
	return opts.printAsked(s, done)
}

func (o *mirrorOptions) printAsked(s *streams, done *mirror.Asked) error {
	n := quantity.FormatCount
	if o.format == report.JSON {
		if err := report.WriteDocument(s.out, done); err != nil {
			return err
		}
	} else {
		var b strings.Builder
		for _, f := range done.Failures {
			fmt.Fprintf(&b, "failed   %q: %s\n", f.Key, f.Cause)
		}
		fmt.Fprintf(&b, "asked    %s = %s asked + %s asked before + %s failed\n", n(done.Asked+done.Before+done.Failed), n(done.Asked), n(done.Before), n(done.Failed))
		if _, err := fmt.Fprint(s.out, b.String()); err != nil {
			return err
		}
	}
	if done.Failed > 0 {
		return outcome.CouldNotLook(fmt.Errorf("mirror archive %q: %s objects could not be asked for", o.archive, n(done.Failed)))
	}
	return nil
}

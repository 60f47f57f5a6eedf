package main

import (
	"context"
	"fmt"

	"github.com/cerpac/trailkeeper/internal/quantity"
)

// tightBound is a memory limit that the smaller archive reaches many times.
const tightBound = "256MiB"

// memory compares the peak of ingest for an archive with that for one ten times as
// large.
func (b *bench) memory(ctx context.Context) ([]group, error) {
	once, err := b.archive(ctx, b.busy())
	if err != nil {
		return nil, err
	}
	tenTimes, err := b.archive(ctx, b.busy().times(10))
	if err != nil {
		return nil, err
	}
	g, larger, err := b.peaks(ctx, once, tenTimes, b.opts.rounds, "--memory", tightBound)
	if err != nil {
		return nil, err
	}
	larger.judge("peak memory of ingest, ten times the archive", bar{AtLeast: 0.9, AtMost: 1.1})
	g.Title = "peak memory of ingest, busy files, --memory " + tightBound
	free, _, err := b.peaks(ctx, once, tenTimes, 1)
	if err != nil {
		return nil, err
	}
	free.Title = "peak memory of ingest, busy files, --memory as it is by default, 1 GiB"
	free.Notes = []string{"The smaller archive does not fill the default bound, so only the other ratio has a bar."}
	return []group{*g, *free}, nil
}

// peaks measures both archives with the same flags. It also returns the larger one's
// side.
func (b *bench) peaks(ctx context.Context, once, tenTimes *archiveDir, rounds int, flags ...string) (*group, *measured, error) {
	g := &group{Ratio: "the peak to that of the first", Measures: make([]measured, 2)}
	for i, a := range []*archiveDir{once, tenTimes} {
		m := &g.Measures[i]
		m.Name = fmt.Sprintf("%s records, %s", quantity.FormatCount(a.records()), quantity.FormatSize(a.summary.Total.Bytes))
		for range rounds {
			if err := b.ingestOnce(ctx, a, m, flags...); err != nil {
				return nil, nil, err
			}
		}
	}
	larger := &g.Measures[1]
	larger.compare(&g.Measures[0], largest)
	return g, larger, nil
}

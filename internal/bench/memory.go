package main

import (
	"context"
	"fmt"

	"github.com/cerpac/trailkeeper/internal/quantity"
)

// memory compares the peak of ingest on an archive with that on one ten times
// as large.
func (b *bench) memory(ctx context.Context) ([]group, error) {
	var both [2]*measured
	g := group{Title: "peak memory of ingest, busy files", Ratio: "the peak to that of the first"}
	for i, times := range []int{1, 10} {
		a, err := b.archive(ctx, b.busy().times(times))
		if err != nil {
			return nil, err
		}
		both[i] = &measured{Name: fmt.Sprintf("%s records, %s", quantity.FormatCount(a.records()), quantity.FormatSize(a.summary.Total.Bytes))}
		for range []int{b.opts.rounds, (b.opts.rounds + 1) / 2}[i] {
			if err := b.ingestOnce(ctx, a, both[i]); err != nil {
				return nil, err
			}
		}
	}
	both[1].compare(both[0], largest)
	both[1].judge("peak memory of ingest, ten times the archive", bar{AtLeast: 0.9, AtMost: 1.1})
	g.Measures = []measured{*both[0], *both[1]}
	g.Notes = []string{"The bound that ingest is given is its default, 1 GiB."}
	return []group{g}, nil
}

package lake

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// stage writes the rows of each day as a part, several at a time.
func (w *Writer) stage(ctx context.Context, sequence int, days map[string][]*Block) ([]Part, error) {
	order := slices.Sorted(maps.Keys(days))
	parts := make([]Part, len(order))
	var group errgroup.Group
	group.SetLimit(w.parallel)
	for i, day := range order {
		group.Go(func() (err error) {
			p := Part{Name: fmt.Sprintf("part-%08d-%04d.parquet", sequence, i), Day: day}
			parts[i], err = w.stagePart(ctx, p, days[day], hourSections(days[day]))
			return err
		})
	}
	return parts, group.Wait()
}

// hourSections groups the identities of rows by the hour of their events.
func hourSections(blocks []*Block) sections {
	hours := sections{}
	for _, b := range blocks {
		for i, id := range b.ids {
			h := Hour(time.UnixMicro(b.time[i]))
			hours[h] = append(hours[h], id)
		}
	}
	return hours
}

func (w *Writer) stagePart(ctx context.Context, p Part, blocks []*Block, hours sections) (Part, error) {
	if err := ctx.Err(); err != nil {
		return p, err
	}
	if err := proveRows(ctx, blocks); err != nil {
		return p, err
	}
	p.Schema = Schema
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	for _, b := range blocks {
		p.Rows += int64(b.Rows())
		p.PlainBytes += int64(b.Size())
		for _, at := range b.time {
			from, to = min(from, at), max(to, at)
		}
		for _, at := range b.verified {
			if at != unverified {
				p.Proven++
			}
		}
	}
	p.From, p.To = time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC()
	if err := w.store.Put(ctx, idsPath(p.Name), hours.writeTo); err != nil {
		return p, err
	}
	var err error
	p.Bytes, p.Checksum, err = writePart(ctx, w.store, p.staged(), blocks)
	return p, err
}

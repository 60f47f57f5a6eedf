package lake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
)

// compactAt is the number of parts of similar size in a day at which they are
// merged.
const compactAt = 4

// maxMerged bounds the size in memory of a merged part, in bytes, whatever the
// limit: some 100 MB of Parquet, and within what a column of a Block can hold.
const maxMerged = 1 << 30

// Compact merges small parts of days that have many, so that a lake with an
// ingest every few minutes does not collect small files. No merged part takes
// more than limit bytes in memory. A part is rewritten about once each time its
// day grows fourfold. Compact calls progress after each merge with the number
// of parts merged. When the context is cancelled it stops and leaves the
// remaining parts unchanged. Damaged parts are not merged, as the checksums of
// the new part would hide the damage; the error names them as [*PartError] once
// all others are merged.
func (w *Writer) Compact(ctx context.Context, limit int64, progress func(parts int)) error {
	limit = min(limit, maxMerged)
	var bad error
	days := map[string][]Part{}
	for _, p := range w.manifest.Parts {
		days[p.Day] = append(days[p.Day], p)
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		for {
			group := mergeable(days[day], limit)
			if group == nil {
				break
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			damaged, err := w.damagedOf(ctx, group, &bad)
			if err != nil {
				return fmt.Errorf("compact day %s: %w", day, err)
			}
			if len(damaged) > 0 {
				days[day] = without(days[day], damaged)
				continue
			}
			merged, err := w.merge(ctx, group)
			if err != nil {
				return fmt.Errorf("compact day %s: %w", day, err)
			}
			progress(len(group))
			days[day] = append(without(days[day], group), merged)
		}
	}
	return bad
}

// tier groups parts whose sizes are within a factor of four.
func tier(p Part) int { return bits.Len64(uint64(p.PlainBytes)>>16) / 2 }

// mergeable returns parts of one tier to merge, or nil when there are too few.
// Smaller tiers come first, so that their result can take part in a merge of
// the next tier.
func mergeable(parts []Part, limit int64) []Part {
	tiers := map[int][]Part{}
	for _, p := range parts {
		tiers[tier(p)] = append(tiers[tier(p)], p)
	}
	for _, t := range slices.Sorted(maps.Keys(tiers)) {
		var group []Part
		size := int64(0)
		for _, p := range tiers[t] {
			if size+p.PlainBytes <= limit {
				group = append(group, p)
				size += p.PlainBytes
			}
		}
		if len(group) >= compactAt {
			return group
		}
	}
	return nil
}

func without(parts, gone []Part) (kept []Part) {
	for _, p := range parts {
		if !slices.ContainsFunc(gone, func(g Part) bool { return g.Name == p.Name }) {
			kept = append(kept, p)
		}
	}
	return kept
}

// damagedOf returns the parts that differ from what was written, or hold rows
// that do not match their event, and joins their errors to bad. Parts with
// checksums have no such rows.
func (w *Writer) damagedOf(ctx context.Context, parts []Part, bad *error) (damaged []Part, err error) {
	for _, p := range parts {
		p.file = stored{w.store, p.published()}
		cause := ""
		c := newChecker(w.store, func(d Damage) { cause = d.Cause })
		if p.Checksum != nil {
			err = c.bytes(ctx, p)
		} else {
			err = c.part(ctx, p)
		}
		if err != nil {
			return nil, err
		}
		if c.report.Damaged > 0 {
			damaged = append(damaged, p)
			*bad = errors.Join(*bad, &PartError{p.Path(), cause})
		}
	}
	return damaged, nil
}

// merge replaces parts of one day by a single one, in one commit.
func (w *Writer) merge(ctx context.Context, group []Part) (Part, error) {
	next, err := w.next()
	if err != nil {
		return Part{}, err
	}
	var blocks []*Block
	var drop []string
	hours := sections{}
	for _, p := range group {
		if err := ctx.Err(); err != nil {
			return Part{}, err
		}
		read, err := readCurrent(ctx, stored{w.store, p.published()}, p.Schema)
		if err != nil {
			return Part{}, err
		}
		blocks = append(blocks, read...)
		ids, err := w.partIDs(ctx, p)
		if err != nil {
			return Part{}, err
		}
		for hour, list := range ids {
			hours[hour] = append(hours[hour], list...)
		}
		drop = append(drop, p.published(), idsPath(p.Name))
	}
	merged, err := w.stagePart(ctx, Part{Name: fmt.Sprintf("part-%08d-%04d.parquet", next.Sequence, 0), Day: group[0].Day}, blocks, hours)
	if want := int64(hours.count()); err == nil && merged.Rows != want {
		err = fmt.Errorf("%d rows but %d identities", merged.Rows, want)
	}
	if err != nil {
		return Part{}, w.abandon(ctx, err)
	}
	next.Parts = append(without(next.Parts, group), merged)
	return merged, w.replace(ctx, next, []Part{merged}, drop)
}

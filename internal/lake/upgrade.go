package lake

import (
	"context"
	"errors"
	"fmt"
)

// Upgraded is what an upgrade has done.
type Upgraded struct {
	Parts  int      // parts of an older schema that were replaced
	Events int64    // in them
	Left   []Damage // damaged parts that stay as they are
}

// Format returns the version of the layout of the lake, at most [Format].
func (w *Writer) Format() int { return w.manifest.Format }

// Outdated returns the number of parts of an older schema.
func (w *Writer) Outdated() (n int) {
	for _, p := range w.manifest.Parts {
		if p.Schema < Schema {
			n++
		}
	}
	return n
}

// Upgrade writes the parts of an older schema again in the current one, each in
// one commit, and calls progress after each. What was not recorded when the
// events were read stays NULL. A cancelled or killed upgrade leaves a whole lake,
// and the next one does the rest. Damaged parts are left, as the checksums of a
// new part would hide the damage; the error names them as [*PartError] once all
// others are done.
//
// A lake of an older format has the current one afterwards. It keeps its format
// only if every part of it is damaged: then nothing is gained by a lake that older
// programs refuse.
func (w *Writer) Upgrade(ctx context.Context, progress func()) (done Upgraded, err error) {
	var bad error
	for _, p := range w.manifest.Parts {
		if p.Schema >= Schema {
			continue
		}
		if err := ctx.Err(); err != nil {
			return done, err
		}
		damage, err := w.upgradePart(ctx, p)
		if err != nil {
			return done, fmt.Errorf("upgrade part %q: %w", p.published(), err)
		}
		if found, damaged := errors.AsType[*PartError](damage); damaged {
			done.Left = append(done.Left, Damage{Part: p.published(), Cause: found.Cause})
			bad = errors.Join(bad, damage)
		} else {
			done.Parts++
			done.Events += p.Rows
		}
		progress()
	}
	if w.manifest.Format < Format && len(done.Left) == 0 {
		next, err := w.next()
		if err != nil {
			return done, err
		}
		return done, w.replace(ctx, next, nil, nil)
	}
	return done, bad
}

// upgradePart replaces a part, or returns its damage.
func (w *Writer) upgradePart(ctx context.Context, p Part) (damage, err error) {
	if _, err := w.damagedOf(ctx, []Part{p}, &damage); err != nil || damage != nil {
		return damage, err
	}
	upgraded, err := w.merge(ctx, []Part{p})
	if err == nil && upgraded.Rows != p.Rows {
		err = fmt.Errorf("%d events of %d", upgraded.Rows, p.Rows)
	}
	return nil, err
}

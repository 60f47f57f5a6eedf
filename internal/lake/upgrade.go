package lake

import (
	"context"
	"fmt"
)

// Upgraded counts what an upgrade has done.
type Upgraded struct {
	Parts  int   // parts of an older schema that were replaced
	Events int64 // in them
	Left   int   // damaged parts that stay as they are
}

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
func (w *Writer) Upgrade(ctx context.Context, progress func()) (done Upgraded, err error) {
	var bad error
	for _, p := range w.manifest.Parts {
		if p.Schema >= Schema {
			continue
		}
		if err := ctx.Err(); err != nil {
			return done, err
		}
		damaged, err := w.damagedOf(ctx, []Part{p}, &bad)
		if err != nil {
			return done, fmt.Errorf("upgrade part %q: %w", p.published(), err)
		}
		if len(damaged) > 0 {
			done.Left++
			progress()
			continue
		}
		upgraded, err := w.merge(ctx, []Part{p})
		if err != nil {
			return done, fmt.Errorf("upgrade part %q: %w", p.published(), err)
		}
		if upgraded.Rows != p.Rows {
			return done, fmt.Errorf("upgrade part %q: %d events of %d", p.published(), upgraded.Rows, p.Rows)
		}
		done.Parts++
		done.Events += p.Rows
		progress()
	}
	return done, bad
}

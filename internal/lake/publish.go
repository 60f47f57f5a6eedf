package lake

import (
	"context"
	"fmt"
)

// publish links new parts into the partition folders under their final names.
// Their names in the staging folder stay as long as there are readers.
func (w *Writer) publish(ctx context.Context, parts []Part) error {
	for _, p := range parts {
		if err := w.store.Link(ctx, p.staged(), p.published()); err != nil {
			return fmt.Errorf("publish part: %w", err)
		}
	}
	if err := w.store.Flush(ctx); err != nil {
		return err
	}
	for _, p := range parts {
		w.gone = append(w.gone, p.staged())
	}
	return nil
}

// publishLeft publishes the parts that an interrupted writer committed and left
// in the staging folder, and those whose new names it may not have flushed. It
// checks that no part is missing.
func (w *Writer) publishLeft(ctx context.Context) error {
	names, err := w.store.List(ctx, stagingDir+"/")
	if err != nil {
		return err
	}
	staged := map[string]bool{}
	for _, name := range names {
		staged[name] = true
	}
	var left []Part
	names = nil
	for _, p := range w.manifest.Parts {
		if staged[p.staged()] {
			left = append(left, p)
		} else {
			names = append(names, p.published())
		}
	}
	missing, err := w.store.Missing(ctx, names)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return &MissingError{Dir: w.dir, What: "part", Path: w.store.Location(missing[0])}
	}
	return w.publish(ctx, left)
}

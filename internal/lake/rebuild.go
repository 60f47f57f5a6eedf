package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cerpac/trailkeeper/event"
)

// withIDs calls do with the identity file of a part. If the file is missing or
// damaged, it is rebuilt from the part, and do may be called a second time.
func (w *Writer) withIDs(ctx context.Context, p Part, do func(*idsFile) error) error {
	list := stored{w.store, idsPath(p.Name)}
	try := func() error {
		f, err := w.ids.get(ctx, list)
		if errors.Is(err, fs.ErrNotExist) {
			return &MissingError{Dir: w.dir, What: "list of identities", Path: list.location()}
		}
		if err != nil {
			return err
		}
		if n := f.count(); n != p.Rows {
			return &DamagedError{Path: list.location(), Err: fmt.Errorf("%d identities for %d events", n, p.Rows)}
		}
		return do(f)
	}
	err := try()
	if !rebuildable(err) {
		return err
	}
	if rebuildErr := w.rebuild(ctx, p, list); rebuildErr != nil {
		return fmt.Errorf("%w; making them anew from the part: %w", err, rebuildErr)
	}
	return try()
}

func rebuildable(err error) bool {
	var damaged *DamagedError
	return errors.As(err, &damaged) || errors.Is(err, fs.ErrNotExist)
}

// rebuild rebuilds the identity file of a part from its rows, once.
func (w *Writer) rebuild(ctx context.Context, p Part, list stored) error {
	w.rebuilding.Lock()
	defer w.rebuilding.Unlock()
	for _, done := range w.rebuilt {
		if done == list.location() {
			return nil
		}
	}
	if p.Checksum == nil { // hashes of damaged rows would hide the damage
		return errNoChecksum
	}
	p.file = stored{w.store, p.published()}
	switch bad, err := p.verify(ctx, ColumnNames(), new([]byte)); {
	case err != nil:
		return err
	case bad != nil:
		return bad
	}
	hours := sections{}
	blocks, err := readPart(ctx, p.file, p.Schema)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if err := b.identities(hours); err != nil {
			return err
		}
	}
	if n := int64(hours.count()); n != p.Rows {
		return fmt.Errorf("the part has %d events, not the %d it should have", n, p.Rows)
	}
	if err := w.store.Put(ctx, list.name, hours.writeTo); err != nil {
		return err
	}
	if err := w.store.Flush(ctx); err != nil {
		return err
	}
	w.ids.retire(list.name)
	w.rebuilt = append(w.rebuilt, list.location())
	return nil
}

// Rebuilt returns the paths of the identity files that were missing or damaged
// and have been rebuilt.
func (w *Writer) Rebuilt() []string {
	w.rebuilding.Lock()
	defer w.rebuilding.Unlock()
	return append([]string(nil), w.rebuilt...)
}

// errNoChecksum is the error for parts of earlier versions, whose rows may be
// damaged.
var errNoChecksum = errors.New("it has no checksums by which its events can be trusted")

// errNoEventID is the error for events that are identified by their offset in a
// log file, which the part does not record.
var errNoEventID = errors.New("it has events without an eventID")

// identities adds the identities of a block's rows to hours.
func (b *Block) identities(hours sections) error {
	var text []byte
	rec := &event.Record{}
	for i := range b.Rows() {
		row := b.row(i)
		var err error
		if text, err = row.AppendJSON(text[:0]); err != nil {
			return err
		}
		if _, err := rec.Decode(text); err != nil {
			return fmt.Errorf("decode row %d: %w", i, err)
		}
		if len(rec.ID()) == 0 {
			return errNoEventID
		}
		hour := Hour(row.Time)
		hours[hour] = append(hours[hour], Identify(rec, Source{}))
	}
	return nil
}

package lake

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// readersName is the name under which each reader is marked while it may open
// parts. A Writer removes a part that a manifest has named only if there is no
// reader at that moment; otherwise the part stays until a later commit or
// Writer.
const readersName = stateDir + "/readers"

// reclaim removes the files that only readers still need, once there are no
// readers.
func (w *Writer) reclaim(ctx context.Context) error {
	if len(w.gone) == 0 {
		return nil
	}
	free, err := w.store.Remove(ctx, readersName, w.gone)
	if free {
		w.gone = nil
	}
	return err
}

// Lake is a lake opened for reading.
type Lake struct {
	Dir    string // where it is, as in messages
	Totals Totals
	// RequiresProof reports that only events of proven log files are added.
	RequiresProof bool
	parts         []Part
	store         Store
	done          func() error
}

// Open opens the lake in a store for reading, in the state of the latest commit.
// Its parts stay in place until Close, whatever is written meanwhile. The error
// may be a [*NotFoundError], a [*VersionError] or a [*MissingError].
func Open(ctx context.Context, store Store) (*Lake, error) {
	l := &Lake{Dir: store.Location(""), store: store, done: store.Share(ctx, readersName)}
	if err := l.read(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lake) read(ctx context.Context) error {
	m, err := readManifest(ctx, l.store)
	for err == nil {
		l.Totals, l.RequiresProof, l.parts = m.Totals, m.RequiresProof, m.Parts
		missing := l.locate(ctx)
		if missing == nil {
			return nil
		}
		// A reader that could not be marked may find that a writer has removed
		// parts; it has written a newer manifest then.
		before := m.Sequence
		if m, err = readManifest(ctx, l.store); err == nil && m.Sequence == before {
			err = missing
		}
	}
	return err
}

// Close lets writers remove the parts that the lake no longer needs.
func (l *Lake) Close() error { return l.done() }

// LastCommit returns the time of the last commit: of the lake's manifest.
func (l *Lake) LastCommit(ctx context.Context) (time.Time, error) {
	f, err := l.store.Open(ctx, manifestPath)
	if err != nil {
		return time.Time{}, fmt.Errorf("open lake %q: %w", l.Dir, err)
	}
	return f.ModTime().UTC(), f.Close()
}

// locate finds where each part is now.
func (l *Lake) locate(ctx context.Context) error {
	names := make([]string, len(l.parts))
	for i, p := range l.parts {
		names[i] = p.published()
		l.parts[i].file = stored{l.store, names[i]}
	}
	missing, err := l.store.Missing(ctx, names)
	if err != nil || len(missing) == 0 {
		return err
	}
	unpublished := map[string]bool{}
	for _, name := range missing {
		unpublished[name] = true
	}
	for i, name := range names {
		if !unpublished[name] {
			continue
		}
		if err := l.locateStaged(ctx, &l.parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// locateStaged finds a part that was not published a moment ago.
func (l *Lake) locateStaged(ctx context.Context, p *Part) error {
	for _, name := range []string{p.staged(), p.published()} {
		missing, err := l.store.Missing(ctx, []string{name})
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			p.file.name = name
			return nil
		}
	}
	return &MissingError{Dir: l.Dir, What: "part", Path: l.store.Location(p.published())}
}

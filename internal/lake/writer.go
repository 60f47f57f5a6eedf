package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// LockedError reports that another process is writing to the lake.
type LockedError struct{ Dir string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("open lake %q: another ingest is writing to it", e.Dir)
}

// Writer is a lake opened for writing, by one process at a time. Count, Existing,
// Find and Sources may be called while another method runs; they see the lake
// before or after it. The other methods are not safe for concurrent use.
//
// A commit takes effect when its manifest replaces the old one. Parts are
// written into a staging folder before that and linked into their partition
// folders afterwards; if the process dies in between, the next Writer links
// them. The next Writer also removes files that no manifest names; it removes
// parts only when nobody reads the lake.
type Writer struct {
	store    Store
	dir      string // where the lake is, for messages
	unlock   func() error
	parallel int

	mu       sync.RWMutex // held while the manifest and the files it names change
	manifest *manifest
	byDay    map[string][]Part
	ids      openFiles
	gone     []string // parts to be removed once there are no readers
	failed   error    // of a commit that may have taken effect, and was not finished

	rebuilding sync.Mutex
	rebuilt    []string // where identity files are
}

// WriterOptions configure a Writer.
type WriterOptions struct {
	Parallel int // number of parts written concurrently; 0 means one
}

// OpenWriter opens the lake in a store for writing, and creates it if it does
// not exist. The error may be a [*LockedError], a [*VersionError], a
// [*MissingError] or a [*DamagedError].
func OpenWriter(ctx context.Context, store Store, opts WriterOptions) (*Writer, error) {
	w := &Writer{store: store, dir: store.Location(""), parallel: max(opts.Parallel, 1)}
	unlock, ok, err := store.Lock(ctx, lockName)
	if err != nil {
		return nil, fmt.Errorf("open lake %q: %w", w.dir, err)
	}
	if !ok {
		return nil, &LockedError{w.dir}
	}
	w.unlock = unlock
	if err := w.recover(ctx); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return w, nil
}

// lockName is the name that a Writer locks.
const lockName = stateDir + "/lock"

// recover reads or creates the manifest and finishes or undoes what an
// interrupted writer left.
func (w *Writer) recover(ctx context.Context) error {
	if err := w.welcomeReaders(ctx); err != nil {
		return fmt.Errorf("open lake %q: %w", w.dir, err)
	}
	m, err := readManifest(ctx, w.store)
	var missing *NotFoundError
	if errors.As(err, &missing) {
		m, err = w.first(ctx)
	}
	if err != nil {
		return err
	}
	if err := w.use(m); err != nil {
		return err
	}
	if err := w.publishLeft(ctx); err != nil {
		return err
	}
	if err := w.sweep(ctx); err != nil {
		return fmt.Errorf("open lake %q: %w", w.dir, err)
	}
	return nil
}

// welcomeReaders makes the name that readers share.
func (w *Writer) welcomeReaders(ctx context.Context) error {
	absent, err := w.store.Missing(ctx, []string{readersName})
	if err != nil || len(absent) == 0 {
		return err
	}
	return w.store.Put(ctx, readersName, func(io.Writer) error { return nil })
}

// first creates the manifest of a new lake.
func (w *Writer) first(ctx context.Context) (*manifest, error) {
	m := &manifest{Format: Format, Sources: map[string][]string{}}
	left, err := w.unnamed(ctx, m)
	if err != nil {
		return nil, err
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("open lake %q: %s is missing, but there are files of a lake, such as %q", w.dir, manifestName, w.store.Location(left[0]))
	}
	if err := w.store.Flush(ctx); err != nil {
		return nil, err
	}
	return m, m.write(ctx, w.store)
}

// Close releases the lake.
func (w *Writer) Close() error {
	return errors.Join(w.reclaim(context.Background()), w.ids.close(), w.unlock())
}

// Totals returns the sums over all ingests so far.
func (w *Writer) Totals() Totals { return w.manifest.Totals }

// Batch is the content of one commit.
type Batch struct {
	Days       map[string][]*Block  // rows by day, YYYY-MM-DD
	Sources    map[string][]LogFile // log files read to their end or begun, by shard; each once
	Quarantine []byte               // JSON lines of rejected pieces
	Added      Totals               // what to add to the lake's totals
}

// Commit adds a batch to the lake, all of it or nothing. It adds nothing when
// the context is cancelled before the manifest is replaced.
func (w *Writer) Commit(ctx context.Context, b Batch) error {
	next, err := w.next()
	if err != nil {
		return err
	}
	next.Totals = next.Totals.Plus(b.Added)
	parts, drop, err := w.prepare(ctx, next, b)
	if err != nil {
		return w.abandon(ctx, err)
	}
	return w.replace(ctx, next, parts, drop)
}

// next returns a copy of the manifest for the next commit. It returns an error
// if the last commit was not finished: its files have the names that this one
// would give.
func (w *Writer) next() (*manifest, error) {
	if w.failed != nil {
		return nil, fmt.Errorf("write to lake %q after a commit that was not finished: %w", w.dir, w.failed)
	}
	next := *w.manifest
	next.Sequence++
	return &next, nil
}

// prepare writes the files of a batch and enters them in the next manifest. It
// returns the new parts, and the names of files that the manifest no longer
// names.
func (w *Writer) prepare(ctx context.Context, next *manifest, b Batch) (parts []Part, drop []string, err error) {
	if parts, err = w.stage(ctx, next.Sequence, b.Days); err != nil {
		return nil, nil, err
	}
	next.Parts = append(slices.Clone(next.Parts), parts...)
	next.Sources = maps.Clone(next.Sources)
	if drop, err = w.stageSources(ctx, next, b.Sources); err != nil {
		return nil, nil, err
	}
	if len(b.Quarantine) > 0 {
		name := fmt.Sprintf("refused-%08d.jsonl", next.Sequence)
		err := w.store.Put(ctx, quarantineDir+"/"+name, func(to io.Writer) error {
			_, err := to.Write(b.Quarantine)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		next.Quarantine = append(slices.Clone(next.Quarantine), name)
	}
	return parts, drop, nil
}

// abandon removes the files prepared for a commit that failed, as they may fill
// the disk. The next Writer would remove them too, so the first error is the
// one that counts.
func (w *Writer) abandon(ctx context.Context, cause error) error {
	_ = w.sweep(context.WithoutCancel(ctx))
	return fmt.Errorf("write to lake %q: %w", w.dir, cause)
}

// Plus returns the sum of two totals.
func (t Totals) Plus(u Totals) Totals {
	return Totals{t.Files + u.Files, t.Stored + u.Stored, t.Duplicates + u.Duplicates, t.Conflicts + u.Conflicts, t.Rejected + u.Rejected}
}

// replace commits a manifest, publishes its new parts and removes files that it
// no longer names. It cannot be cancelled.
func (w *Writer) replace(ctx context.Context, next *manifest, added []Part, drop []string) error {
	ctx = context.WithoutCancel(ctx)
	slices.SortFunc(next.Parts, func(a, b Part) int {
		return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Name, b.Name))
	})
	if err := w.store.Flush(ctx); err != nil {
		return w.abandon(ctx, err)
	}
	next.Format = Format
	if err := next.write(ctx, w.store); err != nil {
		w.failed = err
		return fmt.Errorf("commit to lake %q: %w", w.dir, err)
	}
	w.failed = w.finish(ctx, next, added, drop)
	return w.failed
}

// finish does what follows a commit.
func (w *Writer) finish(ctx context.Context, next *manifest, added []Part, drop []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.use(next); err != nil {
		return err
	}
	if err := w.publish(ctx, added); err != nil {
		return err
	}
	if len(drop) > 0 {
		if err := w.ids.close(); err != nil {
			return err
		}
	}
	var now []string
	for _, name := range drop {
		if partName.MatchString(path.Base(name)) {
			w.gone = append(w.gone, name)
		} else {
			now = append(now, name)
		}
	}
	_, err := w.store.Remove(ctx, "", now)
	return errors.Join(err, w.reclaim(ctx))
}

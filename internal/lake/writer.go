package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gofrs/flock"
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
// A commit takes effect when its manifest is renamed over the old one. Parts
// are written into a staging folder before that and linked into their partition
// folders afterwards; if the process dies in between, the next Writer links
// them. The next Writer also removes files that no manifest names; it removes
// parts only when nobody reads the lake.
type Writer struct {
	dir      string
	lock     *flock.Flock
	parallel int
	modes    modes

	mu       sync.RWMutex // held while the manifest and the files it names change
	manifest *manifest
	byDay    map[string][]Part
	ids      openFiles
	gone     []string // parts to be removed once there are no readers

	rebuilding sync.Mutex
	rebuilt    []string // paths of identity files
}

// WriterOptions configure a Writer.
type WriterOptions struct {
	Parallel int         // number of parts written concurrently; 0 means one
	Mode     fs.FileMode // of new files, and with the matching x bits of new folders; 0 for DefaultMode
}

// OpenWriter opens the lake in dir for writing, and creates it if it does not
// exist. The error may be a [*LockedError], a [*VersionError], a
// [*MissingError] or a [*DamagedError].
func OpenWriter(dir string, opts WriterOptions) (*Writer, error) {
	perm := modesOf(opts.Mode)
	for _, d := range []string{"staging", "ids", "sources", "quarantine"} {
		if err := perm.makeDir(filepath.Join(dir, stateDir, d)); err != nil {
			return nil, fmt.Errorf("open lake %q: %w", dir, err)
		}
	}
	lock := flock.New(filepath.Join(dir, stateDir, "lock"))
	for _, path := range []string{lock.Path(), readersPath(dir)} {
		if err := perm.lockFile(path); err != nil {
			return nil, fmt.Errorf("open lake %q: %w", dir, err)
		}
	}
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("open lake %q: %w", dir, err)
	}
	if !got {
		return nil, &LockedError{dir}
	}
	w := &Writer{dir: dir, lock: lock, parallel: max(opts.Parallel, 1), modes: perm}
	if err := w.recover(); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return w, nil
}

// recover reads or creates the manifest and finishes or undoes what an
// interrupted writer left.
func (w *Writer) recover() error {
	m, err := readManifest(w.dir)
	var missing *NotFoundError
	if errors.As(err, &missing) {
		m, err = w.first()
	}
	if err != nil {
		return err
	}
	if err := w.use(m); err != nil {
		return err
	}
	if err := w.publish(m.Parts); err != nil {
		return err
	}
	w.gone = nil // sweep finds them
	if err := w.sweep(); err != nil {
		return fmt.Errorf("open lake %q: %w", w.dir, err)
	}
	return nil
}

// first creates the manifest of a new lake.
func (w *Writer) first() (*manifest, error) {
	m := &manifest{Format: Format, Sources: map[string][]string{}}
	left, err := w.unnamed(m)
	if err != nil {
		return nil, err
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("open lake %q: %s is missing, but there are files of a lake, such as %q", w.dir, manifestName, left[0])
	}
	return m, m.write(w.dir, w.modes)
}

// Close releases the lake.
func (w *Writer) Close() error {
	return errors.Join(w.reclaim(), w.ids.close(), w.lock.Unlock())
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
	next := *w.manifest
	next.Sequence++
	next.Totals = next.Totals.Plus(b.Added)
	parts, drop, err := w.prepare(ctx, &next, b)
	if err != nil {
		return w.abandon(err)
	}
	return w.replace(&next, parts, drop)
}

// prepare writes the files of a batch and enters them in the next manifest. It
// returns the new parts, and the paths of files that the manifest no longer
// names.
func (w *Writer) prepare(ctx context.Context, next *manifest, b Batch) (parts []Part, drop []string, err error) {
	if parts, err = w.stage(ctx, next.Sequence, b.Days); err != nil {
		return nil, nil, err
	}
	next.Parts = append(slices.Clone(next.Parts), parts...)
	next.Sources = maps.Clone(next.Sources)
	if drop, err = w.stageSources(next, b.Sources); err != nil {
		return nil, nil, err
	}
	if len(b.Quarantine) > 0 {
		name := fmt.Sprintf("refused-%08d.jsonl", next.Sequence)
		if err := w.modes.replaceFile(filepath.Join(w.dir, stateDir, "quarantine", name), b.Quarantine); err != nil {
			return nil, nil, err
		}
		next.Quarantine = append(slices.Clone(next.Quarantine), name)
	}
	return parts, drop, nil
}

// abandon removes the files prepared for a commit that failed, as they may fill
// the disk. The next Writer would remove them too, so the first error is the
// one that counts.
func (w *Writer) abandon(cause error) error {
	w.gone = nil // sweep finds them
	_ = w.sweep()
	return fmt.Errorf("write to lake %q: %w", w.dir, cause)
}

// Plus returns the sum of two totals.
func (t Totals) Plus(u Totals) Totals {
	return Totals{t.Files + u.Files, t.Stored + u.Stored, t.Duplicates + u.Duplicates, t.Conflicts + u.Conflicts, t.Rejected + u.Rejected}
}

// settle syncs the folders of the files that the next manifest refers to.
func (w *Writer) settle(added []Part) error {
	dirs := folders{filepath.Join(w.dir, stateDir, "ids"): true, filepath.Join(w.dir, stateDir, "sources"): true}
	for _, p := range added {
		dirs.add(filepath.Dir(p.staged(w.dir)), w.dir)
	}
	return dirs.sync()
}

// replace commits a manifest, publishes its new parts and removes files that it
// no longer names.
func (w *Writer) replace(next *manifest, added []Part, drop []string) error {
	slices.SortFunc(next.Parts, func(a, b Part) int {
		return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Name, b.Name))
	})
	if err := w.settle(added); err != nil {
		return w.abandon(err)
	}
	if err := next.write(w.dir, w.modes); err != nil {
		return fmt.Errorf("commit to lake %q: %w", w.dir, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.use(next); err != nil {
		return err
	}
	if err := w.publish(added); err != nil {
		return err
	}
	if len(drop) > 0 {
		if err := w.ids.close(); err != nil {
			return err
		}
	}
	var now []string
	for _, path := range drop {
		if partName.MatchString(filepath.Base(path)) {
			w.gone = append(w.gone, path)
		} else {
			now = append(now, path)
		}
	}
	return errors.Join(removeAll(now), w.reclaim())
}

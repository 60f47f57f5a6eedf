package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// readersName is the file on which each reader holds a shared lock while it may
// open parts. A Writer removes a part that a manifest has named only if it gets
// the exclusive lock at that moment; otherwise the part stays until a later
// commit or Writer.
// commit or Writer.
const readersName = "readers"

func readersPath(dir string) string { return filepath.Join(dir, stateDir, readersName) }

// lockForReading keeps the parts of the lake in dir from being removed. It
// returns nil if no lock is available: no ingest has written to the lake since
// locks were introduced, or the file system does not support them.
func lockForReading(dir string) *flock.Flock {
	lock := flock.New(readersPath(dir), flock.SetFlag(os.O_RDONLY))
	if lock.RLock() != nil { // waits while a Writer removes a few files
		return nil
	}
	return lock
}

// reclaim removes the files that only readers still need, once there are no
// readers.
func (w *Writer) reclaim() error {
	if len(w.gone) == 0 {
		return nil
	}
	lock := flock.New(readersPath(w.dir), flock.SetFlag(os.O_RDWR))
	if free, err := lock.TryLock(); err != nil || !free {
		return err
	}
	err := removeAll(w.gone)
	w.gone = nil
	return errors.Join(err, lock.Unlock())
}

func removeAll(paths []string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Lake is a lake opened for reading.
type Lake struct {
	Dir    string
	Totals Totals
	parts  []Part
	lock   *flock.Flock // nil if no lock is available
}

// Open opens the lake in dir for reading, in the state of the latest commit.
// Its parts stay in place until Close, whatever is written meanwhile. The error
// may be a [*NotFoundError], a [*VersionError] or a [*MissingError].
func Open(dir string) (*Lake, error) {
	l := &Lake{Dir: dir, lock: lockForReading(dir)}
	if err := l.read(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lake) read() error {
	m, err := readManifest(l.Dir)
	for err == nil {
		l.Totals, l.parts = m.Totals, m.Parts
		missing := l.locate()
		if missing == nil {
			return nil
		}
		// Without a lock, a writer that compacts may remove parts; it has written
		// a newer manifest then.
		before := m.Sequence
		if m, err = readManifest(l.Dir); err == nil && m.Sequence == before {
			err = missing
		}
	}
	return err
}

// Close lets writers remove the parts that the lake no longer needs.
func (l *Lake) Close() error {
	if l.lock == nil {
		return nil
	}
	return l.lock.Close()
}

// locate finds where each part is now.
func (l *Lake) locate() error {
	for i := range l.parts {
		p := &l.parts[i]
		p.path = p.published(l.Dir)
		if exists(p.path) {
			continue
		}
		p.path = p.staged(l.Dir)
		if !exists(p.path) && !exists(p.published(l.Dir)) {
			return &MissingError{Dir: l.Dir, What: "part", Path: p.published(l.Dir)}
		}
	}
	return nil
}

// publish links parts into the partition folders under their final names. The
// ones in the staging folder stay as long as there are readers.
func (w *Writer) publish(parts []Part) error {
	dirs := folders{}
	for _, p := range parts {
		from, to := p.staged(w.dir), p.published(w.dir)
		if exists(to) {
			if exists(from) { // linked by a process that may have died before it synced
				dirs.add(filepath.Dir(to), w.dir)
			}
			continue
		}
		if !exists(from) {
			return &MissingError{Dir: w.dir, What: "part", Path: to}
		}
		if err := w.modes.makeDirs(filepath.Dir(to), later); err != nil {
			return err
		}
		if err := os.Link(from, to); err == nil {
			w.gone = append(w.gone, from)
		} else if err := os.Rename(from, to); err != nil { // the file system has no hard links
			return fmt.Errorf("publish part: %w", err)
		}
		dirs.add(filepath.Dir(to), w.dir)
	}
	return dirs.sync()
}

// later leaves it to the caller of makeDirs to sync new folders.
func later(string) error { return nil }

// Package memstore keeps the files of a lake in memory, for tests of what
// happens when a store fails or a machine crashes.
package memstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Disk is what processes share and what outlives them.
type Disk struct {
	mu      sync.Mutex
	now     map[string]*content // as processes see it
	flushed map[string]*content // as it is after a loss of power, at least
	writes  int                 // number of contents so far
	locks   map[string]*Store   // by name
	readers map[string]map[*share]bool
}

// content is a file's content, which never changes.
type content struct {
	data   []byte
	number int
	at     time.Time
}

type share struct{ store *Store }

// New returns an empty disk.
func New() *Disk {
	return &Disk{now: map[string]*content{}, flushed: map[string]*content{}, locks: map[string]*Store{}, readers: map[string]map[*share]bool{}}
}

// Open returns the disk as a process sees it.
func (d *Disk) Open() *Store { return &Store{disk: d} }

// LosePower undoes changes that were not flushed: those of the names of which
// lost is true. All stores that are open are dead.
func (d *Disk) LosePower(lost func(name string) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(union(d.now, d.flushed))) {
		if before := d.flushed[name]; before != d.now[name] && lost(name) {
			d.set(name, before)
		}
	}
	d.flushed = maps.Clone(d.now)
	d.locks, d.readers = map[string]*Store{}, map[string]map[*share]bool{}
}

func union(a, b map[string]*content) map[string]*content {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// set gives a name a content; nil removes it. The caller holds mu.
func (d *Disk) set(name string, c *content) {
	if c == nil {
		delete(d.now, name)
		return
	}
	d.now[name] = c
}

// Change replaces the content of a file by what change makes of a copy of it, as
// a fault of a disk does; nil removes the file. A file that does not exist stays
// away.
func (d *Disk) Change(name string, change func(data []byte) []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, changed := d.now[name], (*content)(nil)
	if before == nil {
		return
	}
	if data := change(bytes.Clone(before.data)); data != nil {
		changed = d.content(data)
	}
	d.set(name, changed)
	d.flushed = maps.Clone(d.now)
}

// Files returns all files.
func (d *Disk) Files() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	files := map[string][]byte{}
	for name, c := range d.now {
		files[name] = bytes.Clone(c.data)
	}
	return files
}

// content returns a new content. The caller holds mu.
func (d *Disk) content(data []byte) *content {
	d.writes++
	return &content{data: data, number: d.writes, at: time.Unix(int64(d.writes), 0)}
}

// Store is a Disk as one process sees it. It implements lake.Store.
type Store struct {
	disk *Disk

	// Fault, if not nil, is called at each point at which a call can fail or the
	// process can die: before what it does and, if it changes anything, after
	// that and in the middle. An error makes the call fail, unless what was done
	// is promised to be undone then. It may call Kill.
	Fault func(call, name string) error

	mu   sync.Mutex
	dead bool
}

// Kill makes all calls fail from now on and releases the locks, as the end of a
// process does.
func (s *Store) Kill() {
	s.mu.Lock()
	s.dead = true
	s.mu.Unlock()
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	maps.DeleteFunc(s.disk.locks, func(_ string, by *Store) bool { return by == s })
	for _, shares := range s.disk.readers {
		maps.DeleteFunc(shares, func(by *share, _ bool) bool { return by.store == s })
	}
}

var errDead = errors.New("the process is dead")

func (s *Store) alive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return errDead
	}
	return nil
}

// point is a point at which a call can fail.
func (s *Store) point(call, name string) error {
	if err := s.alive(); err != nil {
		return err
	}
	if s.Fault == nil {
		return nil
	}
	err := s.Fault(call, name)
	if dead := s.alive(); dead != nil {
		return dead
	}
	return err
}

// begin checks the names of a call.
func (s *Store) begin(ctx context.Context, call string, names ...string) error {
	for _, name := range names {
		if !fs.ValidPath(name) || name == "." {
			return fmt.Errorf("%q is not the name of a file", name)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.point(call, strings.Join(names, " "))
}

// Location returns a text for messages: there is nothing for an engine to read.
func (s *Store) Location(name string) string { return "memory:" + name }

// get returns the content of a file.
func (d *Disk) get(name string) (*content, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.now[name]; c != nil {
		return c, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

type file struct {
	*bytes.Reader
	at time.Time
}

func (f file) ModTime() time.Time { return f.at }
func (f file) Close() error       { return nil }

// Open opens a file.
func (s *Store) Open(ctx context.Context, name string) (interface {
	io.ReaderAt
	io.Closer
	Size() int64
	ModTime() time.Time
}, error) {
	if err := s.begin(ctx, "open", name); err != nil {
		return nil, err
	}
	c, err := s.disk.get(name)
	if err != nil {
		return nil, err
	}
	return file{bytes.NewReader(c.data), c.at}, nil
}

// List returns the names that begin with prefix.
func (s *Store) List(ctx context.Context, prefix string) (names []string, err error) {
	if err := s.begin(ctx, "list"); err != nil {
		return nil, err
	}
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.disk.now)) {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names, nil
}

// Missing returns the names that do not exist.
func (s *Store) Missing(ctx context.Context, names []string) (missing []string, err error) {
	if err := s.begin(ctx, "missing", names...); err != nil {
		return nil, err
	}
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	for _, name := range names {
		if s.disk.now[name] == nil {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

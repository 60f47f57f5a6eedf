package memstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
)

// unfinished is the suffix of what is left of a Put.
const unfinished = ".new"

// Put gives a name a content. A process that dies in it may leave half of it
// under another name.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := s.begin(ctx, "put", name); err != nil {
		return err
	}
	var data bytes.Buffer
	if err := write(&data); err != nil {
		return err
	}
	if err := s.point("put, half", name); err != nil {
		if errors.Is(err, errDead) {
			s.disk.change(func(d *Disk) { d.now[name+unfinished] = d.content(data.Bytes()[:data.Len()/2]) })
		}
		return err
	}
	s.disk.change(func(d *Disk) {
		d.now[name] = d.content(data.Bytes())
		delete(d.now, name+unfinished)
	})
	return s.killed("put, done", name)
}

// killed is the point after a call whose failure would promise that nothing has
// changed: it fails only for the dead.
func (s *Store) killed(call, name string) error {
	_ = s.point(call, name) // nobody may see another error
	return s.alive()
}

func (d *Disk) change(do func(*Disk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do(d)
}

// Link gives a file a second name.
func (s *Store) Link(ctx context.Context, from, to string) error {
	if err := s.begin(ctx, "link", from, to); err != nil {
		return err
	}
	source, err := s.disk.get(from)
	if _, there := s.disk.get(to); there == nil {
		return nil
	}
	if err != nil {
		return err
	}
	s.disk.change(func(d *Disk) { d.now[to] = source })
	return s.point("link, done", to)
}

// Flush makes all changes survive.
func (s *Store) Flush(ctx context.Context) error {
	if err := s.begin(ctx, "flush"); err != nil {
		return err
	}
	s.disk.change(func(d *Disk) { d.flushed = maps.Clone(d.now) })
	return s.point("flush, done", "")
}

// Load returns the content of a file.
func (s *Store) Load(ctx context.Context, name string) (data []byte, version string, err error) {
	if err := s.begin(ctx, "load", name); err != nil {
		return nil, "", err
	}
	c, err := s.disk.get(name)
	if err != nil {
		return nil, "", err
	}
	return bytes.Clone(c.data), c.version(), nil
}

func (c *content) version() string { return strconv.Itoa(c.number) }

// Swap replaces a file if it has the version old.
func (s *Store) Swap(ctx context.Context, name, old string, data []byte) (version string, err error) {
	if err := s.begin(ctx, "swap", name); err != nil {
		return "", err
	}
	s.disk.change(func(d *Disk) {
		if c := d.now[name]; c != nil {
			version = c.version()
		}
		if version != old {
			err = fmt.Errorf("replace %q: it has changed since it was read", name)
			return
		}
		c := d.content(bytes.Clone(data))
		d.now[name], d.flushed[name] = c, c
		version = c.version()
	})
	if err != nil {
		return "", err
	}
	return version, s.point("swap, done", name)
}

// Lock locks a name.
func (s *Store) Lock(ctx context.Context, name string) (unlock func() error, ok bool, err error) {
	if err := s.begin(ctx, "lock", name); err != nil {
		return nil, false, err
	}
	s.disk.change(func(d *Disk) {
		if ok = d.locks[name] == nil; ok {
			d.locks[name] = s
		}
	})
	return func() error {
		s.disk.change(func(d *Disk) {
			if d.locks[name] == s {
				delete(d.locks, name)
			}
		})
		return nil
	}, ok, nil
}

// Share marks a reader.
func (s *Store) Share(ctx context.Context, name string) (done func() error) {
	if s.begin(ctx, "share", name) != nil {
		return func() error { return nil }
	}
	by := &share{s}
	s.disk.change(func(d *Disk) {
		if d.readers[name] == nil {
			d.readers[name] = map[*share]bool{}
		}
		d.readers[name][by] = true
	})
	return func() error {
		s.disk.change(func(d *Disk) { delete(d.readers[name], by) })
		return nil
	}
}

// Remove removes files, one by one.
func (s *Store) Remove(ctx context.Context, readers string, names []string) (ok bool, err error) {
	if err := s.begin(ctx, "remove", names...); err != nil {
		return false, err
	}
	s.disk.change(func(d *Disk) { ok = readers == "" || len(d.readers[readers]) == 0 })
	if !ok {
		return false, nil
	}
	for _, name := range names {
		s.disk.change(func(d *Disk) { delete(d.now, name) })
		if err := s.point("remove, one done", name); err != nil {
			return false, err
		}
	}
	return true, nil
}

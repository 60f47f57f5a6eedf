package folderstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Lock locks a file exclusively. It makes the file if it does not exist.
func (s *Store) Lock(ctx context.Context, name string) (unlock func() error, ok bool, err error) {
	path, err := s.path(ctx, name)
	if err != nil {
		return nil, false, err
	}
	if !exists(path) {
		var f *os.File
		err := s.inFolder(filepath.Dir(path), func() (err error) {
			f, err = s.modes.create(path)
			return err
		})
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return nil, false, err
		}
		s.changed(filepath.Dir(path))
	}
	// Opening it for writing fails on a read-only file system, before work is done.
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	if ok, err = lock.TryLock(); err != nil || !ok {
		return nil, false, err
	}
	return lock.Unlock, true, nil
}

// Share locks a file for reading. There is no lock if the file does not exist,
// as in a folder that was written before readers had locks, and if the file
// system does not support locks.
func (s *Store) Share(ctx context.Context, name string) (done func() error) {
	if path, err := s.path(ctx, name); err == nil {
		lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
		if lock.RLock() == nil { // waits while Remove removes a few files
			return lock.Close
		}
	}
	return func() error { return nil }
}

// Remove removes files, and the folders that are empty then.
func (s *Store) Remove(ctx context.Context, readers string, names []string) (ok bool, err error) {
	if readers == "" {
		return true, s.remove(ctx, names)
	}
	path, err := s.path(ctx, readers)
	if err != nil {
		return false, err
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	if free, err := lock.TryLock(); err != nil || !free {
		return false, err
	}
	return true, errors.Join(s.remove(ctx, names), lock.Unlock())
}

func (s *Store) remove(ctx context.Context, names []string) error {
	emptied := map[string]bool{}
	defer func() { s.prune(emptied) }()
	for _, name := range names {
		path, err := s.path(ctx, name)
		if err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		emptied[filepath.Dir(path)] = true
	}
	return nil
}

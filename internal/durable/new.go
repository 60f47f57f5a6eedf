package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// Create is Replace for a path that must not exist: otherwise the error is
// [os.ErrExist], and the file there stays as it is.
func Create(path string, aside *os.File, write func(*os.File) error) error {
	err := write(aside)
	if err == nil {
		err = aside.Sync()
	}
	err = errors.Join(err, aside.Close())
	if err == nil {
		err = link(aside.Name(), path)
	}
	if err = errors.Join(err, os.RemoveAll(aside.Name())); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// link gives a file its name unless there is one of that name. A file system without
// links cannot do both at once.
func link(aside, path string) error {
	err := os.Link(aside, path)
	if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrPermission) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(aside, path)
}

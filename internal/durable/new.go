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
		err = os.Link(aside.Name(), path)
	}
	if err = errors.Join(err, os.Remove(aside.Name())); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

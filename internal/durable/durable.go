// Package durable writes files so that they exist completely or not at all.
package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace lets write fill aside, a new file in the folder of path, and renames it to
// path. Content and name survive a power failure. On an error aside is removed and path
// is unchanged.
func Replace(path string, aside *os.File, write func(*os.File) error) error {
	if err := Fill(path, aside, write); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// WriteFile is Replace with data. Aside is path with the suffix ".new".
func WriteFile(path string, data []byte, mode os.FileMode) error {
	aside, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	return Replace(path, aside, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// Fill is Replace without the sync of the folder, which the caller owes: until
// then a loss of power may bring the former file back, or none.
func Fill(path string, aside *os.File, write func(*os.File) error) error {
	return put(path, aside, func(f *os.File) error {
		if err := write(f); err != nil {
			return err
		}
		return f.Sync()
	})
}

// Put is Replace for files that can be generated again: they survive the end of the
// process, but not necessarily a power failure.
func Put(path string, aside *os.File, data []byte) error {
	return put(path, aside, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

func put(path string, aside *os.File, write func(*os.File) error) error {
	err := write(aside)
	if closed := aside.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(aside.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(aside.Name()))
	}
	return nil
}

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close() // only synced
	return d.Sync()
}

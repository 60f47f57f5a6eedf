// Package spool is a folder of files that are each there whole or not at all, and their owner's only.
package spool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Dir is the folder. Names in it are slash separated paths. A write outlives the
// process, though not necessarily the machine.
type Dir string

// aside is the end of the name of a file that is being written.
const aside = ".part"

// Write puts a file in place of what had the name.
func (d Dir) Write(name string, data []byte) error {
	path := d.path(name)
	err := os.WriteFile(path+aside, data, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.WriteFile(path+aside, data, 0o600)
		}
	}
	if err != nil {
		return err
	}
	return os.Rename(path+aside, path)
}

// Read returns a file. The error is fs.ErrNotExist when there is none.
func (d Dir) Read(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }

// Remove removes a file, or a folder with all that is in it. It is no error when
// it is gone already.
func (d Dir) Remove(name string) error { return os.RemoveAll(d.path(name)) }

func (d Dir) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

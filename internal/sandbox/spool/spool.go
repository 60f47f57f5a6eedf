// Package spool is a folder of files that are each there whole or not at all, and their owner's only.
package spool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// Dir is the folder. Names in it are slash separated paths. A write outlives the
// process, though not necessarily the machine.
type Dir string

// aside is the end of the name of a file that is being written.
const aside = ".part"

// Write puts a file in place of what had the name.
func (d Dir) Write(name string, data []byte) error {
	path := d.path(name)
	f, err := create(path + aside)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			f, err = create(path + aside)
		}
	}
	if err != nil {
		return err
	}
	return durable.Put(path, f, data)
}

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// Read returns a file. The error is fs.ErrNotExist when there is none.
func (d Dir) Read(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }

// Remove removes a file, or a folder with all that is in it. It is no error when
// it is gone already.
func (d Dir) Remove(name string) error { return os.RemoveAll(d.path(name)) }

func (d Dir) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

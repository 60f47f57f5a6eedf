// Package spool is a folder of files that exist completely or not at all, readable by their owner only.
package spool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// Dir is the folder. Names in it are slash-separated paths. A write survives the end of
// the process, but not necessarily a crash of the machine.
type Dir string

// aside is the suffix of a file that is being written.
const aside = ".part"

// Write creates or replaces a file.
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

// Read returns a file. The error is fs.ErrNotExist if it does not exist.
func (d Dir) Read(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }

// Remove removes a file, or a folder with its content. A missing one is not an error.
func (d Dir) Remove(name string) error { return os.RemoveAll(d.path(name)) }

func (d Dir) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

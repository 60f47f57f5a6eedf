// Package folderstore keeps the files of a lake in a folder.
//
// A file is written aside, synced and renamed. The folders that got a name are
// synced together, each once, when the caller asks for it: syncs are the main
// cost of small files. Locks are flock's, which the system releases when a
// process ends in whatever way.
package folderstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// DefaultMode gives only the owner access to an audit trail.
const DefaultMode fs.FileMode = 0o600

// Store is a folder. It implements lake.Store.
type Store struct {
	dir   string
	modes modes

	swapping sync.Mutex

	mu      sync.Mutex
	unsaved folders // that have names which are not synced
}

// New returns a store in the folder dir, which is made by the first Put. New
// files get the mode, whatever the umask is, and new folders the mode with the
// matching x bits; a mode of 0 is DefaultMode. Files and folders that are there
// keep theirs.
func New(dir string, mode fs.FileMode) *Store {
	return &Store{dir: dir, modes: modesOf(mode), unsaved: folders{}}
}

// Location returns the path of a file; that of "" is the folder as New got it.
func (s *Store) Location(name string) string {
	if name == "" {
		return s.dir
	}
	return filepath.Join(s.dir, filepath.FromSlash(name))
}

// path returns the path of a file, if its name is one.
func (s *Store) path(ctx context.Context, name string) (string, error) {
	if !fs.ValidPath(name) || name == "." {
		return "", fmt.Errorf("%q is not the name of a file", name)
	}
	return s.Location(name), context.Cause(ctx)
}

// file adds to an open file what it was when it was opened.
type file struct {
	*os.File
	info fs.FileInfo
}

func (f *file) Size() int64        { return f.info.Size() }
func (f *file) ModTime() time.Time { return f.info.ModTime() }

// Open opens a file for reading. Reads do not end when ctx is cancelled.
func (s *Store) Open(ctx context.Context, name string) (interface {
	io.ReaderAt
	io.Closer
	Size() int64
	ModTime() time.Time
}, error) {
	path, err := s.path(ctx, name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{f, info}, nil
}

// Put writes a file aside, syncs it and renames it.
func (s *Store) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	path, err := s.path(ctx, name)
	if err != nil {
		return err
	}
	if err := s.put(path, write); err != nil {
		return err
	}
	s.changed(filepath.Dir(path))
	return nil
}

// asideSuffix is the suffix of files that are still being written.
const asideSuffix = ".new"

func (s *Store) put(path string, write func(io.Writer) error) error {
	var aside *os.File
	err := s.inFolder(filepath.Dir(path), func() (err error) {
		aside, err = s.modes.create(path + asideSuffix)
		return err
	})
	if err != nil {
		return err
	}
	return durable.Fill(path, aside, func(f *os.File) error { return write(f) })
}

// Link makes a hard link, or renames the file where the file system has none.
func (s *Store) Link(ctx context.Context, from, to string) error {
	source, err := s.path(ctx, from)
	if err != nil {
		return err
	}
	target, err := s.path(ctx, to)
	if err != nil {
		return err
	}
	var noSource error
	err = s.inFolder(filepath.Dir(target), func() error {
		err := linkOrRename(source, target)
		if err != nil && !exists(source) {
			noSource, err = err, nil
		}
		return err
	})
	if err = errors.Join(err, noSource); err != nil {
		return err
	}
	s.changed(filepath.Dir(target))
	return nil
}

func linkOrRename(source, target string) error {
	if err := os.Link(source, target); err == nil || exists(target) {
		return nil
	}
	return os.Rename(source, target)
}

// Flush syncs the folders that have new names, several at a time.
func (s *Store) Flush(context.Context) error {
	s.mu.Lock()
	dirs := s.unsaved
	s.unsaved = folders{}
	s.mu.Unlock()
	err := dirs.sync()
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		for dir := range dirs {
			s.unsaved[dir] = true
		}
	}
	return err
}

// changed notes that a folder has a new name. The folders above it may be as
// new, or have been made by a process that died before it synced them.
func (s *Store) changed(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsaved.add(dir, s.dir)
}

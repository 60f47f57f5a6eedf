package folderstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// modes are the permissions of new files and folders.
type modes struct{ file, dir fs.FileMode }

// modesOf adds search permission to folders for those who may read the files.
func modesOf(file fs.FileMode) modes {
	if file == 0 {
		file = DefaultMode
	}
	return modes{file: file, dir: file | file&0o444>>2}
}

// create makes an empty file, or truncates an existing one.
func (m modes) create(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, m.file)
	if err != nil {
		return nil, err
	}
	// The umask may have removed bits. A file system without permissions rejects
	// the call and does not need it.
	_ = f.Chmod(m.file)
	return f, nil
}

// makeDirs makes a folder and its parents, and syncs the folders that are or may
// be new.
func (m modes) makeDirs(path string, made func(dir string) error) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
		}
		return nil
	}
	if parent := filepath.Dir(path); parent != path {
		if err := m.makeDirs(parent, made); err != nil {
			return err
		}
	}
	switch err := os.Mkdir(path, m.dir); {
	case errors.Is(err, fs.ErrExist):
	case err != nil:
		return err
	default:
		_ = os.Chmod(path, m.dir) // as in create
	}
	return made(filepath.Dir(path))
}

// inFolder calls do after it has made the folder dir. Remove may remove the
// folder in between, as it is empty; then it is made again. So do must not return
// fs.ErrNotExist for another reason.
func (s *Store) inFolder(dir string, do func() error) error {
	made := func(parent string) error {
		if below(parent, s.dir) {
			return nil // changed will note it
		}
		return durable.SyncDir(parent)
	}
	var err error
	for range maxRemade {
		if err = s.modes.makeDirs(dir, made); err == nil {
			err = do()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// maxRemade is how often a folder is made again that others remove.
const maxRemade = 1000

// below reports whether a folder is top or in it.
func below(dir, top string) bool {
	rel, err := filepath.Rel(top, dir)
	return err == nil && filepath.IsLocal(rel)
}

// prune removes folders that are empty, and those above them in the store. The
// names need no sync: an empty folder that comes back does no harm. A link to a
// folder stays.
func (s *Store) prune(dirs map[string]bool) {
	for dir := range dirs {
		for ; dir != filepath.Clean(s.dir) && below(dir, s.dir) && syscall.Rmdir(dir) == nil; dir = filepath.Dir(dir) {
		}
	}
}

// folders are folders of a store that need a sync.
type folders map[string]bool

// add adds a folder and its parents up to top.
func (f folders) add(path, top string) {
	for top = filepath.Clean(top); !f[path] && len(path) >= len(top); path = filepath.Dir(path) {
		f[path] = true
	}
}

// syncsAtOnce is the number of concurrent syncs: the file system can combine
// them.
const syncsAtOnce = 16

func (f folders) sync() error {
	var group errgroup.Group
	group.SetLimit(syncsAtOnce)
	for dir := range f {
		group.Go(func() error {
			err := durable.SyncDir(dir)
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it was empty, and pruned
			}
			return err
		})
	}
	return group.Wait()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

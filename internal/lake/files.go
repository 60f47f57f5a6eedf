package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// modes are the permissions of the files and folders that a Writer makes.
// Existing ones keep theirs.
type modes struct{ file, dir fs.FileMode }

// DefaultMode gives only the owner access to an audit trail.
const DefaultMode fs.FileMode = 0o600

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

// lockFile makes an empty lock file unless it exists.
func (m modes) lockFile(path string) error {
	if exists(path) {
		return nil
	}
	f, err := m.create(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// makeDir makes a folder and its parents, and syncs them.
func (m modes) makeDir(path string) error { return m.makeDirs(path, durable.SyncDir) }

// makeDirs makes a folder and its parents, and calls made with each folder that
// has a new entry.
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

// asideSuffix is the suffix of files that are still being written.
const asideSuffix = ".new"

// replaceFile writes data to a temporary file, syncs it and renames it to path.
func (m modes) replaceFile(path string, data []byte) error {
	return m.replace(path, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// replace calls write with a temporary file, syncs it and renames it to path.
func (m modes) replace(path string, write func(*os.File) error) error {
	aside := path + asideSuffix
	f, err := m.create(aside)
	if err != nil {
		return err
	}
	return durable.Replace(path, f, write)
}

// folders are folders of a lake that need a sync. The folders of many parts are
// synced together, each once, as syncs are the main cost of a part with few
// rows.
type folders map[string]bool

// add adds a folder and its parents below top.
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
		group.Go(func() error { return durable.SyncDir(dir) })
	}
	return group.Wait()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// MissingError reports that a file named by the manifest does not exist.
type MissingError struct {
	Dir  string // of the lake
	What string // such as "part"
	Path string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("open lake %q: %s %q is missing", e.Dir, e.What, e.Path)
}

// Unwrap returns [fs.ErrNotExist].
func (e *MissingError) Unwrap() error { return fs.ErrNotExist }

// DamagedError reports that a file of the lake's own state differs from what
// was written, so that it cannot be used.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string { return fmt.Sprintf("read identities %q: %v", e.Path, e.Err) }

func (e *DamagedError) Unwrap() error { return e.Err }

// Package dirarchive reads a log archive from a folder of files.
//
// Keys are slash-separated paths below the folder. A byte of a name that is not
// part of printable UTF-8, and every backslash, is written \xHH, so that each
// file has a unique key that can be shown and stored anywhere.
package dirarchive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cerpac/trailkeeper/archive"
)

// Source is a folder, or a single file, as a log archive. It implements
// [archive.Source].
type Source struct {
	// FollowSymlinks follows symbolic links that lead out of the archive's
	// folder. It must be set before the first use. The path of the archive
	// itself may always be a link.
	FollowSymlinks bool

	uri    string // absolute path as it was given
	root   string // the folder; for a single file the folder it is in
	single string // name of the single file, or empty
	within string // the part of root's path that belongs to the keys, escaped
	real   string // root without symbolic links

	attributes attributes

	readDir func(string) ([]fs.DirEntry, error) // os.ReadDir; replaced in tests of unreadable folders
}

// New opens the path of a folder or of one file. If the path does not exist, the error
// is fs.ErrNotExist.
func New(path string) (*Source, error) {
	if path == "" {
		return nil, fmt.Errorf("open archive: empty path: %w", fs.ErrInvalid)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open archive %q: %w", path, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("open archive %q: %w", path, cause(err))
	}
	s := &Source{uri: abs, root: abs, readDir: os.ReadDir}
	if !info.IsDir() {
		if reason := irregular(info.Mode()); reason != "" {
			return nil, fmt.Errorf("open archive %q: %s", path, reason)
		}
		s.root, s.single = filepath.Split(abs)
	}
	if s.real, err = filepath.EvalSymlinks(s.root); err != nil {
		return nil, fmt.Errorf("open archive %q: %w", path, cause(err))
	}
	s.within = archive.ParseFolder(archive.EscapeName(filepath.ToSlash(s.root))).Within
	return s, nil
}

// URI returns the absolute path of the folder or file.
func (s *Source) URI() string { return s.uri }

// List implements [archive.Source]. Files outside account and Region folders
// come first, each folder's sorted by name; then those of all account and
// Region folders in order of delivery. A folder that cannot be read is returned
// as an object with Err; only if it is the archive itself does List fail.
func (s *Source) List(ctx context.Context, f archive.Filter, yield func(archive.Object) error) error {
	l := &listing{source: s, filter: f}
	if s.single != "" {
		return yield(l.singleFile())
	}
	var roots []archive.Stream
	outer := &walker{listing: l, ctx: ctx}
	outer.onRoot = func(p place) {
		w := &walker{listing: l, ctx: ctx, start: &p}
		roots = append(roots, w.next)
	}
	if err := outer.enterRoot(); err != nil {
		return fmt.Errorf("list %q: %w", s.uri, cause(err))
	}
	if err := archive.Merge([]archive.Stream{outer.next}, yield); err != nil {
		return err
	}
	return archive.Merge(roots, yield)
}

// Open implements [archive.Source].
func (s *Source) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open %q: %w", o.Key, err)
	}
	name := filepath.FromSlash(archive.UnescapeName(o.Key))
	if !filepath.IsLocal(name) {
		return nil, fmt.Errorf("open %q: key is outside the archive", o.Key)
	}
	file, err := s.open(name)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", o.Key, cause(err))
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %q: %w", o.Key, cause(err)), file.Close())
	}
	if reason := irregular(info.Mode()); reason != "" {
		return nil, errors.Join(fmt.Errorf("open %q: %s", o.Key, reason), file.Close())
	}
	return file, nil
}

// errOutside is the error for a key that symbolic links lead outside the archive.
var errOutside = errors.New(skipOutside)

// open opens a file of the archive, by its name below the root, for reading. A listed
// file may have been replaced since by a link to elsewhere, or by a named pipe, whose
// opening would wait for a writer.
func (s *Source) open(name string) (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK
	if s.FollowSymlinks || s.single != "" {
		return os.OpenFile(filepath.Join(s.root, name), flags, 0)
	}
	root, err := os.OpenRoot(s.real)
	if err != nil {
		return nil, err
	}
	defer root.Close() // only read from
	// A path without links, or with relative ones that stay inside, needs no look at
	// each of its folders.
	if file, err := root.OpenFile(name, flags, 0); err == nil {
		return file, nil
	}
	target, err := filepath.EvalSymlinks(filepath.Join(s.root, name))
	if err != nil {
		return nil, err
	}
	rel, ok := below(target, s.real)
	if !ok {
		return nil, errOutside
	}
	return root.OpenFile(rel, flags, 0)
}

// cause removes the operation and path from an error of os, because the outer message
// already has the name.
func cause(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// irregular describes a file that is not a regular file, and returns "" for a
// regular file.
func irregular(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return ""
	case mode.IsDir():
		return "not a file but a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "not a file but a named pipe"
	case mode&fs.ModeSocket != 0:
		return "not a file but a socket"
	case mode&fs.ModeDevice != 0:
		return "not a file but a device"
	}
	return "not a regular file"
}

// hidden reports whether a name is that of a side file of some program.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

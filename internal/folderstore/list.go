package folderstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// List returns the names of files that begin with prefix, sorted. It follows
// links to folders.
func (s *Store) List(ctx context.Context, prefix string) ([]string, error) {
	l := lister{ctx: ctx, prefix: prefix}
	top := ""
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		top = prefix[:i]
		if _, err := s.path(ctx, top); err != nil {
			return nil, err
		}
	}
	if err := l.folder(filepath.Join(s.dir, top), top, nil); err != nil {
		return nil, err
	}
	slices.Sort(l.names)
	return l.names, nil
}

type lister struct {
	ctx    context.Context
	prefix string
	names  []string
}

// folder lists the folder at dir, whose name in the store is name. above are the
// folders that it is in: a link may lead to one of them.
func (l *lister) folder(dir, name string, above []fs.FileInfo) error {
	if err := context.Cause(l.ctx); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	above = append(slices.Clip(above), info)
	for _, entry := range entries {
		if err := l.entry(filepath.Join(dir, entry.Name()), path.Join(name, entry.Name()), entry, above); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) entry(at, name string, entry fs.DirEntry, above []fs.FileInfo) error {
	if !strings.HasPrefix(name, l.prefix) && !strings.HasPrefix(l.prefix, name+"/") {
		return nil
	}
	isDir := entry.IsDir()
	if entry.Type()&fs.ModeSymlink != 0 {
		info, err := os.Stat(at)
		isDir = err == nil && info.IsDir()
	}
	if isDir {
		return l.folder(at, name, above)
	}
	l.names = append(l.names, name)
	return nil
}

// Missing returns those of names that do not exist, in their order.
func (s *Store) Missing(ctx context.Context, names []string) (missing []string, err error) {
	for _, name := range names {
		path, err := s.path(ctx, name)
		if err != nil {
			return nil, err
		}
		if !exists(path) {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

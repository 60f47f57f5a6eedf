package folderstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zeebo/xxh3"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// Load returns the content of a file and its version, a hash of the content.
func (s *Store) Load(ctx context.Context, name string) (data []byte, version string, err error) {
	path, err := s.path(ctx, name)
	if err != nil {
		return nil, "", err
	}
	if data, err = os.ReadFile(path); err != nil {
		return nil, "", err
	}
	return data, versionOf(data), nil
}

func versionOf(data []byte) string { return fmt.Sprintf("%x", xxh3.Hash128(data).Bytes()) }

// Swap replaces a file if it has the version old, by a rename. Two processes
// must not swap at once; a Lock sees to it. A caller that ignores the lock of
// another is found out unless both swap within moments.
func (s *Store) Swap(ctx context.Context, name, old string, data []byte) (version string, err error) {
	s.swapping.Lock()
	defer s.swapping.Unlock()
	_, version, err = s.Load(ctx, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	path := s.Location(name)
	if version != old {
		return "", fmt.Errorf("replace %s: it has changed since it was read", path)
	}
	err = s.put(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err == nil {
		err = durable.SyncDir(filepath.Dir(path))
	}
	return versionOf(data), err
}

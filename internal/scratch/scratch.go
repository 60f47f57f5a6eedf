// Package scratch makes private temporary folders whose leftovers the next run
// removes.
//
// A process that is killed cannot clean up. Its folder stays, but its lock on a
// file in the folder is released: a folder whose lock is free is abandoned.
package scratch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	runPrefix  = "run-"
	gonePrefix = "gone-" // prefix of a folder that is being removed
	lockName   = "lock"
	ownerOnly  = 0o700
	othersOpen = 0o022 // a folder in which others could swap what is ours

	maxWait = 2 * time.Second // for another process that makes a folder
)

// Dir is a private folder, locked until Remove.
type Dir struct {
	path string
	lock *flock.Flock
}

// New creates a folder in parent, creating parent if only it is missing, and removes
// the folders that killed processes left there. If parent is "" or cannot be used, for
// example because it is read-only, it uses a folder of this user in the system's folder
// for temporary files.
func New(parent string) (*Dir, error) {
	if parent != "" {
		if d, err := makeIn(parent); err == nil {
			return d, nil
		}
	}
	d, err := makeIn(filepath.Join(os.TempDir(), "trailkeeper-"+strconv.Itoa(os.Getuid())))
	if err != nil {
		return nil, fmt.Errorf("make temporary folder: %w", err)
	}
	return d, nil
}

// Path returns the path of the folder.
func (d *Dir) Path() string { return d.path }

// Remove removes the folder and its content.
func (d *Dir) Remove() error {
	return errors.Join(remove(d.path), d.lock.Unlock())
}

// remove renames a folder before it empties it: a sweep that found it half empty would
// create a lock file in it, and then its removal would fail.
func remove(path string) error {
	gone := filepath.Join(filepath.Dir(path), gonePrefix+strings.TrimPrefix(filepath.Base(path), runPrefix))
	if err := os.Rename(path, gone); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}

func makeIn(parent string) (*Dir, error) {
	if err := os.Mkdir(parent, ownerOnly); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	if err := checkOurs(parent); err != nil {
		return nil, err
	}
	// A folder must not look abandoned between its creation and its locking.
	making := flock.New(filepath.Join(parent, lockName), flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(context.Background(), maxWait)
	defer cancel()
	if _, err := making.TryLockContext(ctx, time.Millisecond); err != nil {
		return nil, err
	}
	defer func() { _ = making.Unlock() }() // released at the latest when the process ends
	sweep(parent)
	path, err := os.MkdirTemp(parent, runPrefix)
	if err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(path, lockName), flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return &Dir{path, lock}, nil
}

// checkOurs rejects a parent that is a link or that others may write to.
func checkOurs(parent string) error {
	info, err := os.Lstat(parent)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&othersOpen != 0 || ok && int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("folder %q is not private to this user", parent)
	}
	return nil
}

// sweep removes the folders whose processes have ended. What cannot be removed
// stays for the next run.
func sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, entry := range entries {
		path := filepath.Join(parent, entry.Name())
		if entry.IsDir() && strings.HasPrefix(entry.Name(), gonePrefix) {
			_ = os.RemoveAll(path) // its owner may remove it at the same time
		}
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), runPrefix) {
			continue
		}
		lock := flock.New(filepath.Join(path, lockName), flock.SetPermissions(0o600))
		if free, err := lock.TryLock(); err == nil && free {
			_ = remove(path)
			_ = lock.Unlock()
		}
	}
}

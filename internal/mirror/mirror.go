// Package mirror copies a log archive into a folder, with what S3 keeps beside each
// object. A plain copy loses the signature of the newest digest of each chain, which
// is only in the metadata of its object.
package mirror

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/durable"
)

// Source is the archive that is copied.
type Source interface {
	List(ctx context.Context, f archive.Filter, yield func(archive.Object) error) error
	Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error)
}

// Options say what is copied, and to where.
type Options struct {
	Dir     string
	Filter  archive.Filter
	Workers int // objects copied at a time; at least 1
	// Copied is called after each object, from any goroutine, with the bytes that
	// were written.
	Copied func(bytes int64)
}

// Report is the account of a run: Listed = Copied + Unchanged + Skipped + Failed.
type Report struct {
	Listed    int64            `json:"listed"`
	Copied    int64            `json:"copied"`
	Unchanged int64            `json:"unchanged"`
	Skipped   int64            `json:"skipped"`
	Failed    int64            `json:"failed"`
	Bytes     int64            `json:"bytes"` // copied
	Reasons   map[string]int64 `json:"reasons"`
	// Failures are the first objects that could not be copied.
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is an object that could not be copied.
type Failure struct {
	Key   string `json:"key"`
	Cause string `json:"cause"`
	// Denied and Cold say why, where it is known.
	Denied bool `json:"denied,omitempty"`
	Cold   bool `json:"cold,omitempty"`
}

// maxFailures bounds how many failures are told one by one.
const maxFailures = 1000

const (
	folderMode fs.FileMode = 0o700
	fileMode   fs.FileMode = 0o600
	partSuffix             = ".part" // of a file that is being written; hidden by its first letter
	lockName               = "_mirror.lock"
)

// copier is the state of a run.
type copier struct {
	source Source
	opts   Options

	seed  maphash.Seed
	locks [64]sync.Mutex // of folders, by the hash of their path

	mu      sync.Mutex
	report  Report
	folders map[string]*folder
}

// folder is a folder of the mirror with the attributes of its objects.
type folder struct {
	mu   *sync.Mutex // the same for every folder value of one path
	path string
	has  map[string]dirarchive.Attributes // nil until it was read
}

// maxFolders is the number of folders whose attributes are held in memory.
const maxFolders = 4096

// Run copies what is new or changed. Objects that cannot be read are counted and
// passed over; the error is for what ends the run. A process that is stopped leaves
// no half file under a final name, and the next run copies the rest.
func Run(ctx context.Context, source Source, opts Options) (*Report, error) {
	if err := os.MkdirAll(opts.Dir, folderMode); err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	lock := flock.New(filepath.Join(opts.Dir, lockName))
	if free, err := lock.TryLock(); err != nil || !free {
		return nil, fmt.Errorf("mirror into %q: %w", opts.Dir, errors.Join(errors.New("another process writes there"), err))
	}
	defer lock.Close()
	c := &copier{source: source, opts: opts, seed: maphash.MakeSeed(), folders: map[string]*folder{}, report: Report{Reasons: map[string]int64{}}}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, opts.Workers) + 1)
	group.Go(func() error {
		return source.List(ctx, opts.Filter, func(o archive.Object) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if !c.wanted(o) {
				return nil
			}
			group.Go(func() error { return c.take(ctx, o) })
			return nil
		})
	})
	err := group.Wait()
	return &c.report, err
}

// wanted counts an object of the listing, and reports whether it is copied.
func (c *copier) wanted(o archive.Object) bool {
	c.mu.Lock()
	c.report.Listed++
	c.mu.Unlock()
	switch {
	case o.Err != nil:
		c.fail(o.Key, o.Err)
		return false
	case o.Skip == "" || o.Skip == archive.SkipDigest:
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Skipped++
	c.report.Reasons[o.Skip]++
	return false
}

func (c *copier) fail(key string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Failed++
	if len(c.report.Failures) < maxFailures {
		c.report.Failures = append(c.report.Failures, Failure{
			Key: key, Cause: err.Error(), Denied: errors.Is(err, fs.ErrPermission), Cold: errors.Is(err, archive.ErrCold),
		})
	}
}

// take copies one object. An error of the folder that is written ends the run.
func (c *copier) take(ctx context.Context, o archive.Object) error {
	key := archive.EscapeName(o.Key)
	if !filepath.IsLocal(filepath.FromSlash(key)) || strings.HasPrefix(path.Base(key), "_") || strings.HasPrefix(path.Base(key), ".") {
		c.fail(o.Key, errors.New("its key is no path of a file"))
		return nil
	}
	f := c.folder(path.Dir(key))
	name := path.Base(key)
	same, err := f.unchanged(name, o)
	if err != nil {
		return err
	}
	if same {
		c.mu.Lock()
		c.report.Unchanged++
		c.mu.Unlock()
		return nil
	}
	n, err := c.copy(ctx, f, name, o)
	if err != nil {
		if _, ok := errors.AsType[*ownError](err); ok {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.fail(o.Key, err)
		return nil
	}
	c.mu.Lock()
	c.report.Copied++
	c.report.Bytes += n
	c.mu.Unlock()
	if c.opts.Copied != nil {
		c.opts.Copied(n)
	}
	return nil
}

// ownError is an error of the mirror's own folder.
type ownError struct{ error }

func (e *ownError) Unwrap() error { return e.error }

func own(err error) error {
	if err == nil {
		return nil
	}
	return &ownError{fmt.Errorf("write mirror: %w", err)}
}

func (c *copier) folder(rel string) *folder {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.folders[rel]
	if f == nil {
		if len(c.folders) >= maxFolders {
			c.folders = map[string]*folder{}
		}
		f = &folder{
			mu:   &c.locks[maphash.String(c.seed, rel)%uint64(len(c.locks))],
			path: filepath.Join(c.opts.Dir, filepath.FromSlash(rel)),
		}
		c.folders[rel] = f
	}
	return f
}

// unchanged reports whether the mirror has an object as it is listed.
func (f *folder) unchanged(name string, o archive.Object) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.has == nil {
		has, err := dirarchive.ReadAttributes(f.path)
		if err != nil {
			return false, own(err)
		}
		f.has = has
	}
	a, ok := f.has[name]
	info, err := os.Lstat(filepath.Join(f.path, name))
	return ok && err == nil && info.Mode().IsRegular() && info.Size() == o.Size && a.Listed == o.Version, nil
}

// copy writes an object aside, notes its attributes, and gives it its name.
func (c *copier) copy(ctx context.Context, f *folder, name string, o archive.Object) (int64, error) {
	body, attributes, err := c.source.Fetch(ctx, o)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	if err := os.MkdirAll(f.path, folderMode); err != nil {
		return 0, own(err)
	}
	aside, err := os.OpenFile(filepath.Join(f.path, "."+name+partSuffix), os.O_RDWR|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return 0, own(err)
	}
	var n int64
	var failed error
	err = durable.Fill(filepath.Join(f.path, name), aside, func(file *os.File) (err error) {
		in := &sourceReader{r: body}
		n, err = io.Copy(file, in)
		switch {
		case in.err != nil:
			failed = in.err
			return failed
		case err == nil && n != o.Size:
			failed = fmt.Errorf("read %d bytes of %d", n, o.Size)
			return failed
		case err == nil:
			err = f.note(dirarchive.Attributes{Name: name, Size: n, Listed: o.Version, Attributes: attributes})
		}
		return err
	})
	if failed != nil {
		return 0, failed
	}
	return n, own(err)
}

// sourceReader remembers the error of reading, to tell it from one of writing.
type sourceReader struct {
	r   io.Reader
	err error
}

func (r *sourceReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// note adds a line to the attributes of a folder. It comes before the file has its
// name: a file without attributes would never be proven, while a line without its
// file is replaced by the next run.
func (f *folder) note(a dirarchive.Attributes) error {
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	file, err := os.OpenFile(filepath.Join(f.path, dirarchive.AttributesFile), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	end, err := lastLine(file)
	if err == nil {
		_, err = file.WriteAt(append(line, '\n'), end)
	}
	if err == nil {
		err = file.Sync()
	}
	if f.has != nil {
		f.has[a.Name] = a
	}
	return errors.Join(err, file.Close())
}

// lastLine returns the end of the last whole line: a process that was stopped may
// have left the beginning of another.
func lastLine(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return 0, err
	}
	const longest = 64 << 10
	tail := make([]byte, min(longest, info.Size()))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return 0, err
	}
	i := bytes.LastIndexByte(tail, '\n')
	end := info.Size() - int64(len(tail)) + int64(i) + 1
	if i < 0 && info.Size() > longest {
		return 0, fmt.Errorf("%s: a line is too long", f.Name())
	}
	return end, f.Truncate(end)
}

package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/apache/arrow-go/v18/parquet/file"
)

// stored is a file of a store.
type stored struct {
	in   Opener
	name string
}

func (s stored) open(ctx context.Context) (File, error) { return s.in.Open(ctx, s.name) }

// location returns where the file is, for messages.
func (s stored) location() string { return s.in.Location(s.name) }

// readFull fills p from an offset of a file.
func readFull(f io.ReaderAt, p []byte, at int64) error {
	n, err := f.ReadAt(p, at)
	if n == len(p) {
		return nil // whatever it says of the next byte
	}
	return err
}

// openPart is a part opened for reading. Close closes the file.
type openPart struct {
	*file.Reader
	from *watched
}

// openParquet opens a part.
func (s stored) openParquet(ctx context.Context) (openPart, error) {
	f, err := s.open(ctx)
	if err != nil {
		return openPart{}, &UnreadError{err}
	}
	from := &watched{File: f}
	in, err := file.NewParquetReader(struct {
		*io.SectionReader
		io.Closer
	}{io.NewSectionReader(from, 0, f.Size()), f})
	if err != nil {
		return openPart{}, errors.Join(from.explain(err), f.Close())
	}
	return openPart{in, from}, nil
}

// watched is a file that remembers why it could not be read: libraries that read
// it turn that into errors about its content.
type watched struct {
	File
	failed error
}

func (w *watched) ReadAt(p []byte, at int64) (int, error) {
	n, err := w.File.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		w.failed = err
	}
	return n, err
}

// explain returns the error to report when a library could not make sense of the
// file.
func (w *watched) explain(err error) error {
	if err != nil && w.failed != nil {
		return &UnreadError{w.failed}
	}
	return err
}

// UnreadError reports that a store could not read a file, so that nothing is
// known of its content.
type UnreadError struct{ Err error }

func (e *UnreadError) Error() string { return e.Err.Error() }

func (e *UnreadError) Unwrap() error { return e.Err }

func unread(err error) bool {
	_, ok := errors.AsType[*UnreadError](err)
	return ok
}

// namesIn returns the names of the files in a folder, but not of those in
// folders below it.
func namesIn(ctx context.Context, in Lister, folder string) ([]string, error) {
	all, err := in.List(ctx, folder+"/")
	var names []string
	for _, name := range all {
		if path.Dir(name) == folder {
			names = append(names, name)
		}
	}
	return names, err
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

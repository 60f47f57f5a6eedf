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

// openParquet opens a part. Close of the reader closes the file.
func (s stored) openParquet(ctx context.Context) (*file.Reader, error) {
	f, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	in, err := file.NewParquetReader(struct {
		*io.SectionReader
		io.Closer
	}{io.NewSectionReader(f, 0, f.Size()), f})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return in, nil
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

package unpack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// spoolMemory is the size up to which what is needed at random is kept in
// memory rather than in a temporary file.
const spoolMemory = 1 << 20

// spool is a stream that can be read at random.
type spool struct {
	io.ReaderAt
	size int64
	done func()
}

// randomly makes the stream in, of the layer from, readable at random. What
// could be read of a stream that broke off is there beside its error.
func (w *Walker) randomly(in io.Reader, from *layer) (*spool, error) {
	if file, ok := w.file.src.(*os.File); ok && from == w.file {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			w.file.n = info.Size()
			return &spool{file, info.Size(), func() {}}, nil
		}
	}
	var start bytes.Buffer
	n, err := io.CopyN(&start, in, spoolMemory)
	if err != nil {
		return &spool{bytes.NewReader(start.Bytes()), n, func() {}}, ended(err)
	}
	file, err := os.CreateTemp(w.TempDir, ".unpack-*")
	if err != nil {
		return nil, spoolError(err)
	}
	// Removed before it is used where the system allows it, so that nothing is
	// left behind whatever happens.
	removed := os.Remove(file.Name()) == nil
	done := func() {
		_ = file.Close() // what is in it is not needed any more
		if !removed {
			_ = os.Remove(file.Name()) // it was closed, and is nobody else's
		}
	}
	dst := &spoolWriter{file: file}
	rest, err := io.Copy(dst, io.MultiReader(&start, in))
	if dst.err != nil {
		done()
		return nil, spoolError(dst.err)
	}
	return &spool{file, rest, done}, ended(err)
}

// ended is nil for the end of a stream.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// spoolWriter keeps apart the errors of writing from those of the stream.
type spoolWriter struct {
	file *os.File
	err  error
}

func (s *spoolWriter) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.err = err
	return n, err
}

// spoolError says that there is no room to unpack, which is no fault of the
// file.
func spoolError(err error) error {
	cause := err
	var path *fs.PathError
	if errors.As(err, &path) {
		cause = path.Err
	}
	return &FaultError{Cause: fmt.Sprintf("no temporary file to unpack it in: %v", cause), Err: err}
}

// readerAt reads a spool as long as the walk goes on, and keeps what cut it
// short in the layer that stands for it.
type readerAt struct {
	*spool
	ctx   context.Context
	layer *layer
}

func (r *readerAt) ReadAt(p []byte, at int64) (int, error) {
	err := r.ctx.Err()
	n := 0
	if err == nil {
		n, err = r.spool.ReadAt(p, at)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.layer.err = &FaultError{Cause: fmt.Sprintf("reading stopped: %v", err), Err: err}
	}
	return n, err
}

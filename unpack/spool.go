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

// spoolMemory is the maximum size, in bytes, of random access data that is kept
// in memory rather than in a temporary file.
const spoolMemory = 1 << 20

// spool is a stream with random access.
type spool struct {
	io.ReaderAt
	size int64
	done func()
}

// randomly gives random access to the stream in, of the layer from. If the stream broke
// off, the data before the error is available.
func (w *Walker) randomly(in io.Reader, from *layer) (*spool, error) {
	if file, ok := w.source.(*os.File); ok && from == w.file {
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
	// Removed before use if the system allows it, so that no file is left
	// behind.
	removed := os.Remove(file.Name()) == nil
	done := func() {
		_ = file.Close() // its content is no longer needed
		if !removed {
			_ = os.Remove(file.Name()) // it is closed, and nobody else uses it
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

// ended returns nil for the end of a stream.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// spoolWriter separates write errors from errors of the stream.
type spoolWriter struct {
	file *os.File
	err  error
}

func (s *spoolWriter) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.err = err
	return n, err
}

// spoolError reports that there is no space to unpack, which is not a fault of
// the file.
func spoolError(err error) error {
	cause := err
	var path *fs.PathError
	if errors.As(err, &path) {
		cause = path.Err
	}
	return &FaultError{Cause: fmt.Sprintf("no temporary file to unpack it in: %v", cause), Err: err}
}

// readerAt reads a spool until the walk ends, and records the error that ended
// it in the layer.
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

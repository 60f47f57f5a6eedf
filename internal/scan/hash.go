package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/cerpac/trailkeeper/archive"
)

const (
	minHeld = 64 << 10
	maxHeld = 8 << 20 // few of CloudTrail's own files are larger

	minText = 1 << 20
	maxText = 8 << 20
)

// textBytes returns the length up to which a worker holds the text of a file in memory.
func textBytes(opts Options) int {
	return int(min(max(opts.Memory/int64(2*opts.Workers), minText), maxText))
}

// heldBytes returns the size up to which a worker holds a file in memory.
func heldBytes(opts Options) int64 {
	return min(max(opts.Memory/int64(4*opts.Workers), minHeld), maxHeld)
}

// OpenHashed opens a file so that its hash is known before it is read, as
// Options.Hash does.
func OpenHashed(ctx context.Context, source archive.Source, f *File) (io.ReadCloser, error) {
	h := holder{limit: maxHeld}
	return h.open(ctx, source, f)
}

// holder opens files so that their hash is known before they are read.
type holder struct {
	limit int64
	buf   bytes.Buffer
}

// open opens a file and sets its hash. A file that cannot be read to its end
// has none, and gives the same error again when it is read.
func (h *holder) open(ctx context.Context, source archive.Source, f *File) (io.ReadCloser, error) {
	src, err := source.Open(ctx, f.Object)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = src.Close() })() // ends a blocked read
	h.buf.Reset()
	n, err := h.buf.ReadFrom(io.LimitReader(src, h.limit))
	switch {
	case err != nil:
		return held{io.MultiReader(&h.buf, failing{err}), src}, nil
	case n == h.limit:
		return h.twice(ctx, source, f, src)
	}
	f.SHA256, f.Hashed = sha256.Sum256(h.buf.Bytes()), true
	return heldWhole{&h.buf, src}, nil
}

// twice reads the rest of a file that is not held, and opens it again.
func (h *holder) twice(ctx context.Context, source archive.Source, f *File, src io.ReadCloser) (io.ReadCloser, error) {
	sum := sha256.New()
	sum.Write(h.buf.Bytes())
	_, err := io.Copy(sum, src)
	_ = src.Close() // only read from
	again, openErr := source.Open(ctx, f.Object)
	switch {
	case openErr != nil:
		return nil, openErr
	case err != nil:
		return again, nil // which fails again, or is read without a hash
	}
	sum.Sum(f.SHA256[:0])
	f.Hashed = true
	return held{&checked{src: again, sum: sha256.New(), want: f.SHA256}, again}, nil
}

// held is what is read of a file, with what closes it.
type held struct {
	io.Reader
	io.Closer
}

// heldWhole is a file that is held whole. Its method Bytes lets it be unpacked where it
// is.
type heldWhole struct {
	*bytes.Buffer
	io.Closer
}

// failing is a stream that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// checked ends with an error unless what was read has the hash.
type checked struct {
	src  io.Reader
	sum  hash.Hash
	want [sha256.Size]byte
}

var errChanged = errors.New("the file changed while it was read")

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && !bytes.Equal(c.sum.Sum(nil), c.want[:]) {
		return n, fmt.Errorf("check SHA-256: %w", errChanged)
	}
	return n, err
}

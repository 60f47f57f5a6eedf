package unpack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

var errTrailing = errors.New("trailing bytes after the gzip stream")

// gunzip visits what is in a gzip stream.
func (w *Walker) gunzip(member string, in *bufio.Reader, from *layer, depth int) error {
	g := &gunzipper{in: in}
	if last := len(w.gzips) - 1; last >= 0 {
		g.zip = w.gzips[last]
		w.gzips = w.gzips[:last]
	} else {
		g.zip = new(gzip.Reader)
	}
	defer func() { w.gzips = append(w.gzips, g.zip) }()
	return w.decode(member, &layer{walk: w, from: from, src: g, cause: gzipCause, form: "gzip", count: &w.decoded}, depth)
}

// gunzipper reads gzip members one after another as one stream. Anything else
// after a member is an error.
type gunzipper struct {
	in   *bufio.Reader
	zip  *gzip.Reader
	open bool // inside a member
}

func (g *gunzipper) Read(p []byte) (int, error) {
	for {
		if !g.open {
			if err := g.next(); err != nil {
				return 0, err
			}
		}
		n, err := g.zip.Read(p)
		if err == io.EOF { //nolint:errorlint // a reader's own end, which is never wrapped
			g.open = false
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// next starts on the member at the current position; io.EOF says there is none.
func (g *gunzipper) next() error {
	magic, err := g.in.Peek(2)
	switch {
	case len(magic) == 0:
		return err
	case !bytes.Equal(magic, []byte(gzipMagic)):
		return errTrailing
	}
	if err := g.zip.Reset(g.in); err != nil {
		return noEOF(err)
	}
	g.zip.Multistream(false)
	g.open = true
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func gzipCause(err error) string {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, errTrailing):
		return err.Error()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "truncated gzip"
	case errors.Is(err, gzip.ErrChecksum):
		return "gzip checksum mismatch"
	case errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return "corrupt gzip"
	}
	return fmt.Sprintf("corrupt gzip: %v", err)
}

package unpack

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
)

// The compression methods of members of a zip archive.
const (
	zipStored  = 0
	zipDeflate = 8
	zipBzip2   = 12
	zipZstd    = 93
	zipXz      = 95
)

// zipArchive is a zip archive whose members are being visited.
type zipArchive struct {
	walk   *Walker
	member string
	depth  int
	layer  *layer // the archive as a whole
	data   *readerAt
	dir    *zipDirectory
	packed uint64 // bytes of the members so far
}

// unzip visits the members of a zip archive.
func (w *Walker) unzip(member string, in *bufio.Reader, from *layer, depth int) error {
	spool, err := w.randomly(in, from)
	if spool == nil {
		return w.broken(member, "zip", from, in, err)
	}
	defer spool.done()
	whole := &layer{walk: w, from: from, form: "zip"}
	z := &zipArchive{walk: w, member: member, depth: depth, layer: whole, data: &readerAt{spool, w.ctx, whole}}
	if err == nil {
		z.dir, err = findDirectory(z.data, spool.size)
	}
	if err == nil {
		err = z.dir.each(z.data, z.entry)
	} else if salvageErr := z.salvage(); salvageErr != nil {
		err = salvageErr
	}
	var stop *visitError
	switch {
	case errors.As(err, &stop):
		return stop.err
	case err != nil:
		return w.broken(member, "zip", whole, nil, err)
	}
	return nil
}

// visitError wraps an error of the visitor, to tell it from errors of the archive.
type visitError struct{ err error }

func (e *visitError) Error() string { return e.err.Error() }

// stopped returns the error that ends the whole walk, or nil.
func (z *zipArchive) stopped() error {
	if z.walk.bomb != nil {
		return z.walk.bomb
	}
	return cmp.Or(z.layer.err, z.walk.ctx.Err())
}

// entry visits the member of a directory entry.
func (z *zipArchive) entry(e zipEntry) error {
	if err := z.stopped(); err != nil {
		return err
	}
	if strings.HasSuffix(e.name, "/") && e.size == 0 {
		return nil
	}
	// Entries may point to the same bytes repeatedly. In all, no more is read than the
	// archive's size.
	z.packed += e.packed
	if z.packed > uint64(z.data.size) || z.packed < e.packed {
		return errZipOverlap
	}
	if err := z.visit(e); err != nil {
		return &visitError{err}
	}
	return nil
}

func (z *zipArchive) visit(e zipEntry) error {
	w, member := z.walk, joined(z.member, e.name)
	switch {
	case e.symlink:
		return w.visit(member, failing{&ForeignError{kindLink}})
	case e.flags&1 != 0:
		return w.refuse(member, "encrypted zip member: decrypt it first")
	}
	packed, err := z.content(e)
	if err != nil {
		return w.visit(member, failing{(&layer{walk: w, from: z.layer, cause: causes("zip")}).named(noEOF(err))})
	}
	raw := &layer{walk: w, from: z.layer, src: packed, form: "zip", cause: causes("zip")}
	switch e.method {
	case zipStored:
		raw.src = &checkedReader{r: packed, sum: crc32.NewIEEE(), entry: e}
		raw.count = &w.decoded
	case zipDeflate:
		in := w.buffer(packed)
		defer w.release(in)
		return z.inflate(member, in, func(r io.Reader) io.Reader {
			return &checkedReader{r: r, sum: crc32.NewIEEE(), entry: e}
		})
	case zipBzip2, zipZstd, zipXz: // detected by their own magic numbers
	default:
		return w.refuse(member, fmt.Sprintf("zip member compressed by method %d: unpack it first", e.method))
	}
	return w.decode(member, raw, z.depth)
}

// inflate visits the content of a deflated member. The text is read through checked.
func (z *zipArchive) inflate(member string, packed *bufio.Reader, checked func(io.Reader) io.Reader) error {
	w := z.walk
	var inflater io.ReadCloser
	if last := len(w.flates) - 1; last >= 0 {
		inflater = w.flates[last]
		w.flates = w.flates[:last]
		if err := inflater.(flate.Resetter).Reset(packed, nil); err != nil {
			return err // it cannot fail
		}
	} else {
		inflater = flate.NewReader(packed)
	}
	defer func() { w.flates = append(w.flates, inflater) }()
	return w.decode(member, &layer{walk: w, from: z.layer, src: checked(inflater), form: "zip", cause: causes("zip"), count: &w.decoded}, z.depth)
}

// content returns the bytes of a member as stored.
func (z *zipArchive) content(e zipEntry) (io.Reader, error) {
	const fixed = 30
	room := uint64(z.dir.start - z.dir.base)
	if e.at > room || room-e.at < fixed {
		return nil, errFormat
	}
	at := z.dir.base + int64(e.at)
	header := make([]byte, fixed)
	if _, err := z.data.ReadAt(header, at); err != nil {
		return nil, err
	}
	if string(header[:4]) != zipMagic {
		return nil, errFormat
	}
	skip := fixed + uint64(binary.LittleEndian.Uint16(header[26:])) + uint64(binary.LittleEndian.Uint16(header[28:]))
	if skip > room-e.at || e.packed > room-e.at-skip {
		return nil, errFormat
	}
	return io.NewSectionReader(z.data, at+int64(skip), int64(e.packed)), nil
}

// checkedReader compares the content of a member with its entry.
type checkedReader struct {
	r     io.Reader
	sum   hash.Hash32
	n     uint64
	entry zipEntry
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum.Write(p[:n]) // never fails
	c.n += uint64(n)
	if errors.Is(err, io.EOF) && (c.n != c.entry.size || c.sum.Sum32() != c.entry.crc) {
		return n, errChecksum
	}
	return n, err
}

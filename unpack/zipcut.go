package unpack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"strings"
)

// descriptorFlag says that the sizes of a member follow its content, because they were
// unknown when its header was written.
const descriptorFlag = 8

// salvage visits the members of a truncated archive, which has lost its directory, by
// their local headers, which hold less information.
func (z *zipArchive) salvage() error {
	at := int64(0)
	for z.stopped() == nil {
		e, start, err := z.localEntry(at)
		switch {
		case err != nil:
			return nil // the missing directory is the fault
		case strings.HasSuffix(e.name, "/"):
			at = start
			continue
		case e.flags&descriptorFlag == 0:
			at = start + int64(e.packed)
			z.dir = &zipDirectory{start: z.data.size} // members may extend to the end
			err = z.visit(e)
		default:
			at, err = z.visitUnsized(e, start)
		}
		if err != nil {
			return &visitError{err}
		}
	}
	return nil
}

// localEntry reads the local header of a member at an offset. start is the offset of
// its content.
func (z *zipArchive) localEntry(at int64) (e zipEntry, start int64, err error) {
	const fixed = 30
	header := make([]byte, fixed)
	if _, err := z.data.ReadAt(header, at); err != nil {
		return e, 0, err
	}
	u16, u32 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	if string(header[:4]) != zipMagic {
		return e, 0, errFormat
	}
	e = zipEntry{
		flags: u16(header[6:]), method: u16(header[8:]), crc: u32(header[14:]),
		packed: uint64(u32(header[18:])), size: uint64(u32(header[22:])), at: uint64(at),
	}
	rest := make([]byte, int(u16(header[26:]))+int(u16(header[28:])))
	if _, err := z.data.ReadAt(rest, at+fixed); err != nil {
		return e, 0, err
	}
	e.name = string(rest[:u16(header[26:])])
	if e.flags&descriptorFlag == 0 {
		err = e.read64(rest[len(e.name):])
	}
	start = at + fixed + int64(len(rest))
	if e.packed > math.MaxInt64-uint64(start) {
		err = errFormat
	}
	return e, start, err
}

// visitUnsized visits a member whose size follows its content, and returns the offset
// of the next one. That requires a compression format that marks its own end.
func (z *zipArchive) visitUnsized(e zipEntry, start int64) (next int64, err error) {
	w, member := z.walk, joined(z.member, e.name)
	if e.method != zipDeflate || e.flags&1 != 0 {
		return z.data.size, w.refuse(member, "truncated zip: a member whose end is unknown")
	}
	section := io.NewSectionReader(z.data, start, z.data.size-start)
	packed := w.buffer(section)
	defer w.release(packed)
	text := &describedReader{packed: packed, sum: crc32.NewIEEE()}
	err = z.inflate(member, packed, func(r io.Reader) io.Reader {
		text.r = r
		return text
	})
	if err != nil {
		return 0, err
	}
	if !text.ended { // the visitor did not read the rest
		if _, err := io.Copy(io.Discard, &layer{walk: w, from: z.layer, src: text, form: "zip", cause: causes("zip"), count: &w.decoded}); err != nil {
			return z.data.size, nil
		}
	}
	read, _ := section.Seek(0, io.SeekCurrent) // it cannot fail
	return start + read - int64(packed.Buffered()), nil
}

// describedReader reads a member up to its end and compares it with the checksum that
// follows.
type describedReader struct {
	r      io.Reader
	packed *bufio.Reader
	sum    hash.Hash32
	ended  bool
}

func (d *describedReader) Read(p []byte) (int, error) {
	if d.ended {
		return 0, io.EOF
	}
	n, err := d.r.Read(p)
	d.sum.Write(p[:n]) // never fails
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if err := d.descriptor(); err != nil {
		return n, noEOF(err)
	}
	d.ended = true
	return n, io.EOF
}

// descriptor reads the data descriptor after the content: an optional magic number, the
// checksum, and two sizes of four or eight bytes.
func (d *describedReader) descriptor() error {
	const magic = "PK\x07\x08"
	if head, err := d.packed.Peek(len(magic)); err != nil {
		return err
	} else if string(head) == magic {
		_, _ = d.packed.Discard(len(magic)) // it was peeked
	}
	sum := make([]byte, 4)
	if _, err := io.ReadFull(d.packed, sum); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(sum) != d.sum.Sum32() {
		return errChecksum
	}
	sizes, err := d.packed.Peek(20)
	skip := 8
	if len(sizes) == 20 && !bytes.HasPrefix(sizes[8:], []byte("PK")) {
		skip = 16
	}
	if len(sizes) < skip {
		return err
	}
	_, _ = d.packed.Discard(skip) // it was peeked
	return nil
}

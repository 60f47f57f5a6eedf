package unpack

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

const (
	xzMagic  = "\xfd7zXZ\x00"
	xzFooter = "YZ"

	// xzPeek is the number of bytes read ahead of a block: a block that ends in them
	// gets a dictionary no larger than its text.
	xzPeek = 64 << 10

	lzma2 = 0x21 // the filter's id
)

var (
	errChecksum = errors.New("checksum mismatch")
	errFormat   = errors.New("malformed")
)

// unxz visits the content of an xz file.
func (w *Walker) unxz(member string, in *bufio.Reader, from *layer, depth int) error {
	held := w.windows
	x := &xzReader{in: bufio.NewReaderSize(in, xzPeek)}
	x.reserve = func(n int64) error {
		w.windows = held // the previous block's window is free
		return w.reserve(n)
	}
	defer func() { w.windows = held }()
	return w.decode(member, &layer{walk: w, from: from, src: x, cause: causes("xz"), form: "xz", count: &w.decoded}, depth)
}

// xzReader reads the streams of an xz file one after another. The format is that of
// "The .xz File Format", version 1.2.1, with LZMA2 as the only filter. The container is
// parsed here, and not by the library that decodes LZMA2, because each block's memory
// must be known before it is allocated.
type xzReader struct {
	in      *bufio.Reader
	reserve func(window int64) error

	inStream bool
	flags    [2]byte
	blocks   uint64
	index    hash.Hash // of the sizes of the blocks so far

	block    io.Reader // nil between blocks
	packed   counted   // the block's bytes after its header
	header   int64     // size of the block's header
	sizes    [2]int64  // packed and plain size from the header, or -1
	plain    int64
	checksum hash.Hash
}

// counted counts the bytes read.
type counted struct {
	in *bufio.Reader
	n  int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}

func (x *xzReader) Read(p []byte) (int, error) {
	for {
		if x.block == nil {
			if err := x.next(); err != nil {
				return 0, err
			}
			continue
		}
		n, err := x.block.Read(p)
		x.checksum.Write(p[:n]) // never fails
		x.plain += int64(n)
		if errors.Is(err, io.EOF) {
			err = x.endBlock()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// next reads what is between blocks: the end of a stream, the start of another, and the
// header of the next block.
func (x *xzReader) next() error {
	if !x.inStream {
		return x.startStream()
	}
	size, err := x.in.ReadByte()
	switch {
	case err != nil:
		return noEOF(err)
	case size == 0:
		return x.endStream()
	}
	return x.startBlock(size)
}

// startStream reads a stream header, after padding; io.EOF means that there is none.
func (x *xzReader) startStream() error {
	for x.blocks > 0 || x.index != nil {
		padding, err := x.in.Peek(4)
		if len(padding) == 0 {
			return err
		}
		if !bytes.Equal(padding, make([]byte, 4)) {
			break
		}
		_, _ = x.in.Discard(4) // it was peeked
	}
	header, err := x.take(12)
	if err != nil {
		return err
	}
	if string(header[:6]) != xzMagic || header[6] != 0 || header[7] > 15 {
		return errFormat
	}
	if crc32.ChecksumIEEE(header[6:8]) != binary.LittleEndian.Uint32(header[8:]) {
		return errChecksum
	}
	x.inStream, x.flags, x.blocks, x.index = true, [2]byte(header[6:8]), 0, sha256.New()
	return nil
}

// startBlock reads a block header.
func (x *xzReader) startBlock(size byte) error {
	rest, err := x.take(int(size)*4 + 3)
	if err != nil {
		return err
	}
	header := append([]byte{size}, rest...)
	fields, sum := header[1:len(header)-4], header[len(header)-4:]
	if crc32.ChecksumIEEE(header[:len(header)-4]) != binary.LittleEndian.Uint32(sum) {
		return errChecksum
	}
	window, err := x.blockFields(fields)
	if err != nil {
		return err
	}
	if x.checksum = xzChecksum(x.flags[1]); x.checksum == nil {
		return fmt.Errorf("check of kind %d", x.flags[1])
	}
	// The dictionary need not be larger than the text.
	if x.sizes[1] >= 0 {
		window = min(window, x.sizes[1])
	}
	ahead, _ := x.in.Peek(xzPeek)
	if plain, ends := lzma2Size(ahead); ends || len(ahead) < xzPeek {
		window = min(window, plain)
	}
	window = max(window, lzma.MinDictCap)
	if err := x.reserve(window); err != nil {
		return err
	}
	x.packed, x.header, x.plain = counted{in: x.in}, int64(len(header)), 0
	x.block, err = lzma.Reader2Config{DictCap: int(window)}.NewReader2(&x.packed)
	return err
}

// blockFields parses a block header without its size and checksum. It returns the size
// of the block's dictionary.
func (x *xzReader) blockFields(fields []byte) (window int64, err error) {
	flags := fields[0]
	r := bytes.NewReader(fields[1:])
	number := func() int64 {
		n, e := binary.ReadUvarint(r)
		if e != nil || int64(n) < 0 {
			err = errFormat
		}
		return int64(n)
	}
	x.sizes = [2]int64{-1, -1}
	if flags&0x40 != 0 {
		x.sizes[0] = number()
	}
	if flags&0x80 != 0 {
		x.sizes[1] = number()
	}
	id, properties := number(), number()
	bits, e := r.ReadByte()
	switch {
	case err != nil || e != nil || flags&0x3c != 0:
		return 0, errFormat
	case flags&3 != 0 || id != lzma2:
		return 0, errors.New("a filter other than LZMA2")
	case properties != 1:
		return 0, errFormat
	}
	for r.Len() > 0 {
		if b, _ := r.ReadByte(); b != 0 {
			return 0, errFormat
		}
	}
	return lzma.DecodeDictCap(bits)
}

// lzma2Size adds up the sizes of the text of the chunks that start in packed. ends
// reports whether these are all chunks of the block.
func lzma2Size(packed []byte) (plain int64, ends bool) {
	for len(packed) > 0 {
		control, skip := packed[0], 3
		switch {
		case control == 0:
			return plain, true
		case control >= 0xc0:
			skip = 6
		case control >= 0x80:
			skip = 5
		}
		if len(packed) < skip {
			return plain, false
		}
		size := int(binary.BigEndian.Uint16(packed[1:])) + 1
		if control >= 0x80 {
			plain += int64(control&0x1f)<<16 + int64(size)
			size = int(binary.BigEndian.Uint16(packed[3:])) + 1
		} else {
			plain += int64(size)
		}
		packed = packed[min(len(packed), skip+size):]
	}
	return plain, false
}

// endBlock checks a complete block.
func (x *xzReader) endBlock() error {
	padding, err := x.take(int(-x.packed.n & 3))
	if err != nil {
		return err
	}
	sum, err := x.take(xzChecksumSize(x.flags[1]))
	if err != nil {
		return err
	}
	own := x.checksum.Sum(nil)
	if x.flags[1] != 10 { // all but SHA-256 are numbers, stored in little-endian order
		for i, j := 0, len(own)-1; i < j; i, j = i+1, j-1 {
			own[i], own[j] = own[j], own[i]
		}
	}
	switch {
	case x.sizes[0] >= 0 && x.sizes[0] != x.packed.n, x.sizes[1] >= 0 && x.sizes[1] != x.plain, len(bytes.Trim(padding, "\x00")) > 0:
		return errFormat
	case !bytes.Equal(sum, own):
		return errChecksum
	}
	x.note(x.header+x.packed.n+int64(len(sum)), x.plain)
	x.block = nil
	x.blocks++
	return nil
}

// note adds a block to the hash of the expected index.
func (x *xzReader) note(unpadded, plain int64) {
	sizes := binary.AppendUvarint(nil, uint64(unpadded))
	x.index.Write(binary.AppendUvarint(sizes, uint64(plain))) // never fails
}

// endStream reads the index, whose first byte was read, and the footer.
func (x *xzReader) endStream() error {
	blocks, own := x.blocks, x.index.Sum(nil)
	x.index.Reset()
	sum := crc32.NewIEEE()
	sum.Write([]byte{0}) // never fails
	index := &summed{in: x.in, sum: sum, n: 1}
	if n, err := binary.ReadUvarint(index); err != nil || n != blocks {
		return first(err, errFormat)
	}
	for range blocks {
		unpadded, err1 := binary.ReadUvarint(index)
		plain, err2 := binary.ReadUvarint(index)
		if err := errors.Join(err1, err2); err != nil {
			return noEOF(err)
		}
		x.note(int64(unpadded), int64(plain))
	}
	for index.n%4 != 0 {
		if b, err := index.ReadByte(); err != nil || b != 0 {
			return first(err, errFormat)
		}
	}
	tail, err := x.take(16)
	if err != nil {
		return err
	}
	if !bytes.Equal(own, x.index.Sum(nil)) || string(tail[14:]) != xzFooter || [2]byte(tail[12:14]) != x.flags ||
		int64(binary.LittleEndian.Uint32(tail[8:]))*4 != index.n {
		return errFormat
	}
	if binary.LittleEndian.Uint32(tail) != sum.Sum32() || binary.LittleEndian.Uint32(tail[4:]) != crc32.ChecksumIEEE(tail[8:14]) {
		return errChecksum
	}
	x.inStream = false
	return nil
}

// first returns err unless it is nil, else other.
func first(err, other error) error {
	if err != nil {
		return noEOF(err)
	}
	return other
}

// take reads exactly n bytes.
func (x *xzReader) take(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(x.in, b)
	return b, noEOF(err)
}

// summed reads bytes and adds them to a checksum.
type summed struct {
	in  *bufio.Reader
	sum hash.Hash32
	n   int64
}

func (s *summed) ReadByte() (byte, error) {
	b, err := s.in.ReadByte()
	if err == nil {
		s.sum.Write([]byte{b}) // never fails
		s.n++
	}
	return b, err
}

// xzChecksum returns the hash for a kind of check, or nil.
func xzChecksum(kind byte) hash.Hash {
	switch kind {
	case 0:
		return noChecksum{crc32.NewIEEE()}
	case 1:
		return crc32.NewIEEE()
	case 4:
		return crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		return sha256.New()
	}
	return nil
}

// xzChecksumSize returns the size of any kind of check, unknown ones too.
func xzChecksumSize(kind byte) int {
	if kind == 0 {
		return 0
	}
	return 4 << ((kind - 1) / 3)
}

// noChecksum is the check of size 0.
type noChecksum struct{ hash.Hash }

func (noChecksum) Sum(b []byte) []byte         { return b }
func (noChecksum) Write(p []byte) (int, error) { return len(p), nil }

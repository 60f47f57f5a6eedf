package unpack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
)

const (
	zipMagic      = "PK\x03\x04" // a member's local header
	zipEntryMagic = "PK\x01\x02"
	zipEndMagic   = "PK\x05\x06"
	zip64Locator  = "PK\x06\x07"
	zip64Magic    = "PK\x06\x06"

	zipEndSize = 22
)

var (
	errZipNoEnd   = errors.New("no directory at its end")
	errZipSplit   = errors.New("split into several files: join them first")
	errZipOverlap = errors.New("members overlap")
	errZipCount   = errors.New("a directory that does not have the members it claims")
)

// zipDirectory is the location of a zip archive's directory. It is read entry by entry,
// because an archive may have millions of them. The format is that of PKWARE's
// APPNOTE.TXT, version 6.3.
type zipDirectory struct {
	start, size int64
	count       uint64
	count16     bool  // only the low 16 bits of count are known
	base        int64 // the offset that member positions are relative to
}

// zipEntry is a member's entry in the directory.
type zipEntry struct {
	name         string
	flags        uint16
	method       uint16
	crc          uint32
	packed, size uint64
	at           uint64 // offset of the member's local header
	symlink      bool
}

// findDirectory parses the end of a zip archive.
func findDirectory(data io.ReaderAt, size int64) (*zipDirectory, error) {
	tail := make([]byte, min(size, zipEndSize+math.MaxUint16))
	if _, err := data.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	at := len(tail)
	for {
		at = bytes.LastIndex(tail[:at], []byte(zipEndMagic))
		if at < 0 {
			return nil, errZipNoEnd
		}
		if len(tail)-at >= zipEndSize && int(binary.LittleEndian.Uint16(tail[at+20:])) <= len(tail)-at-zipEndSize {
			break
		}
	}
	end := tail[at:]
	d := &zipDirectory{
		count:   uint64(binary.LittleEndian.Uint16(end[10:])),
		count16: true,
		size:    int64(binary.LittleEndian.Uint32(end[12:])),
		start:   int64(binary.LittleEndian.Uint32(end[16:])),
	}
	disk := binary.LittleEndian.Uint16(end[4:])
	endAt := size - int64(len(tail)-at)
	if d.count == math.MaxUint16 || d.size == math.MaxUint32 || d.start == math.MaxUint32 {
		var err error
		if endAt, err = d.read64(data, endAt); err != nil {
			return nil, err
		}
	} else if disk != 0 {
		return nil, errZipSplit
	}
	d.base = endAt - d.size - d.start
	if d.size < 0 || d.start < 0 || d.base < 0 || d.base > endAt {
		return nil, errFormat
	}
	d.start += d.base
	return d, nil
}

// read64 reads the numbers from the zip64 record, if there is one, and returns the
// offset of the directory's end.
func (d *zipDirectory) read64(data io.ReaderAt, endAt int64) (int64, error) {
	locator := make([]byte, 20)
	if endAt < int64(len(locator)) {
		return endAt, nil
	}
	if _, err := data.ReadAt(locator, endAt-int64(len(locator))); err != nil {
		return 0, err
	}
	if string(locator[:4]) != zip64Locator {
		return endAt, nil // the numbers have these values by chance
	}
	at := int64(binary.LittleEndian.Uint64(locator[8:]))
	record := make([]byte, 56)
	if binary.LittleEndian.Uint32(locator[16:]) > 1 {
		return 0, errZipSplit
	}
	if at < 0 || at > endAt-int64(len(locator)+len(record)) {
		return 0, errFormat
	}
	if _, err := data.ReadAt(record, at); err != nil {
		return 0, err
	}
	if string(record[:4]) != zip64Magic {
		return 0, errFormat
	}
	d.count, d.count16 = binary.LittleEndian.Uint64(record[32:]), false
	d.size = int64(binary.LittleEndian.Uint64(record[40:]))
	d.start = int64(binary.LittleEndian.Uint64(record[48:]))
	return at, nil
}

// each calls visit for every entry, in order.
func (d *zipDirectory) each(data io.ReaderAt, visit func(zipEntry) error) error {
	in := bufio.NewReaderSize(io.NewSectionReader(data, d.start, d.size), innerBuffer)
	fixed := make([]byte, 46)
	seen := uint64(0)
	for {
		_, err := io.ReadFull(in, fixed)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || string(fixed[:4]) != zipEntryMagic {
			return first(err, errFormat)
		}
		entry, err := readEntry(in, fixed)
		if err != nil {
			return noEOF(err)
		}
		seen++
		if err := visit(entry); err != nil {
			return err
		}
	}
	if d.count16 {
		seen &= math.MaxUint16
	}
	if seen != d.count {
		return errZipCount
	}
	return nil
}

// readEntry reads the rest of an entry whose fixed part is given.
func readEntry(in *bufio.Reader, fixed []byte) (zipEntry, error) {
	u16, u32 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	e := zipEntry{
		flags: u16(fixed[8:]), method: u16(fixed[10:]), crc: u32(fixed[16:]),
		packed: uint64(u32(fixed[20:])), size: uint64(u32(fixed[24:])), at: uint64(u32(fixed[42:])),
		symlink: fixed[5] == 3 && u32(fixed[38:])>>28 == 0xa, // created on Unix, with the mode of a link
	}
	rest := make([]byte, int(u16(fixed[28:]))+int(u16(fixed[30:])))
	if _, err := io.ReadFull(in, rest); err != nil {
		return e, err
	}
	e.name = string(rest[:u16(fixed[28:])])
	if _, err := in.Discard(int(u16(fixed[32:]))); err != nil { // a comment
		return e, err
	}
	return e, e.read64(rest[len(e.name):])
}

// read64 reads the numbers that did not fit into 32 bits from the extra fields.
func (e *zipEntry) read64(extra []byte) error {
	for len(extra) >= 4 {
		id, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if size > len(extra) {
			return nil // not zip64: extra fields of other programs
		}
		field := extra[:size]
		extra = extra[size:]
		if id != 1 {
			continue
		}
		for _, n := range []*uint64{&e.size, &e.packed, &e.at} {
			if *n != math.MaxUint32 {
				continue
			}
			if len(field) < 8 {
				return errFormat
			}
			*n = binary.LittleEndian.Uint64(field)
			field = field[8:]
		}
	}
	return nil
}

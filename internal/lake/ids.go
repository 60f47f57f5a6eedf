package lake

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// An identity file lists identities in sections, each found by a number: the
// hours of a part's events, or the one section of a list of log files. It is
//
//	"TKIDS1\r\n"
//	number of sections, 4 bytes
//	for each section: its number, 8 bytes, and how many identities, 4 bytes
//	for each section: its identities, 24 bytes each: ID, then hash
//
// with all numbers little-endian and the sections in ascending order.
const idsMagic = "TKIDS1\r\n"

const identityBytes = 24

type sections map[int64][]Identity

func (s sections) count() (n int) {
	for _, ids := range s {
		n += len(ids)
	}
	return n
}

// writeIDs writes an identity file and makes it durable.
func writeIDs(path string, s sections) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	w := bufio.NewWriterSize(f, 256<<10)
	order := slices.Sorted(maps.Keys(s))
	head := binary.LittleEndian.AppendUint32([]byte(idsMagic), uint32(len(order)))
	for _, n := range order {
		head = binary.LittleEndian.AppendUint64(head, uint64(n))
		head = binary.LittleEndian.AppendUint32(head, uint32(len(s[n])))
	}
	w.Write(head) // the error stays with w until Flush
	var entry [identityBytes]byte
	for _, n := range order {
		for _, id := range s[n] {
			copy(entry[:], id.ID[:])
			binary.LittleEndian.PutUint64(entry[16:], id.Hash)
			w.Write(entry[:])
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// readIDs calls add for every identity in the sections that want accepts.
func readIDs(path string, want func(section int64) bool, add func(section int64, id Identity)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	damaged := func(err error) error { return fmt.Errorf("read identities %q: %w", path, err) }
	info, err := f.Stat()
	if err != nil {
		return damaged(err)
	}
	head := make([]byte, len(idsMagic)+4)
	if _, err := io.ReadFull(f, head); err != nil {
		return damaged(err)
	}
	if string(head[:len(idsMagic)]) != idsMagic {
		return damaged(fmt.Errorf("not an identity file"))
	}
	count := int64(binary.LittleEndian.Uint32(head[len(idsMagic):]))
	if count > info.Size()/12 {
		return damaged(io.ErrUnexpectedEOF)
	}
	table := make([]byte, 12*count)
	if _, err := io.ReadFull(f, table); err != nil {
		return damaged(err)
	}
	at := int64(len(head) + len(table))
	if want := at + identityBytes*total(table); want != info.Size() {
		return damaged(fmt.Errorf("%d bytes, not the %d it should have", info.Size(), want))
	}
	for ; len(table) > 0; table = table[12:] {
		section := int64(binary.LittleEndian.Uint64(table))
		size := identityBytes * int64(binary.LittleEndian.Uint32(table[8:]))
		if want(section) {
			if err := eachID(io.NewSectionReader(f, at, size), size, section, add); err != nil {
				return damaged(err)
			}
		}
		at += size
	}
	return nil
}

// total sums the lengths of all sections.
func total(table []byte) (n int64) {
	for ; len(table) > 0; table = table[12:] {
		n += int64(binary.LittleEndian.Uint32(table[8:]))
	}
	return n
}

func eachID(r io.Reader, size, section int64, add func(section int64, id Identity)) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	var entry [identityBytes]byte
	for ; size > 0; size -= identityBytes {
		if _, err := io.ReadFull(buffered, entry[:]); err != nil {
			return err
		}
		id := Identity{Hash: binary.LittleEndian.Uint64(entry[16:])}
		copy(id.ID[:], entry[:16])
		add(section, id)
	}
	return nil
}

func anySection(int64) bool { return true }

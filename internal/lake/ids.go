package lake

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sort"
)

// An identity file lists identities in sections, each found by a number: the
// hours of a part's events, or the one section of a list of log files. It is
//
//	"TKIDS1\r\n"
//	number of sections, 4 bytes
//	for each section: its number, 8 bytes, and how many identities, 4 bytes
//	for each section: its identities, 24 bytes each: ID, then hash
//
// with all numbers little-endian, the sections in ascending order, and the
// identities of a section in the order of their IDs, so that one can be found
// without reading the others.
const idsMagic = "TKIDS1\r\n"

const identityBytes = 24

type sections map[int64][]Identity

func (s sections) count() (n int) {
	for _, ids := range s {
		n += len(ids)
	}
	return n
}

// writeIDs writes an identity file and makes it durable. It sorts the sections.
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
		slices.SortFunc(s[n], byID)
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

// byID compares IDs byte by byte, eight at a time.
func byID(a, b Identity) int {
	if x, y := binary.BigEndian.Uint64(a.ID[:8]), binary.BigEndian.Uint64(b.ID[:8]); x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(binary.BigEndian.Uint64(a.ID[8:]), binary.BigEndian.Uint64(b.ID[8:]))
}

// idsFile is an identity file opened for reading. It may be used concurrently.
type idsFile struct {
	path     string
	f        *os.File
	sections map[int64]span
}

// span is where the identities of a section stand in the file.
type span struct{ at, count int64 }

// openIDs opens an identity file and checks that it is whole.
func openIDs(path string) (_ *idsFile, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x := &idsFile{path: path, f: f, sections: map[int64]span{}}
	if err := x.readTable(); err != nil {
		return nil, errors.Join(x.damaged(err), f.Close())
	}
	return x, nil
}

func (x *idsFile) damaged(err error) error {
	return fmt.Errorf("read identities %q: %w", x.path, err)
}

func (x *idsFile) readTable() error {
	info, err := x.f.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, len(idsMagic)+4)
	if _, err := io.ReadFull(x.f, head); err != nil {
		return err
	}
	if string(head[:len(idsMagic)]) != idsMagic {
		return errors.New("not an identity file")
	}
	count := int64(binary.LittleEndian.Uint32(head[len(idsMagic):]))
	if count > info.Size()/12 {
		return io.ErrUnexpectedEOF
	}
	table := make([]byte, 12*count)
	if _, err := io.ReadFull(x.f, table); err != nil {
		return err
	}
	at := int64(len(head) + len(table))
	for ; len(table) > 0; table = table[12:] {
		s := span{at, int64(binary.LittleEndian.Uint32(table[8:]))}
		x.sections[int64(binary.LittleEndian.Uint64(table))] = s
		at += identityBytes * s.count
	}
	if at != info.Size() {
		return fmt.Errorf("%d bytes, not the %d it should have", info.Size(), at)
	}
	return nil
}

// each calls add for the identities of a section.
func (x *idsFile) each(section int64, add func(Identity)) error {
	s := x.sections[section]
	size := identityBytes * s.count
	buffered := bufio.NewReaderSize(io.NewSectionReader(x.f, s.at, size), 64<<10)
	var entry [identityBytes]byte
	for range s.count {
		if _, err := io.ReadFull(buffered, entry[:]); err != nil {
			return x.damaged(err)
		}
		add(decodeIdentity(&entry))
	}
	return nil
}

func decodeIdentity(entry *[identityBytes]byte) Identity {
	id := Identity{Hash: binary.LittleEndian.Uint64(entry[16:])}
	copy(id.ID[:], entry[:16])
	return id
}

// find calls add for the identities of a section that have the ID.
func (x *idsFile) find(section int64, id [16]byte, add func(Identity)) error {
	s := x.sections[section]
	var failed error
	read := func(i int) (got Identity) {
		var entry [identityBytes]byte
		if _, err := x.f.ReadAt(entry[:], s.at+identityBytes*int64(i)); err != nil {
			failed = x.damaged(err)
		}
		return decodeIdentity(&entry)
	}
	first := sort.Search(int(s.count), func(i int) bool {
		got := read(i)
		return bytes.Compare(got.ID[:], id[:]) >= 0
	})
	for i := first; i < int(s.count) && failed == nil; i++ {
		got := read(i)
		if got.ID != id {
			break
		}
		add(got)
	}
	return failed
}

// readIDs calls add for every identity in a file.
func readIDs(path string, add func(section int64, id Identity)) error {
	x, err := openIDs(path)
	if err != nil {
		return err
	}
	defer x.f.Close() // only read from
	for _, section := range slices.Sorted(maps.Keys(x.sections)) {
		if err := x.each(section, func(id Identity) { add(section, id) }); err != nil {
			return err
		}
	}
	return nil
}

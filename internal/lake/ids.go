package lake

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/bits"
	"slices"
	"sort"

	"github.com/zeebo/xxh3"
)

// An identity file lists identities in sections, each found by a number: the
// hours of a part's events, or how much was read of the log files in a list. It
// is
//
//	"TKIDS2\r\n"
//	number of sections, 4 bytes
//	for each section: its number, 8 bytes, and how many identities, 4 bytes
//	checksum of all before it, 8 bytes
//	for each section: its identities in blocks of blockIDs, the last one shorter
//
// and a block is
//
//	for each identity: ID, 16 bytes, and hash, 8 bytes
//	checksum, 8 bytes: XXH3 of the block, seeded with its place in the file
//
// with all numbers little-endian, the sections in ascending order, and the
// identities of a section in the order of their IDs. So one can be found without
// reading the others, and no byte is believed that was not checked. Files of the
// version before, TKIDS1, are the same without checksums.
const (
	idsMagic    = "TKIDS2\r\n"
	idsMagicOld = "TKIDS1\r\n"
)

const (
	identityBytes = 24
	blockIDs      = 128
	sumBytes      = 8
)

type sections map[int64][]Identity

func (s sections) count() (n int) {
	for _, ids := range s {
		n += len(ids)
	}
	return n
}

// writeTo writes an identity file. It sorts the sections.
func (s sections) writeTo(f io.Writer) error {
	w := bufio.NewWriterSize(f, 256<<10)
	order := slices.Sorted(maps.Keys(s))
	head := binary.LittleEndian.AppendUint32([]byte(idsMagic), uint32(len(order)))
	for _, n := range order {
		head = binary.LittleEndian.AppendUint64(head, uint64(n))
		head = binary.LittleEndian.AppendUint32(head, uint32(len(s[n])))
	}
	head = binary.LittleEndian.AppendUint64(head, xxh3.Hash(head))
	w.Write(head) // the error stays with w until Flush
	at := uint64(len(head))
	block := make([]byte, 0, blockIDs*identityBytes+sumBytes)
	for _, n := range order {
		slices.SortFunc(s[n], byID)
		for ids := range slices.Chunk(s[n], blockIDs) {
			block = block[:0]
			for _, id := range ids {
				block = binary.LittleEndian.AppendUint64(append(block, id.ID[:]...), id.Hash)
			}
			block = binary.LittleEndian.AppendUint64(block, xxh3.HashSeed(block, at))
			w.Write(block)
			at += uint64(len(block))
		}
	}
	return w.Flush()
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
	at       string // where it is, for messages
	f        File
	sums     int64 // bytes of checksum in a block: 0 in a file of the version before
	sections map[int64]span
}

// span is the position of a section's identities in the file.
type span struct{ at, count int64 }

// blocks returns the number of blocks in the section.
func (s span) blocks() int64 { return (s.count + blockIDs - 1) / blockIDs }

// openIDs opens an identity file and checks that it has the right length.
func openIDs(ctx context.Context, list stored) (_ *idsFile, err error) {
	f, err := list.open(ctx)
	if err != nil {
		return nil, err
	}
	x := &idsFile{at: list.location(), f: f, sections: map[int64]span{}}
	if err := x.readTable(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return x, nil
}

// unread returns the error for a read that failed: damage if the file is too
// short, and otherwise that of a store that could not read it.
func (x *idsFile) unread(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return x.damaged(io.ErrUnexpectedEOF)
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("read identities %q: %w", x.at, err)
}

// damaged adds the file's name to a fault of its content.
func (x *idsFile) damaged(fault error) error { return &DamagedError{Path: x.at, Err: fault} }

func (x *idsFile) readTable() error {
	size := x.f.Size()
	in := io.NewSectionReader(x.f, 0, size)
	head := make([]byte, len(idsMagic)+4)
	if _, err := io.ReadFull(in, head); err != nil {
		return x.unread(err)
	}
	switch magic := string(head[:len(idsMagic)]); magic {
	case idsMagic:
		x.sums = sumBytes
	case idsMagicOld:
	default:
		return x.damaged(errors.New("not an identity file"))
	}
	count := int64(binary.LittleEndian.Uint32(head[len(idsMagic):]))
	if count > size/12 {
		return x.damaged(io.ErrUnexpectedEOF)
	}
	rest := make([]byte, 12*count+x.sums)
	if _, err := io.ReadFull(in, rest); err != nil {
		return x.unread(err)
	}
	table := rest[:12*count]
	if x.sums > 0 && binary.LittleEndian.Uint64(rest[len(table):]) != xxh3.Hash(append(head, table...)) {
		return x.damaged(errChecksum)
	}
	at := int64(len(head) + len(rest))
	for ; len(table) > 0; table = table[12:] {
		s := span{at, int64(binary.LittleEndian.Uint32(table[8:]))}
		x.sections[int64(binary.LittleEndian.Uint64(table))] = s
		at += identityBytes*s.count + x.sums*s.blocks()
	}
	if at != size {
		return x.damaged(fmt.Errorf("%d bytes, not the %d it should have", size, at))
	}
	return nil
}

var errChecksum = errors.New("damaged: the checksum differs")

// count returns the number of identities in the file.
func (x *idsFile) count() (n int64) {
	for _, s := range x.sections {
		n += s.count
	}
	return n
}

// blockBuffer has room for a block with its checksum.
type blockBuffer [blockIDs*identityBytes + sumBytes]byte

// block is the identities of a block, as they are in the file.
type block []byte

func (b block) len() int { return len(b) / identityBytes }

func (b block) id(i int) []byte { return b[i*identityBytes:][:16] }

func (b block) identity(i int) Identity {
	entry := b[i*identityBytes:][:identityBytes]
	return Identity{ID: [16]byte(entry), Hash: binary.LittleEndian.Uint64(entry[16:])}
}

// read reads block number i of a section and verifies its checksum.
func (x *idsFile) read(buffer *blockBuffer, s span, i int64) (block, error) {
	at := s.at + i*(blockIDs*identityBytes+x.sums)
	size := identityBytes * min(blockIDs, s.count-i*blockIDs)
	if err := readFull(x.f, buffer[:size+x.sums], at); err != nil {
		return nil, x.unread(err)
	}
	b := block(buffer[:size])
	if x.sums > 0 && binary.LittleEndian.Uint64(buffer[size:]) != xxh3.HashSeed(b, uint64(at)) {
		return nil, x.damaged(errChecksum)
	}
	return b, nil
}

// each calls add for the identities of a section, in the order of their IDs.
func (x *idsFile) each(section int64, add func(Identity)) error {
	s := x.sections[section]
	var buffer blockBuffer
	for i := range s.blocks() {
		b, err := x.read(&buffer, s, i)
		if err != nil {
			return err
		}
		for k := range b.len() {
			add(b.identity(k))
		}
	}
	return nil
}

// find calls add for the identities of a section that have the ID.
func (x *idsFile) find(section int64, id [16]byte, add func(Identity)) error {
	s := x.sections[section]
	var buffer blockBuffer
	first, err := x.firstBlock(&buffer, s, id)
	if err != nil {
		return err
	}
	for i := first; i < s.blocks(); i++ {
		b, err := x.read(&buffer, s, i)
		if err != nil {
			return err
		}
		from := sort.Search(b.len(), func(k int) bool { return bytes.Compare(b.id(k), id[:]) >= 0 })
		for k := from; k < b.len(); k++ {
			if !bytes.Equal(b.id(k), id[:]) {
				return nil
			}
			add(b.identity(k))
		}
	}
	return nil
}

// guesses is the number of blocks that firstBlock reads where it expects the ID,
// before it halves what is left. IDs are random, so one or two are enough; others
// still cost no more reads than a binary search and these.
const guesses = 2

// firstBlock returns the number of the first block of a section whose last ID is
// not below the given one, or the number of blocks if there is none.
func (x *idsFile) firstBlock(buffer *blockBuffer, s span, id [16]byte) (int64, error) {
	low, high := int64(0), s.blocks() // the block is in between, or it is high
	guess, _ := bits.Mul64(binary.BigEndian.Uint64(id[:8]), uint64(high))
	for tries := 0; low < high; tries++ {
		at := low + (high-low)/2
		if tries < guesses {
			at = min(max(int64(guess), low), high-1)
		}
		b, err := x.read(buffer, s, at)
		if err != nil {
			return 0, err
		}
		switch {
		case bytes.Compare(b.id(b.len()-1), id[:]) < 0:
			low = at + 1
		case bytes.Compare(b.id(0), id[:]) < 0:
			return at, nil // the block before ends with a lower ID still
		default:
			high = at
		}
	}
	return low, nil
}

// readIDs calls add for every identity in a file.
func readIDs(ctx context.Context, list stored, add func(section int64, id Identity)) error {
	x, err := openIDs(ctx, list)
	if err != nil {
		return err
	}
	defer x.f.Close() // only read
	for _, section := range slices.Sorted(maps.Keys(x.sections)) {
		if err := x.each(section, func(id Identity) { add(section, id) }); err != nil {
			return err
		}
	}
	return nil
}

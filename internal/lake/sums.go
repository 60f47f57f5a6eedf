package lake

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/zeebo/xxh3"
	"golang.org/x/sync/errgroup"
)

// The checksums of a part stand in the part itself, between its last column chunk
// and the Parquet footer, where Parquet readers do not look:
//
//	"TKSUMS1\n"
//	length of the column names, 4 bytes, and the names, separated by newlines
//	number of row groups, 4 bytes
//	for each row group and column: where the chunk ends, 8 bytes, and the XXH3 of
//	its bytes, 8 bytes; a chunk begins where the one before ends, the first at 0
//
// with all numbers little-endian. The manifest has the place and the XXH3 of all
// that follows from here to the end of the file, the footer included. So each byte
// of a part is under a checksum, and a column can be checked without reading the
// others.
const sumsMagic = "TKSUMS1\n"

// Checksum holds the position and the checksum of a part's checksums.
type Checksum struct {
	At   int64  `json:"at"`   // offset in the file
	XXH3 string `json:"xxh3"` // of the bytes from there to the end, in hexadecimal
}

// chunkSum is the checksum of a column chunk.
type chunkSum struct {
	end int64
	sum uint64
}

// summer is a writer that passes data on and computes its checksums.
type summer struct {
	w      io.Writer
	hash   xxh3.Hasher
	at     int64
	chunks []chunkSum
}

func (s *summer) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	_, _ = s.hash.Write(p[:n]) // never fails
	s.at += int64(n)
	return n, err
}

// cut ends the current chunk.
func (s *summer) cut() {
	s.chunks = append(s.chunks, chunkSum{s.at, s.hash.Sum64()})
	s.hash.Reset()
}

// table writes the checksums of the chunks and starts the checksum of the data
// that follows.
func (s *summer) table() (at int64, err error) {
	at = s.at
	s.hash.Reset()
	names := ColumnNames()
	joined := strings.Join(names, "\n")
	table := append([]byte(sumsMagic), binary.LittleEndian.AppendUint32(nil, uint32(len(joined)))...)
	table = append(table, joined...)
	table = binary.LittleEndian.AppendUint32(table, uint32(len(s.chunks)/len(names)))
	for _, c := range s.chunks {
		table = binary.LittleEndian.AppendUint64(table, uint64(c.end))
		table = binary.LittleEndian.AppendUint64(table, c.sum)
	}
	_, err = s.Write(table)
	return at, err
}

// partSums are the checksums of a part, read.
type partSums struct {
	columns []string
	chunks  []chunkSum
}

func parseSums(text []byte) (*partSums, error) {
	bad := errors.New("the checksums are not as they were written")
	rest, ok := bytes.CutPrefix(text, []byte(sumsMagic))
	if !ok || len(rest) < 4 {
		return nil, bad
	}
	length := int64(binary.LittleEndian.Uint32(rest))
	if rest = rest[4:]; int64(len(rest)) < length+4 {
		return nil, bad
	}
	s := &partSums{columns: strings.Split(string(rest[:length]), "\n")}
	rest = rest[length:]
	count := int64(binary.LittleEndian.Uint32(rest)) * int64(len(s.columns))
	if rest = rest[4:]; int64(len(rest))/16 < count {
		return nil, bad
	}
	for ; count > 0; count-- {
		s.chunks = append(s.chunks, chunkSum{int64(binary.LittleEndian.Uint64(rest)), binary.LittleEndian.Uint64(rest[8:])})
		rest = rest[16:]
	}
	return s, nil
}

// PartError reports that a part differs from what was written. None of its
// content may be used.
type PartError struct {
	Path  string
	Cause string
}

func (e *PartError) Error() string { return fmt.Sprintf("read part %q: %s", e.Path, e.Cause) }

// Verify checks the parts of a lake against their checksums: the footers, and
// all bytes of the named columns. It returns the parts that differ from what
// was written. Parts without checksums, which older versions wrote, are not
// checked.
func Verify(ctx context.Context, parts []Part, columns []string) (damaged []*PartError, err error) {
	found := make([]*PartError, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		group.Go(func() (err error) {
			var buffer []byte // of this worker, for part after part
			for i := next.Add(1) - 1; i < int64(len(parts)); i = next.Add(1) - 1 {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if found[i], err = parts[i].verify(ctx, columns, &buffer); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("check parts: %w", err)
	}
	return slices.DeleteFunc(found, func(e *PartError) bool { return e == nil }), nil
}

// verify checks one part, in a buffer that it may replace by a larger one. A part
// that differs from what was written gives a PartError, one that cannot be read
// another error.
func (p Part) verify(ctx context.Context, columns []string, buffer *[]byte) (*PartError, error) {
	bad := func(format string, args ...any) *PartError { return &PartError{p.Path(), fmt.Sprintf(format, args...)} }
	f, err := p.file.open(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	if f.Size() != p.Bytes {
		return bad("it has %d bytes, not the %d that were written", f.Size(), p.Bytes), nil
	}
	if p.Checksum == nil {
		return nil, nil
	}
	if p.Checksum.At < 0 || p.Checksum.At > p.Bytes {
		return bad("the manifest has its checksums at byte %d of %d", p.Checksum.At, p.Bytes), nil
	}
	tail := sized(buffer, p.Bytes-p.Checksum.At)
	if err := readFull(f, tail, p.Checksum.At); err != nil {
		return nil, err
	}
	if hexSum(xxh3.Hash(tail)) != p.Checksum.XXH3 {
		return bad("its footer is not as it was written"), nil
	}
	sums, err := parseSums(tail)
	if err != nil {
		return bad("%v", err), nil
	}
	return sums.verify(ctx, f, p.Path(), columns, buffer)
}

// sized returns the buffer with a length, larger if it must be.
func sized(buffer *[]byte, length int64) []byte {
	if int64(cap(*buffer)) < length {
		*buffer = make([]byte, length)
	}
	return (*buffer)[:length]
}

// verify checks the chunks of columns.
func (s *partSums) verify(ctx context.Context, f io.ReaderAt, path string, columns []string, room *[]byte) (*PartError, error) {
	if len(columns) == 0 {
		return nil, nil
	}
	var hash xxh3.Hasher
	buffer := sized(room, 256<<10)
	start := int64(0)
	for i, c := range s.chunks {
		from := start
		start = c.end
		name := s.columns[i%len(s.columns)]
		if !slices.Contains(columns, name) {
			continue
		}
		hash.Reset()
		for from < c.end {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			n, err := f.ReadAt(buffer[:min(int64(len(buffer)), c.end-from)], from)
			if n == 0 && err != nil {
				return nil, err
			}
			_, _ = hash.Write(buffer[:n]) // never fails
			from += int64(n)
		}
		if hash.Sum64() != c.sum {
			return &PartError{path, fmt.Sprintf("column %s, row group %d, is not as it was written", name, i/len(s.columns))}, nil
		}
	}
	return nil, nil
}

func hexSum(sum uint64) string { return fmt.Sprintf("%016x", sum) }

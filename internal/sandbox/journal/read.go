package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// wholeFile as the end of a segment means the end of the file.
const wholeFile = int64(math.MaxInt64)

// Read calls yield for the entries that existed when it was called, in order, from
// number from or the oldest that was not trimmed. yield may keep the entries. Read
// returns the first error of yield, unwrapped, or a *DamageError after yielding all
// entries before the damage.
func (j *Journal) Read(from uint64, yield func(Entry) error) error {
	segments, end, last := j.snapshot()
	if from > last { // common, as delivery polls for new entries
		return nil
	}
	for i, first := range segments {
		if i+1 < len(segments) && segments[i+1] <= from {
			continue
		}
		until := wholeFile
		if i == len(segments)-1 {
			until = end
		}
		next := first
		err := j.readSegment(first, until, func(e Entry) error {
			next = e.Seq + 1
			if e.Seq < from {
				return nil
			}
			e.Record = bytes.Clone(e.Record)
			return yield(e)
		})
		if j.missing(first, err) {
			continue
		}
		if err == nil && i+1 < len(segments) && next != segments[i+1] {
			err = &DamageError{j.path(first), 0, fmt.Sprintf("it ends before entry %d", next)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// snapshot returns the current segments, the end of the last one and the number of its
// last entry.
func (j *Journal) snapshot() (segments []uint64, end int64, last uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.segments), j.size, j.last
}

// readSegment calls yield for the entries of a segment up to the byte offset end. A
// record is valid only during the call.
func (j *Journal) readSegment(first uint64, end int64, yield func(Entry) error) error {
	file, err := os.Open(j.path(first))
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = scan(j.path(first), file, end, first, yield)
	return err
}

// scan reads a segment from its header and returns where its last whole line ends. An
// incomplete line after that is not damage: it was being written.
func scan(name string, file io.Reader, end int64, next uint64, yield func(Entry) error) (whole int64, err error) {
	reader := bufio.NewReaderSize(io.LimitReader(file, end), 64<<10)
	var long []byte // a line that is longer than the reader's buffer
	for {
		piece, err := reader.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, piece...)
			continue
		}
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return whole, fmt.Errorf("read journal %q: %w", name, err)
		}
		line := piece
		if len(long) > 0 {
			line = append(long, piece...)
			long = long[:0]
		}
		size := int64(len(line))
		if whole == 0 {
			if string(line) != header {
				return 0, &DamageError{name, 0, fmt.Sprintf("%.40q is no journal of this version", line)}
			}
			whole = size
			continue
		}
		e, wrong := parseLine(line[:size-1])
		if wrong == "" && e.Seq != next {
			wrong = fmt.Sprintf("entry %d where %d belongs", e.Seq, next)
		}
		if wrong != "" {
			return whole, &DamageError{name, whole, wrong}
		}
		if err := yield(e); err != nil {
			return whole, err
		}
		whole += size
		next++
	}
}

// Backwards calls yield for every entry that existed when it was called, newest first,
// until yield returns false. yield may keep the entries. Only a small part of the
// journal is in memory at a time.
func (j *Journal) Backwards(yield func(Entry) bool) error {
	segments, end, last := j.snapshot()
	for i, first := range slices.Backward(segments) {
		if i < len(segments)-1 {
			end, last = wholeFile, segments[i+1]-1
		}
		more, err := j.segmentBackwards(first, last, end, yield)
		if j.missing(first, err) {
			return nil // older segments are trimmed too
		}
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// segmentBackwards is Backwards for the segment with the entries from first to last.
// more is false if yield returned false.
func (j *Journal) segmentBackwards(first, last uint64, end int64, yield func(Entry) bool) (more bool, err error) {
	file, err := os.Open(j.path(first))
	if err != nil {
		return false, err
	}
	defer file.Close()
	if end == wholeFile {
		info, err := file.Stat()
		if err != nil {
			return false, err
		}
		end = info.Size()
	}
	lines := backward{file: file, start: end}
	for {
		line, at, err := lines.next()
		if err != nil {
			return false, fmt.Errorf("read journal %q: %w", file.Name(), err)
		}
		if at == 0 && last == first-1 && string(line)+"\n" == header {
			return true, nil
		}
		e, wrong := parseLine(line)
		if wrong == "" && e.Seq != last {
			wrong = fmt.Sprintf("entry %d where %d belongs", e.Seq, last)
		}
		if wrong != "" {
			return false, &DamageError{file.Name(), at, wrong}
		}
		e.Record = bytes.Clone(e.Record)
		if !yield(e) {
			return false, nil
		}
		last--
	}
}

// backward reads the lines of a file from its end.
type backward struct {
	file  io.ReaderAt
	start int64  // where held begins in the file
	held  []byte // read and not returned yet
	block []byte // held is a part of it
}

const backwardBlock = 64 << 10

// next returns the last line not returned yet, without its line break, and its offset.
// The line is valid until the next call.
func (b *backward) next() (line []byte, at int64, err error) {
	searched := 0 // bytes at the end of held known to hold no line end but the last
	for {
		if n := len(b.held); n > 0 {
			begin := bytes.LastIndexByte(b.held[:max(n-1-searched, 0)], '\n') + 1
			if begin > 0 || b.start == 0 {
				line = b.held[begin:n]
				b.held = b.held[:begin]
				return bytes.TrimSuffix(line, []byte{'\n'}), b.start + int64(begin), nil
			}
			searched = n - 1
		}
		if b.start == 0 {
			return nil, 0, nil
		}
		if err := b.more(); err != nil {
			return nil, 0, err
		}
	}
}

// more reads the block before held and prepends it.
func (b *backward) more() error {
	n := int(min(b.start, backwardBlock))
	if cap(b.block) < n+len(b.held) {
		b.block = make([]byte, 2*n+len(b.held))
	}
	whole := b.block[:n+len(b.held)]
	copy(whole[n:], b.held)
	b.start -= int64(n)
	if _, err := b.file.ReadAt(whole[:n], b.start); err != nil {
		return err
	}
	b.held = whole
	return nil
}

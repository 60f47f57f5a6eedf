// Package logfile reads the contents of one log file, in whichever wrapping
// people keep CloudTrail records: the {"Records":[...]} that CloudTrail
// delivers, a bare array, one record after another or a line each, a single
// record, what lookup-events printed, EventBridge envelopes, and CloudWatch
// Logs events; compressed with gzip or not. The form is told by the content,
// never by the name.
//
// Files are read in a stream: memory is bounded by the largest record, not by
// the file.
package logfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/event"
)

const (
	// MaxRecord is the longest record that is read, in bytes. CloudTrail's own
	// limit is 256 KB, 1 MB in event data stores.
	MaxRecord = 64 << 20

	// A gzip stream past bombFloor bytes that grew more than bombRatio times
	// is refused: deflate reaches 1032 to 1, log files some 10 to 60.
	bombFloor = 64 << 20
	bombRatio = 300

	firstBuffer = 256 << 10
	keepBuffer  = 4 << 20 // a larger buffer is not kept for the next file
)

// Visitor receives what is in a file. Both functions must be set. What they
// are given is valid only during the call.
type Visitor struct {
	// Record is called for each record, with its offset in the uncompressed
	// file. An error ends the reading and is returned as it is.
	Record func(offset int64, r *event.Record) error

	// Reject is called for each piece that should have been a record and is
	// not one that can be kept, with its text. The file goes on after it.
	Reject func(offset int64, text []byte, cause string) error
}

// FaultError says that a file could not be read to its end. What came before
// Offset, in the uncompressed file, has been visited.
type FaultError struct {
	Offset int64
	Cause  string
	Err    error // set when the file itself could not be read further
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.Cause, e.Offset)
}

func (e *FaultError) Unwrap() error { return e.Err }

// ForeignError says that a file holds no CloudTrail records and is no damaged
// log file either.
type ForeignError struct {
	What string // "digest file", "not JSON", ...
}

func (e *ForeignError) Error() string { return e.What }

// Reader reads log files one after another, reusing its buffers. The zero
// Reader is ready to use; it is not safe for concurrent use.
type Reader struct {
	in     counter
	raw    *bufio.Reader
	zip    *gzip.Reader
	zipped bool

	buf   []byte // what is read ahead: buf[pos:]
	pos   int
	base  int64 // offset of buf[0] in the uncompressed file
	err   error // what ended the reading ahead
	total int64 // bytes of the uncompressed file read ahead

	record event.Record
	inner  event.Record
	visit  Visitor
	known  bool  // the file has shown that it is one of CloudTrail records
	fault  error // the first broken line of a file of lines
}

// counter counts the bytes of the file as it is stored, and keeps the error
// that cut its reading short.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// Read visits the records of src. The error is nil, a [*FaultError], a
// [*ForeignError], or what a visitor function returned.
func (r *Reader) Read(src io.Reader, visit Visitor) error {
	r.visit, r.known, r.fault = visit, false, nil
	r.buf, r.pos, r.base, r.total, r.err = r.buf[:0], 0, 0, 0, nil
	if cap(r.buf) == 0 || cap(r.buf) > keepBuffer {
		r.buf = make([]byte, 0, firstBuffer)
	}
	if err := r.open(src); err != nil {
		return err
	}
	if r.need(3) && bytes.HasPrefix(r.buf[r.pos:], []byte("\xef\xbb\xbf")) {
		r.pos += 3
	}
	return r.file()
}

// Bytes returns how many bytes the last file had, as stored and uncompressed.
func (r *Reader) Bytes() (stored, plain int64) { return r.in.n, r.total }

func (r *Reader) open(src io.Reader) error {
	r.in = counter{r: src}
	if r.raw == nil {
		r.raw = bufio.NewReaderSize(&r.in, 64<<10)
	} else {
		r.raw.Reset(&r.in)
	}
	magic, _ := r.raw.Peek(2)
	r.zipped = bytes.Equal(magic, []byte{0x1f, 0x8b})
	switch {
	case r.zipped:
		return r.member()
	case len(magic) < 2 && r.in.err != nil:
		return r.stopped()
	}
	return nil
}

// member starts on the gzip member at the current position.
func (r *Reader) member() error {
	var err error
	if r.zip == nil {
		r.zip, err = gzip.NewReader(r.raw)
	} else {
		err = r.zip.Reset(r.raw)
	}
	if err != nil {
		return r.zipFault(err, 0)
	}
	r.zip.Multistream(false)
	return nil
}

// plain reads uncompressed bytes. A file of several gzip members is read as
// one; anything else after a member is a fault.
func (r *Reader) plain(p []byte) (int, error) {
	if !r.zipped {
		n, err := r.raw.Read(p)
		if err != nil && !errors.Is(err, io.EOF) {
			err = r.stopped()
		}
		return n, err
	}
	n, err := r.zip.Read(p)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, io.EOF) {
		return n, r.zipFault(err, n)
	}
	magic, err := r.raw.Peek(2)
	switch {
	case len(magic) == 0 && errors.Is(err, io.EOF):
		return n, io.EOF
	case bytes.Equal(magic, []byte{0x1f, 0x8b}):
		return n, r.member()
	}
	return n, &FaultError{r.total + int64(n), "trailing bytes after the gzip stream", nil}
}

// zipFault names the fault behind an error of the gzip reader, which gave n
// more bytes with it.
func (r *Reader) zipFault(err error, n int) error {
	at := r.total + int64(n)
	var corrupt flate.CorruptInputError
	switch {
	case r.in.err != nil:
		return &FaultError{at, fmt.Sprintf("reading stopped: %v", r.in.err), r.in.err}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &FaultError{at, "truncated gzip", nil}
	case errors.Is(err, gzip.ErrChecksum):
		return &FaultError{at, "gzip checksum mismatch", nil}
	case errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return &FaultError{at, "corrupt gzip", nil}
	}
	return &FaultError{at, fmt.Sprintf("corrupt gzip: %v", err), nil}
}

// stopped is the fault of a file whose reading failed.
func (r *Reader) stopped() error {
	return &FaultError{r.total, fmt.Sprintf("reading stopped: %v", r.in.err), r.in.err}
}

// fill reads ahead. It reports whether there is more than before; when not,
// r.err says why.
func (r *Reader) fill() bool {
	if r.err != nil {
		return false
	}
	if r.pos > 0 {
		r.base += int64(r.pos)
		r.buf = r.buf[:copy(r.buf, r.buf[r.pos:])]
		r.pos = 0
	}
	if len(r.buf) == cap(r.buf) {
		if cap(r.buf) >= MaxRecord {
			r.err = &FaultError{r.base, fmt.Sprintf("a value longer than %d MiB", MaxRecord>>20), nil}
			return false
		}
		r.buf = append(make([]byte, 0, 2*cap(r.buf)), r.buf...)
	}
	for range 100 {
		n, err := r.plain(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		r.total += int64(n)
		if r.zipped && r.total > bombFloor && r.total > bombRatio*r.in.n {
			err = &FaultError{r.total, fmt.Sprintf("gzip bomb: over %d times its size", bombRatio), nil}
		}
		r.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	r.err = &FaultError{r.total, "reading stopped: no progress", io.ErrNoProgress}
	return false
}

// need makes n bytes available at r.pos, if the file has them.
func (r *Reader) need(n int) bool {
	for len(r.buf)-r.pos < n {
		if !r.fill() {
			return false
		}
	}
	return true
}

// offset is the position in the uncompressed file of buf[i].
func (r *Reader) offset(i int) int64 { return r.base + int64(i) }

// cut is the fault of a file that ends where it should not.
func (r *Reader) cut() error {
	if r.err != nil && !errors.Is(r.err, io.EOF) {
		return r.err
	}
	return &FaultError{r.offset(r.pos), "truncated: the file ends inside a value", nil}
}

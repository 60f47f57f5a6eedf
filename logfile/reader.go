// Package logfile reads the contents of one log file, in any of the formats in
// which CloudTrail records are kept: the {"Records":[...]} that CloudTrail
// delivers, a bare array, one record after another or one per line, a single
// record, responses of AWS's APIs and queries, messages of queues and streams,
// and exports of other tools, as JSON, lines, CSV and YAML. The format is
// detected from the content, never from the name. Package unpack returns the
// text of files that are compressed or packed.
//
// A format that wraps events in JSON objects is an entry of the lists in
// forms.go, messages.go and exports.go.
//
// Files are streamed: memory is bounded by the largest record, not by the file.
package logfile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/semaphore"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/unpack"
)

const (
	// MaxRecord is the maximum length of a value that is buffered, in bytes: a
	// record, or a wrapping of records that cannot be streamed. CloudTrail's own
	// limit of a record is 256 KB, 1 MB in event data stores. A longer value is
	// rejected by itself.
	MaxRecord = 16 << 20

	firstBuffer = 256 << 10
	keepBuffer  = 1 << 20  // a larger buffer is freed after the value that needed it
	keptHead    = 64 << 10 // of a value longer than MaxRecord, for the visitor
)

// Visitor receives the content of a file. Record and Reject must be set. Their
// arguments are valid only during the call.
//
// An offset is the position of the record or piece in the text. If it was
// wrapped in a string, base64 or a compressed message, it is the offset of the
// object or string around it.
type Visitor struct {
	// Record is called for each record. An error ends the reading and is
	// returned unchanged.
	Record func(offset int64, r *event.Record) error

	// Reject is called, with its text, for each piece that should have been a
	// record and cannot be kept. Reading continues after it.
	Reject func(offset int64, text []byte, cause string) error

	// Skip, unless it is nil, is called for each piece that never holds an
	// event, such as a control message among log events. There are only a few
	// reasons.
	Skip func(offset int64, reason string)
}

// FaultError reports that a file could not be read to its end. The records
// before Offset, in the text, have been visited.
type FaultError struct {
	Offset int64
	Cause  string
	Err    error // set when the file itself could not be read further
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.Cause, e.Offset)
}

func (e *FaultError) Unwrap() error { return e.Err }

// ForeignError reports that a file holds no readable CloudTrail records and is
// not a damaged log file either.
type ForeignError struct {
	What string // "digest file", "not JSON", ...

	// NoEvents reports that such files never hold events, so that the archive is
	// not at fault.
	NoEvents bool

	// Remedy says how to get a readable file if this one refers to events
	// without holding them completely. Such a file must not be skipped.
	Remedy string
}

func (e *ForeignError) Error() string {
	if e.Remedy == "" {
		return e.What
	}
	return e.What + "; " + e.Remedy
}

// Reader reads log files one after another, reusing its buffers. The zero
// Reader is ready to use; it is not safe for concurrent use.
type Reader struct {
	// Large bounds the memory of several Readers: one unit is acquired while a
	// value longer than 1 MiB is buffered. Nil means no bound.
	Large *semaphore.Weighted

	ctx   context.Context // of the reading
	src   io.Reader
	buf   []byte // what is read ahead: buf[pos:]
	pos   int
	base  int64 // offset of buf[0] in the text
	err   error // what ended the reading ahead
	total int64 // bytes of the text read ahead

	record event.Record
	visit  Visitor
	known  bool  // the file has shown that it is one of CloudTrail records
	fault  error // the first broken line of a file of lines
	lead   byte  // what the current value of the outermost level begins with

	forms    []form
	byMember map[string][]int // of forms, by the member that tells them
	inner    *Reader          // for text contained in a piece
	depth    int              // how many readers this one is nested in
	enclosed bool             // all of the text is at the offset base
	inflated int64            // bytes of compressed messages, decompressed
	zip      *gzip.Reader     // of such messages
	message  bool             // large is for one of them

	searched [256]int64 // up to where no line begins with a byte, as base+pos
	large    bool       // one of Large is acquired
	work     int64      // bytes decoded or searched, for tests
}

// Read visits the records in the text of src. The error is nil, a
// [*FaultError], a [*ForeignError], an [*unpack.ForeignError] of src, or the
// error of a visitor function. When the context is cancelled, Read ends, also
// inside a record, with a [*FaultError] that wraps the context's error.
func (r *Reader) Read(ctx context.Context, src io.Reader, visit Visitor) error {
	r.ctx, r.src, r.visit, r.known, r.fault, r.inflated = ctx, src, visit, false, nil, 0
	r.buf, r.pos, r.base, r.total, r.err, r.work = r.buf[:0], 0, 0, 0, nil, 0
	if cap(r.buf) == 0 {
		r.buf = make([]byte, 0, firstBuffer)
	}
	if text, ok := src.(*unpack.Text); ok && text.Len() < MaxRecord {
		return r.inPlace(text.Take())
	}
	err := r.file()
	r.pos = len(r.buf)
	r.shrink()
	return err
}

// inPlace reads a text that is in memory whole, and not this reader's to write to.
func (r *Reader) inPlace(text []byte) error {
	own := r.buf
	defer func() { r.buf, r.pos = own[:0], 0 }()
	r.buf = text[:len(text):len(text)]
	r.total, r.err = int64(len(text)), io.EOF
	return r.file()
}

// Bytes returns the length of the last file's text in bytes, as far as it was
// read.
func (r *Reader) Bytes() int64 { return r.total }

// fill reads ahead. It reports whether there is more data; if not, r.err has
// the reason.
func (r *Reader) fill() bool {
	if r.err != nil || r.cancelled() {
		return false
	}
	if r.pos > 0 {
		r.base += int64(r.pos)
		r.buf = r.buf[:copy(r.buf, r.buf[r.pos:])]
		r.pos = 0
		r.shrink()
	}
	if len(r.buf) == cap(r.buf) && !r.grow() {
		return false
	}
	for range 100 {
		n, err := r.src.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		r.total += int64(n)
		if err != nil {
			r.err = r.stopped(err)
		}
		if n > 0 || err != nil {
			return n > 0
		}
	}
	r.err = r.stopped(io.ErrNoProgress)
	return false
}

// grow doubles the buffer, up to MaxRecord. It waits while other Readers buffer
// values of such length.
func (r *Reader) grow() bool {
	size := min(2*cap(r.buf), MaxRecord)
	if size > keepBuffer && !r.large && r.Large != nil {
		if err := r.Large.Acquire(r.ctx, 1); err != nil {
			r.err = r.stopped(err)
			return false
		}
		r.large = true
	}
	r.buf = append(make([]byte, 0, size), r.buf...)
	return true
}

// shrink frees a large buffer once little is left in it.
func (r *Reader) shrink() {
	left := r.buf[r.pos:]
	if cap(r.buf) <= keepBuffer || len(left) > firstBuffer/2 {
		return
	}
	r.base += int64(r.pos)
	r.buf, r.pos = append(make([]byte, 0, firstBuffer), left...), 0
	if r.large {
		r.Large.Release(1)
		r.large = false
	}
}

// cancelled reports whether the context is cancelled; r.err is set then.
func (r *Reader) cancelled() bool {
	err := r.ctx.Err()
	if err == nil {
		return false
	}
	r.err = r.stopped(err)
	return true
}

// stopped translates an error of the source.
func (r *Reader) stopped(err error) error {
	var fault *unpack.FaultError
	var kind *unpack.ForeignError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &fault):
		return (*FaultError)(fault)
	case errors.As(err, &kind):
		return err
	}
	return &FaultError{r.total, fmt.Sprintf("reading stopped: %v", err), err}
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

// offset returns the position in the text of buf[i], or of the piece it is
// wrapped in.
func (r *Reader) offset(i int) int64 {
	if r.enclosed {
		return r.base
	}
	return r.base + int64(i)
}

// ended reports whether the text has been read ahead to its end.
func (r *Reader) ended() bool { return errors.Is(r.err, io.EOF) }

// cut returns the fault of a file that ends inside the value at r.pos.
func (r *Reader) cut() error { return r.cutAt(r.offset(r.pos)) }

func (r *Reader) cutAt(offset int64) error {
	if r.err != nil && !r.ended() {
		return r.err
	}
	return &FaultError{offset, "truncated: the file ends inside a value", nil}
}

// Package logfile reads the contents of one log file, in whichever wrapping
// people keep CloudTrail records: the {"Records":[...]} that CloudTrail
// delivers, a bare array, one record after another or a line each, a single
// record, what AWS's APIs and queries answer, messages of queues and streams,
// and exports of other tools, as JSON, lines, CSV and YAML. The form is told by
// the content, never by the name. Package unpack gives the text of files that
// are compressed or packed.
//
// A form that wraps events in JSON objects is a line of the lists in forms.go,
// messages.go and exports.go.
//
// Files are read in a stream: memory is bounded by the largest record, not by
// the file.
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
	// MaxRecord is the longest value that is held in memory, in bytes: a record,
	// or what records are wrapped in where that cannot be read in a stream.
	// CloudTrail's own limit of a record is 256 KB, 1 MB in event data stores. A
	// longer value is rejected by itself.
	MaxRecord = 16 << 20

	firstBuffer = 256 << 10
	keepBuffer  = 1 << 20  // a larger buffer is given up after the value that needed it
	keptHead    = 64 << 10 // of a value longer than MaxRecord, for who visits it
)

// Visitor receives what is in a file. Record and Reject must be set. What they
// are given is valid only during the call.
//
// An offset is that of the record or piece in the text. Where it was wrapped in
// a string, base64 or a compressed message, it is the offset of the object or
// string around it.
type Visitor struct {
	// Record is called for each record. An error ends the reading and is returned
	// as it is.
	Record func(offset int64, r *event.Record) error

	// Reject is called for each piece that should have been a record and is
	// not one that can be kept, with its text. The file goes on after it.
	Reject func(offset int64, text []byte, cause string) error

	// Skip, unless it is nil, is called for each piece that holds no event by its
	// nature, such as a control message among log events. The reason is one of
	// few.
	Skip func(offset int64, reason string)
}

// FaultError says that a file could not be read to its end. What came before
// Offset, in the text, has been visited.
type FaultError struct {
	Offset int64
	Cause  string
	Err    error // set when the file itself could not be read further
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.Cause, e.Offset)
}

func (e *FaultError) Unwrap() error { return e.Err }

// ForeignError says that a file holds no CloudTrail records that could be read
// and is no damaged log file either.
type ForeignError struct {
	What string // "digest file", "not JSON", ...

	// NoEvents says that such files never hold events, and are no fault of the
	// archive's.
	NoEvents bool

	// Remedy says how to get a file that can be read, where this one tells of
	// events and does not hold them whole. Such a file must not be passed over.
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
	// Large bounds the memory of several Readers: one of its weight is acquired
	// while a value longer than 1 MiB is held. Nil is no bound.
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
	inner    *Reader          // of text that a piece holds whole
	depth    int              // how many readers this one is inside of
	enclosed bool             // all of the text stands at the offset base
	inflated int64            // bytes of compressed messages, decompressed
	zip      *gzip.Reader     // of such messages
	message  bool             // large is for one of them

	searched [256]int64 // up to where no line begins with a byte, as base+pos
	large    bool       // one of Large is acquired
	work     int64      // bytes decoded or searched, for tests
}

// Read visits the records in the text of src. The error is nil, a
// [*FaultError], a [*ForeignError], an [*unpack.ForeignError] of src, or what a
// visitor function returned. A cancelled context ends it between two records
// and inside one, with a [*FaultError] that wraps the context's error.
func (r *Reader) Read(ctx context.Context, src io.Reader, visit Visitor) error {
	r.ctx, r.src, r.visit, r.known, r.fault, r.inflated = ctx, src, visit, false, nil, 0
	r.buf, r.pos, r.base, r.total, r.err, r.work = r.buf[:0], 0, 0, 0, nil, 0
	if cap(r.buf) == 0 {
		r.buf = make([]byte, 0, firstBuffer)
	}
	err := r.file()
	r.pos = len(r.buf)
	r.shrink()
	return err
}

// Bytes returns how many bytes the text of the last file had, as far as it was
// read.
func (r *Reader) Bytes() int64 { return r.total }

// fill reads ahead. It reports whether there is more than before; when not,
// r.err says why.
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

// grow doubles the buffer, up to MaxRecord. It waits for its turn when other
// Readers hold values that are as long.
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

// shrink gives up a large buffer once what is left in it is little.
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

// cancelled reports whether the context is; r.err says so then.
func (r *Reader) cancelled() bool {
	err := r.ctx.Err()
	if err == nil {
		return false
	}
	r.err = r.stopped(err)
	return true
}

// stopped is what an error of the source means.
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

// offset is the position in the text of buf[i], or of what it is wrapped in.
func (r *Reader) offset(i int) int64 {
	if r.enclosed {
		return r.base
	}
	return r.base + int64(i)
}

// ended reports whether the text has been read ahead to its end.
func (r *Reader) ended() bool { return errors.Is(r.err, io.EOF) }

// cut is the fault of a file that ends inside the value at r.pos.
func (r *Reader) cut() error { return r.cutAt(r.offset(r.pos)) }

func (r *Reader) cutAt(offset int64) error {
	if r.err != nil && !r.ended() {
		return r.err
	}
	return &FaultError{offset, "truncated: the file ends inside a value", nil}
}

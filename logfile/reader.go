// Package logfile reads the contents of one log file, in whichever wrapping
// people keep CloudTrail records: the {"Records":[...]} that CloudTrail
// delivers, a bare array, one record after another or a line each, a single
// record, what lookup-events printed, EventBridge envelopes, and CloudWatch
// Logs events. The form is told by the content, never by the name. Package
// unpack gives the text of files that are compressed or packed.
//
// Files are read in a stream: memory is bounded by the largest record, not by
// the file.
package logfile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/unpack"
)

const (
	// MaxRecord is the longest record that is read, in bytes. CloudTrail's own
	// limit is 256 KB, 1 MB in event data stores.
	MaxRecord = 64 << 20

	firstBuffer = 256 << 10
	keepBuffer  = 4 << 20 // a larger buffer is not kept for the next file
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
}

// Read visits the records in the text of src. The error is nil, a
// [*FaultError], a [*ForeignError], an [*unpack.ForeignError] of src, or what a
// visitor function returned. A cancelled context ends it between two records
// and inside one, with a [*FaultError] that wraps the context's error.
func (r *Reader) Read(ctx context.Context, src io.Reader, visit Visitor) error {
	r.ctx, r.src, r.visit, r.known, r.fault, r.inflated = ctx, src, visit, false, nil, 0
	r.buf, r.pos, r.base, r.total, r.err = r.buf[:0], 0, 0, 0, nil
	if cap(r.buf) == 0 || cap(r.buf) > keepBuffer {
		r.buf = make([]byte, 0, firstBuffer)
	}
	return r.file()
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
	}
	if len(r.buf) == cap(r.buf) {
		if cap(r.buf) >= MaxRecord {
			r.err = &FaultError{r.base, fmt.Sprintf("a value longer than %d MiB", MaxRecord>>20), nil}
			return false
		}
		r.buf = append(make([]byte, 0, 2*cap(r.buf)), r.buf...)
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

// cut is the fault of a file that ends where it should not.
func (r *Reader) cut() error {
	if r.err != nil && !errors.Is(r.err, io.EOF) {
		return r.err
	}
	return &FaultError{r.offset(r.pos), "truncated: the file ends inside a value", nil}
}

// Package unpack finds the plain text streams inside a file, whatever its compression
// or archive format, nested up to a limit. Formats are detected from the content, never
// from the name.
//
// Memory and work are bounded for any number of members and any claims in headers: a
// file that expands more than log files can is rejected.
package unpack

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

const (
	// A file is rejected when it grows past bombFloor bytes and more than
	// bombRatio times: deflate reaches 1032 to 1, log files some 10 to 60.
	bombFloor = 64 << 20
	bombRatio = 300

	// maxDepth is the maximum nesting of compressions and archives.
	maxDepth = 8

	fileBuffer  = 64 << 10
	innerBuffer = 16 << 10
)

// FaultError reports that a stream could not be read to its end. The data
// before Offset, in the unpacked text, has been returned.
type FaultError struct {
	Offset int64
	Cause  string
	Err    error // set when the file itself could not be read further
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.Cause, e.Offset)
}

func (e *FaultError) Unwrap() error { return e.Err }

// ForeignError reports that a stream is of a kind that holds no log records,
// and is not damaged either.
type ForeignError struct {
	What string // "image", "digest file", ...
}

func (e *ForeignError) Error() string { return e.What }

// VisitFunc is called for each stream. The member is empty if the file is just
// one stream, compressed or not; in an archive it is the member's name, and in
// nested archives the names joined by "!". Names are safe for display and must
// not be used as paths.
//
// The text is UTF-8, as far as the stream is text, and may begin with a byte
// order mark. Its errors are io.EOF, [*FaultError] and [*ForeignError]; a
// stream that cannot be unpacked returns one of these at the first Read. An
// error that the function returns ends the walk.
type VisitFunc func(member string, text io.Reader) error

// Walker unpacks files one after another, reusing its buffers. The zero Walker
// is ready to use; it is not safe for concurrent use.
type Walker struct {
	// Windows is shared by concurrent walkers; nil for a single walker.
	Windows *Windows
	// TempDir is the folder for temporary files; empty for the system's own.
	TempDir string
	// Whole is the length in bytes up to which the text of a gzip file is held in
	// memory, for speed; 0 for 8 MiB, negative for never. It changes no result.
	Whole int

	visit   VisitFunc
	ctx     context.Context // of the walk
	source  io.Reader       // of the walk
	file    *layer
	decoded int64       // bytes that came out of decoders
	text    int64       // bytes of text returned
	fault   *FaultError // why the file's own archive ended early
	bomb    *FaultError
	grows   int64 // replaces bombFloor in tests, unless 0

	windows int64 // held by the decoders at work
	large   bool  // Windows is acquired

	// Buffers for reuse.
	held   whole
	outer  *bufio.Reader // of the file
	inner  []*bufio.Reader
	gzips  []*gzip.Reader
	flates []io.ReadCloser
}

// Walk calls visit for each stream in src, in order. It returns the error of
// visit, or a [*FaultError] when src is an archive that could not be read to
// its end: there may be more members than were visited.
//
// A source with the method Bytes() []byte, as of [bytes.Buffer], is in memory. Then
// that may be used instead of Read.
func (w *Walker) Walk(ctx context.Context, src io.Reader, visit VisitFunc) error {
	w.ctx, w.visit, w.source = ctx, visit, src
	w.decoded, w.text, w.fault, w.bomb = 0, 0, nil, nil
	next, done, err := w.atOnce(src)
	if !done {
		err = w.walk(next)
	}
	w.ctx, w.visit, w.source = nil, nil, nil
	return err
}

// walk visits the streams in src as they are unpacked.
func (w *Walker) walk(src io.Reader) error {
	w.file = &layer{walk: w, src: src, cause: func(err error) string { return fmt.Sprintf("reading stopped: %v", err) }}
	if w.outer == nil {
		w.outer = bufio.NewReaderSize(w.file, fileBuffer)
	} else {
		w.outer.Reset(w.file)
	}
	err := w.stream("", w.outer, w.file, 0)
	w.leave()
	w.outer.Reset(nil)
	if err == nil && w.fault != nil {
		return w.fault
	}
	return err
}

// Bytes returns the size of the last file in bytes, as stored and as text.
func (w *Walker) Bytes() (stored, text int64) { return w.file.n, w.text }

// stream visits the content of one stream. in reads from the layer from.
func (w *Walker) stream(member string, in *bufio.Reader, from *layer, depth int) error {
	head, _ := in.Peek(headSize) // reading returns the error again
	var fault *FaultError
	if len(head) < shortest && errors.As(from.err, &fault) {
		return w.visit(member, failing{fault}) // too short to detect the format
	}
	form := formOf(head)
	if form != formPlain && depth == maxDepth {
		return w.refuse(member, fmt.Sprintf("packed more than %d deep", maxDepth))
	}
	switch form {
	case formGzip:
		return w.gunzip(member, in, from, depth)
	case formBzip2:
		return w.bunzip2(member, in, from, depth)
	case formXz:
		return w.unxz(member, in, from, depth)
	case formZstd:
		return w.unzstd(member, head, in, from, depth)
	case formTar:
		return w.untar(member, in, from, depth)
	case formZip:
		return w.unzip(member, in, from, depth)
	}
	return w.plain(member, head, in, from)
}

// decode visits the content of the stream that a decoder makes of from.
func (w *Walker) decode(member string, decoder *layer, depth int) error {
	in := w.buffer(decoder)
	defer w.release(in)
	return w.stream(member, in, decoder, depth+1)
}

// plain visits a stream that needs no unpacking.
func (w *Walker) plain(member string, head []byte, in *bufio.Reader, from *layer) error {
	if err := kindOf(head); err != nil {
		return w.visit(member, failing{err})
	}
	text := &layer{walk: w, from: from, src: in, count: &w.text, cause: utf16Cause}
	if order := byteOrder(head); order != nil {
		text.src = &utf16Reader{in: in, order: order}
	}
	return w.visit(member, text)
}

// refuse visits a stream that cannot be unpacked.
func (w *Walker) refuse(member, cause string) error {
	return w.visit(member, failing{&FaultError{Cause: cause}})
}

// broken ends the reading of an archive. If the archive is the file itself, it
// returns the fault as the result of the walk; an archive inside another one is
// visited.
func (w *Walker) broken(member, form string, from *layer, in *bufio.Reader, err error) error {
	end := &layer{walk: w, from: from, n: from.n, cause: causes(form)}
	if in != nil {
		end.n -= int64(in.Buffered())
	}
	named := end.named(noEOF(err))
	if fault := (*FaultError)(nil); member == "" && errors.As(named, &fault) {
		w.fault = fault
		return nil
	}
	return w.visit(member, failing{named})
}

// failing is a stream that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// layer is one stream inside another: the output of src, which reads from the
// outer layer. It counts bytes, and adds context to errors.
type layer struct {
	walk  *Walker
	from  *layer // nil for the file itself
	src   io.Reader
	cause func(error) string // describes an error of src
	form  string             // the format that src decodes
	count *int64             // total of the walk that this layer adds to, or nil
	n     int64              // bytes read
	err   error              // why the stream ended
}

func (l *layer) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if err := l.walk.ctx.Err(); err != nil {
		l.err = stopped(l.n, err)
		return 0, l.err
	}
	n, err := l.src.Read(p)
	l.n += int64(n)
	if l.count != nil {
		*l.count += int64(n)
		if bomb := l.walk.exploded(l); bomb != nil {
			err = bomb
		}
	}
	if err != nil {
		l.err = l.named(err)
	}
	return n, l.err
}

// named adds context to an error of src. An error of an outer layer is returned
// unchanged, however the decoder passed it on.
func (l *layer) named(err error) error {
	var fault *FaultError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case l.walk.ctx.Err() != nil:
		return stopped(l.n, l.walk.ctx.Err())
	case l.from != nil && errors.As(l.from.err, &fault), errors.As(err, &fault):
		return &FaultError{l.n, fault.Cause, fault.Err}
	case l.from == nil:
		return &FaultError{l.n, l.cause(err), err}
	}
	return &FaultError{l.n, l.cause(err), nil}
}

// exploded returns the fault of a file that grew too much.
func (w *Walker) exploded(l *layer) error {
	if grown := max(w.decoded, w.text); w.bomb == nil && grown > cmp.Or(w.grows, bombFloor) && grown > bombRatio*w.file.n {
		w.bomb = &FaultError{l.n, fmt.Sprintf("%s bomb: over %d times its size", l.packing(), bombRatio), nil}
	}
	if w.bomb == nil {
		return nil
	}
	return w.bomb
}

// packing returns the format that the layer was unpacked from.
func (l *layer) packing() string {
	for l.form == "" && l.from != nil {
		l = l.from
	}
	return l.form
}

// buffer returns a buffered reader of l for detecting formats.
func (w *Walker) buffer(l io.Reader) *bufio.Reader {
	if last := len(w.inner) - 1; last >= 0 {
		in := w.inner[last]
		w.inner = w.inner[:last]
		in.Reset(l)
		return in
	}
	return bufio.NewReaderSize(l, innerBuffer)
}

func (w *Walker) release(in *bufio.Reader) {
	in.Reset(nil)
	w.inner = append(w.inner, in)
}

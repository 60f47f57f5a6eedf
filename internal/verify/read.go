package verify

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

// readBuffer is the size of the pieces in which objects are read and unpacked.
const readBuffer = 64 << 10

// fault is why an object is not valid.
type fault struct {
	state    State
	check    Check
	reason   string
	expected string
	found    string
}

// ioReader remembers the error of the storage below an unpacking reader, so that
// a broken connection is never taken for damaged content.
type ioReader struct {
	r   io.Reader
	err error
}

func (r *ioReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// unpacker unpacks objects strictly. It is reused, as its buffers are large.
type unpacker struct {
	small    atOnce
	buffered *bufio.Reader
	gzip     gzip.Reader
	piece    []byte
}

// unpackers is shared by all workers of a run.
type unpackers struct{ pool sync.Pool }

func (u *unpackers) get() *unpacker {
	if got, ok := u.pool.Get().(*unpacker); ok {
		return got
	}
	small := atOnce{gzip: gunzip.Decoder{Portable: true}} // a verdict does not depend on the build
	return &unpacker{small: small, buffered: bufio.NewReaderSize(nil, readBuffer), piece: make([]byte, readBuffer)}
}

func (u *unpackers) put(p *unpacker) {
	p.buffered.Reset(nil)
	u.pool.Put(p)
}

// plain reads an object that must be one gzip member, and passes its plain text
// to sink piece by piece. It returns the lower-case hex SHA-256 of the text. A
// text of more than limit bytes is a fault.
func (p *unpacker) plain(ctx context.Context, source archive.Source, o archive.Object, limit int64, sink func([]byte)) (string, *fault) {
	body, err := source.Open(ctx, o)
	if err != nil {
		return "", accessFault(err)
	}
	defer body.Close()
	return p.unpack(body, limit, sink)
}

// unpack is plain for an object that is open.
func (p *unpacker) unpack(body io.Reader, limit int64, sink func([]byte)) (string, *fault) {
	text, rest, ok := p.small.unpack(body, limit)
	if ok {
		sum := sha256.Sum256(text)
		sink(text)
		return hex.EncodeToString(sum[:]), nil
	}
	in := &ioReader{r: rest}
	p.buffered.Reset(in)
	if err := p.gzip.Reset(p.buffered); err != nil {
		return "", contentFault(in, err, "not gzip")
	}
	p.gzip.Multistream(false)
	sum := sha256.New()
	for size := int64(0); ; {
		n, err := p.gzip.Read(p.piece)
		if size += int64(n); size > limit {
			return "", &fault{state: Unreadable, check: CheckSize, reason: fmt.Sprintf("unpacks to more than %d bytes", limit)}
		}
		sum.Write(p.piece[:n])
		sink(p.piece[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", contentFault(in, err, "damaged gzip")
		}
	}
	if _, err := p.buffered.ReadByte(); !errors.Is(err, io.EOF) {
		if in.err != nil {
			return "", accessFault(in.err)
		}
		return "", &fault{state: Tampered, check: CheckGzip, reason: "has data after its gzip member"}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// contentFault is the fault of content that does not unpack, or of the storage
// when that failed.
func contentFault(in *ioReader, err error, what string) *fault {
	if in.err != nil {
		return accessFault(in.err)
	}
	reason := what + ": " + err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		reason = "ends early"
	}
	return &fault{state: Tampered, check: CheckGzip, reason: reason}
}

// accessFault is the fault of an object that could not be read.
func accessFault(err error) *fault {
	f := &fault{state: Unreadable, check: CheckRead, reason: err.Error()}
	switch {
	case errors.Is(err, archive.ErrCold):
		f.state = Archived
	case errors.Is(err, fs.ErrPermission):
		f.state = Denied
	case errors.Is(err, fs.ErrNotExist):
		f.state, f.reason = Missing, "not in the archive"
	}
	return f
}

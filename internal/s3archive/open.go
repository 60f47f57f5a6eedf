package s3archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/archive"
)

// Open implements [archive.Source]. A transfer that breaks off is resumed at
// the same offset of the same content; if that fails, Read returns the error.
func (s *Source) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	body, _, err := s.Fetch(ctx, o)
	return body, err
}

// Fetch is Open, and returns what S3 keeps beside the object.
func (s *Source) Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	b := &body{ctx: ctx, source: s, key: o.Key, size: -1}
	if err := b.connect(); err != nil {
		return nil, archive.Attributes{}, fail(ctx, "open", s.uriOf(o.Key), err)
	}
	return b, b.attributes, nil
}

// body reads an object, reconnecting when a connection breaks.
type body struct {
	ctx    context.Context
	source *Source
	key    string
	// version is the one that is read, or nil for the current one.
	version *string

	attributes archive.Attributes
	conn       io.ReadCloser // nil after it broke
	etag       *string
	offset     int64 // of the next byte
	size       int64 // of the object, or -1 if the service does not report it
	failures   int   // since the last byte
}

func (b *body) Read(p []byte) (int, error) {
	for {
		if b.conn == nil {
			if err := b.connect(); err != nil {
				return 0, b.fail(err)
			}
		}
		n, err := b.conn.Read(p)
		b.offset += int64(n)
		if n > 0 {
			b.failures = 0
		}
		if err == nil || errors.Is(err, io.EOF) && (b.size < 0 || b.offset >= b.size) {
			return n, err
		}
		if broke := b.wait(err); broke != nil {
			return n, b.fail(broke)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// wait closes the connection and waits before the next attempt.
func (b *body) wait(err error) error {
	_ = b.conn.Close() // it is already broken
	b.conn = nil
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	b.failures++
	if b.failures >= b.source.opts.MaxAttempts {
		return &retry.MaxAttemptsError{Attempt: b.failures, Err: err}
	}
	delay, delayErr := retry.NewExponentialJitterBackoff(b.source.opts.MaxBackoff).BackoffDelay(b.failures, err)
	if delayErr != nil {
		return err
	}
	select {
	case <-time.After(delay):
		return nil
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

// connect requests the object from the offset on.
func (b *body) connect() error {
	in := &s3.GetObjectInput{Bucket: &b.source.bucket, Key: &b.key, VersionId: b.version}
	if b.offset > 0 {
		from := fmt.Sprintf("bytes=%d-", b.offset)
		in.Range, in.IfMatch = &from, b.etag
	}
	var out *s3.GetObjectOutput
	err := b.source.call(func(inRegion func(*s3.Options)) (err error) {
		out, err = b.source.get(b.ctx, in, inRegion)
		return err
	})
	if err != nil {
		return err
	}
	b.conn = out.Body
	if b.offset == 0 {
		b.etag, b.attributes = out.ETag, attributesOf(out)
		if out.ContentLength != nil {
			b.size = *out.ContentLength
		}
		return nil
	}
	if out.ContentRange != nil && strings.HasPrefix(*out.ContentRange, fmt.Sprintf("bytes %d-", b.offset)) {
		return nil
	}
	// The service does not support ranges and sends the object from its start.
	_, err = io.CopyN(io.Discard, b.conn, b.offset)
	return err
}

func (b *body) fail(err error) error {
	return fail(b.ctx, "read", b.source.uriOf(b.key), err)
}

// Close closes the connection.
func (b *body) Close() error {
	if b.conn == nil {
		return nil
	}
	return b.conn.Close()
}

func attributesOf(out *s3.GetObjectOutput) archive.Attributes {
	a := archive.Attributes{
		Metadata: out.Metadata, ETag: unquote(value(out.ETag)), Version: value(out.VersionId), Lock: string(out.ObjectLockMode),
		LegalHold: out.ObjectLockLegalHoldStatus == types.ObjectLockLegalHoldStatusOn,
	}
	if out.LastModified != nil {
		a.Modified = out.LastModified.UTC()
	}
	if out.ObjectLockRetainUntilDate != nil {
		a.RetainUntil = out.ObjectLockRetainUntilDate.UTC()
	}
	return a
}

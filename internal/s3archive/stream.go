package s3archive

import (
	"context"
	"io"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/archive"
)

const (
	// maxBuffered is roughly the number of listed objects buffered for all roots, at
	// some 300 bytes each.
	maxBuffered = 1 << 17
	// smallestPage bounds the number of requests when there are many roots.
	smallestPage = 50
	largestPage  = 1000 // the limit of S3
)

// streams starts listing every root. Each buffers the current page and the next
// one, so that the merge seldom waits.
func (l *listing) streams() []archive.Stream {
	size := largestPage
	if n := len(l.roots); n > 0 {
		size = max(smallestPage, min(largestPage, maxBuffered/(2*n)))
	}
	streams := make([]archive.Stream, len(l.roots))
	for i, r := range l.roots {
		streams[i] = l.stream(r, int32(size))
	}
	return streams
}

// fetched is a page, or the error instead.
type fetched struct {
	objects []stored
	err     error
}

func (l *listing) stream(r root, size int32) archive.Stream {
	pages := make(chan fetched)
	l.fetchers.Go(func() {
		defer close(pages)
		l.fetch(r, size, pages)
	})
	var now []stored
	return func() (archive.Object, error) {
		for len(now) == 0 {
			p, ok := <-pages
			switch {
			case l.ctx.Err() != nil:
				return archive.Object{}, fail(l.ctx, "list", l.uriOf(r.prefix), l.ctx.Err())
			case !ok:
				return archive.Object{}, io.EOF
			case p.err != nil:
				var found finding
				if err := l.denied(&found, r.prefix, p.err); err != nil {
					return archive.Object{}, err
				}
				return found.objects[0], nil
			}
			now = p.objects
		}
		o := now[0]
		now = now[1:]
		return l.object(o), nil
	}
}

// fetch lists a root page by page, as far as the filter asks.
func (l *listing) fetch(r root, size int32, pages chan<- fetched) {
	from, to := bounds(r.told, l.filter)
	req := request{prefix: r.prefix, startAfter: from, max: size}
	for {
		var p page
		select {
		case l.slots <- struct{}{}:
		case <-l.ctx.Done():
			return
		}
		p, err := l.page(l.ctx, req)
		<-l.slots
		if err != nil {
			err = fail(l.ctx, "list", l.uriOf(r.prefix), err)
		}
		if to != "" {
			for i, o := range p.objects {
				if o.key >= to {
					p.objects, p.next = p.objects[:i], ""
					break
				}
			}
		}
		select {
		case pages <- fetched{p.objects, err}:
		case <-l.ctx.Done():
			return
		}
		if err != nil || p.next == "" {
			return
		}
		req.token = p.next
	}
}

// bounds returns the keys between which the requested days lie: after from and
// before to. Either is empty if there is no bound, as in a folder above the
// Regions.
func bounds(told archive.Folder, f archive.Filter) (from, to string) {
	const day = "2006/01/02"
	if told.Root == "" {
		return "", ""
	}
	if f.Since.Year() > 1 {
		from = told.Root + "/" + f.Since.UTC().Format(day)
	}
	// Years beyond four digits sort before the others.
	if last := f.Until.Add(-1).UTC().Truncate(24 * time.Hour); !f.Until.IsZero() && last.Year() > 1 && last.Year() < 9999 {
		to = told.Root + "/" + last.AddDate(0, 0, 1).Format(day)
	}
	return from, to
}

// request describes one LIST request.
type request struct {
	prefix     string
	delimiter  bool
	startAfter string
	token      string
	max        int32 // 0 for as many as the service gives
}

// page is the response to one LIST request.
type page struct {
	objects []stored
	folders []string // with a slash at the end
	next    string   // token of the next page, or empty
}

// stored is a listed object.
type stored struct {
	key, etag string
	size      int64
	restoring bool   // that was asked for
	cold      string // storage class, when it has to be restored before it can be read
}

func (s *Source) page(ctx context.Context, r request) (page, error) {
	in := &s3.ListObjectsV2Input{
		Bucket: &s.bucket,
		// Keys may hold characters that XML cannot represent.
		EncodingType:             types.EncodingTypeUrl,
		OptionalObjectAttributes: []types.OptionalObjectAttributes{types.OptionalObjectAttributesRestoreStatus},
		Prefix:                   optional(r.prefix),
		StartAfter:               optional(r.startAfter),
		ContinuationToken:        optional(r.token),
	}
	if r.delimiter {
		in.Delimiter = optional("/")
	}
	if r.max > 0 {
		in.MaxKeys = &r.max
	}
	var out *s3.ListObjectsV2Output
	err := s.call(func(inRegion func(*s3.Options)) (err error) {
		out, err = s.client.ListObjectsV2(ctx, in, inRegion)
		return err
	})
	if err != nil {
		return page{}, err
	}
	return pageOf(out)
}

func pageOf(out *s3.ListObjectsV2Output) (page, error) {
	var p page
	decode := func(s *string) (string, error) {
		if out.EncodingType != types.EncodingTypeUrl {
			return value(s), nil
		}
		return url.QueryUnescape(value(s))
	}
	p.objects = make([]stored, len(out.Contents))
	for i, o := range out.Contents {
		key, err := decode(o.Key)
		if err != nil {
			return page{}, err
		}
		p.objects[i] = stored{key: key, etag: unquote(value(o.ETag)), cold: coldClass(o)}
		if r := o.RestoreStatus; r != nil && r.IsRestoreInProgress != nil {
			p.objects[i].restoring = *r.IsRestoreInProgress
		}
		if o.Size != nil {
			p.objects[i].size = *o.Size
		}
	}
	for _, c := range out.CommonPrefixes {
		folder, err := decode(c.Prefix)
		if err != nil {
			return page{}, err
		}
		p.folders = append(p.folders, folder)
	}
	if out.IsTruncated != nil && *out.IsTruncated {
		p.next = value(out.NextContinuationToken)
	}
	return p, nil
}

// coldClass returns the storage class of an object that must be restored before
// it can be read, or "". A listing does not show the archive tiers of
// INTELLIGENT_TIERING; Open reports those.
func coldClass(o types.Object) string {
	switch o.StorageClass {
	case types.ObjectStorageClassGlacier, types.ObjectStorageClassDeepArchive:
	default:
		return ""
	}
	if r := o.RestoreStatus; r != nil && r.RestoreExpiryDate != nil && (r.IsRestoreInProgress == nil || !*r.IsRestoreInProgress) {
		return ""
	}
	return string(o.StorageClass)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func unquote(etag string) string {
	if n := len(etag); n >= 2 && etag[0] == '"' && etag[n-1] == '"' {
		return etag[1 : n-1]
	}
	return etag
}

// Package s3archive reads a log archive from an S3 bucket, of AWS or of any
// service that speaks its API.
//
// Account and Region folders are found by listing with a delimiter; each is then
// listed from the first day asked for to the last, so that a narrow time range
// costs few requests. Requests never offer to pay for a bucket of somebody else.
package s3archive

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/archive"
)

// Options say how to reach S3. The zero value uses the usual AWS configuration:
// environment, shared files, container and instance roles.
type Options struct {
	// Profile of the shared configuration; default AWS_PROFILE or "default".
	Profile string
	// Region of the bucket; default that of the configuration, or us-east-1. A
	// bucket that is elsewhere is found by the Region it answers with.
	Region string
	// Endpoint is the URL of an S3-compatible service; default AWS_ENDPOINT_URL_S3,
	// AWS_ENDPOINT_URL, or AWS itself.
	Endpoint string
	// PathStyle puts the bucket in the path instead of the host name. It is always
	// on where an endpoint is configured.
	PathStyle bool
	// MaxAttempts of one request; default 10. AWS_MAX_ATTEMPTS has precedence.
	MaxAttempts int
	// MaxBackoff is the longest wait between attempts; default 20 s.
	MaxBackoff time.Duration
	// StallTimeout is how long a request may go without any byte arriving before it
	// counts as failed; default 60 s.
	StallTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.MaxAttempts == 0 {
		o.MaxAttempts = 10
	}
	if o.MaxBackoff == 0 {
		o.MaxBackoff = 20 * time.Second
	}
	if o.StallTimeout == 0 {
		o.StallTimeout = time.Minute
	}
	return o
}

// Source is the objects below a prefix. It implements [archive.Source]; its errors
// are of type *[Error].
type Source struct {
	bucket string
	prefix string // without a slash at its end
	opts   Options
	client *s3.Client
	region atomic.Pointer[string] // where the bucket has turned out to be; nil while where the client thinks
}

// New takes s3://BUCKET or s3://BUCKET/PREFIX. The prefix is a folder, or the key of
// one object. It reads configuration, and makes no request.
func New(ctx context.Context, uri string, opts Options) (*Source, error) {
	bucket, prefix, err := parseURI(uri)
	if err != nil {
		return nil, err
	}
	s := &Source{bucket: bucket, prefix: prefix, opts: opts.withDefaults()}
	s.client, err = newClient(ctx, s.opts)
	if err != nil {
		return nil, fmt.Errorf("open archive %q: %w", uri, err)
	}
	return s, nil
}

func parseURI(uri string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("open archive %q: not of the form s3://BUCKET/PREFIX", uri)
	}
	return bucket, strings.TrimSuffix(prefix, "/"), nil
}

// URI is the archive's address without a slash at its end.
func (s *Source) URI() string { return s.uriOf(s.prefix) }

func (s *Source) uriOf(key string) string {
	if key == "" {
		return "s3://" + s.bucket
	}
	return "s3://" + s.bucket + "/" + key
}

// base is what every key of the archive begins with.
func (s *Source) base() string {
	if s.prefix == "" {
		return ""
	}
	return s.prefix + "/"
}

// call makes a request, and makes it again in the bucket's Region when the answer
// tells that it is another than was asked.
func (s *Source) call(request func(inRegion func(*s3.Options)) error) error {
	asked := s.region.Load()
	err := request(func(o *s3.Options) {
		if asked != nil {
			o.Region = *asked
		}
	})
	if err == nil {
		return nil
	}
	region := regionTold(err)
	if region == "" || region == s.client.Options().Region && asked == nil || asked != nil && region == *asked {
		return err
	}
	s.region.Store(&region)
	return request(func(o *s3.Options) { o.Region = region })
}

var _ archive.Source = (*Source)(nil)

// Package s3archive reads a log archive from a bucket of S3 or of a service with the same API.
//
// Account and Region folders are found by listing with a delimiter. Each is then listed
// from the first requested day to the last, so a narrow time range needs few requests.
// Requests never accept the charges of a requester-pays bucket.
package s3archive

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/archive"
)

// Options configure access to S3. The zero value uses the usual AWS
// configuration: environment, shared files, container and instance roles.
type Options struct {
	// Profile of the shared configuration; default AWS_PROFILE or "default".
	Profile string
	// Region of the bucket; by default that of the configuration, or us-east-1.
	// If the bucket is elsewhere, the Region in the service's response is used.
	Region string
	// Endpoint is the URL of an S3-compatible service; default AWS_ENDPOINT_URL_S3,
	// AWS_ENDPOINT_URL, or AWS itself.
	Endpoint string
	// PathStyle puts the bucket in the path instead of the host name. It is always
	// on where an endpoint is configured.
	PathStyle bool
	// MaxAttempts is the number of attempts of one request; default 10.
	// AWS_MAX_ATTEMPTS has precedence.
	MaxAttempts int
	// MaxBackoff is the longest wait between attempts; default 20 s.
	MaxBackoff time.Duration
	// StallTimeout is the time without any byte arriving after which a request
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
	prefix string // without a trailing slash
	opts   Options
	client *s3.Client
	region atomic.Pointer[string] // Region in which the bucket was found; nil while the client's is used

	// Of the client, for get.
	http        s3.HTTPClient
	credentials aws.CredentialsProvider
	signer      *v4.Signer
	pattern     atomic.Pointer[pattern] // of requests for objects; nil until one succeeded
}

// New opens s3://BUCKET or s3://BUCKET/PREFIX. The prefix is a folder or the key of one
// object. New reads the configuration and makes no request.
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
	used := s.client.Options()
	s.http, s.credentials, s.signer = used.HTTPClient, used.Credentials, v4.NewSigner()
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

// URI returns the archive's address without a trailing slash.
func (s *Source) URI() string { return s.uriOf(s.prefix) }

func (s *Source) uriOf(key string) string {
	if key == "" {
		return "s3://" + s.bucket
	}
	return "s3://" + s.bucket + "/" + key
}

// base returns the prefix that all keys of the archive have.
func (s *Source) base() string {
	if s.prefix == "" {
		return ""
	}
	return s.prefix + "/"
}

// call makes a request, and repeats it in the bucket's Region when the response
// names another Region than the one asked.
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

package s3archive

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithytime "github.com/aws/smithy-go/time"
)

// get is GetObject of the SDK, at less cost: resolving the endpoint and the way of
// signing for each of many small objects takes longer than reading them.
//
// The SDK makes the first request, and get repeats it for other keys. A response other
// than the object is given to the SDK as that to its own first attempt, so that retries,
// errors and redirects are always the SDK's.
func (s *Source) get(ctx context.Context, in *s3.GetObjectInput, inRegion func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if in.VersionId != nil {
		return s.client.GetObject(ctx, in, inRegion)
	}
	first := &firstAttempt{}
	if p := s.pattern.Load(); p != nil {
		req, err := s.repeat(ctx, p, in)
		if err != nil {
			return s.client.GetObject(ctx, in, inRegion) // which finds out what is wrong
		}
		first.resp, first.err = s.http.Do(req)
		first.made = true
		if first.err == nil && first.resp.StatusCode/100 == 2 {
			if out, err := outputOf(first.resp); err == nil {
				return out, nil
			}
		}
		s.pattern.Store(nil)
	}
	defer first.close()
	out, err := s.client.GetObject(ctx, in, inRegion, func(o *s3.Options) {
		first.next = o.HTTPClient
		o.HTTPClient = first
	})
	if err == nil {
		if p := patternOf(first.last, *in.Key); p != nil {
			s.pattern.Store(p)
		}
	}
	return out, err
}

// firstAttempt is a client that returns the response of a request made before to the
// first request, and keeps the last request. It serves one call of the SDK.
type firstAttempt struct {
	next s3.HTTPClient
	last *http.Request

	made bool // until the response is returned
	resp *http.Response
	err  error
}

func (f *firstAttempt) Do(r *http.Request) (*http.Response, error) {
	if f.made {
		f.made = false
		return f.resp, f.err
	}
	f.last = r
	return f.next.Do(r)
}

func (f *firstAttempt) close() {
	if f.made && f.err == nil {
		_ = f.resp.Body.Close() // the call failed before its first request
	}
}

// pattern is a request for an object without its key and signature.
type pattern struct {
	url           url.URL
	path, rawPath string // before the key
	host          string
	header        http.Header
	region        string // of the signature
}

// patternOf returns the pattern of a request of the SDK, or nil if it is not for a
// whole object or signed otherwise than with Signature Version 4 for S3, as for
// directory buckets.
func patternOf(r *http.Request, key string) *pattern {
	if r == nil || r.Header.Get("Range") != "" {
		return nil
	}
	// AWS4-HMAC-SHA256 Credential=ID/DAY/REGION/s3/aws4_request, SignedHeaders=...
	scope, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	parts := strings.Split(scope, "/")
	if n := len(parts); !ok || n < 5 || parts[n-1] != "aws4_request" || parts[n-2] != "s3" {
		return nil
	}
	path, isKey := strings.CutSuffix(r.URL.Path, key)
	rawPath, isRaw := strings.CutSuffix(r.URL.EscapedPath(), httpbinding.EscapePath(key, false))
	if !isKey || !isRaw {
		return nil
	}
	p := &pattern{url: *r.URL, path: path, rawPath: rawPath, host: r.Host, header: r.Header.Clone(), region: parts[len(parts)-3]}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "Amz-Sdk-Invocation-Id"} {
		p.header.Del(name) // each belongs to one request
	}
	return p
}

// repeat returns the signed request of a pattern for another object.
func (s *Source) repeat(ctx context.Context, p *pattern, in *s3.GetObjectInput) (*http.Request, error) {
	credentials, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	target := p.url
	target.Path, target.RawPath = p.path+*in.Key, p.rawPath+httpbinding.EscapePath(*in.Key, false)
	req := (&http.Request{Method: http.MethodGet, URL: &target, Host: p.host, Header: p.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if in.Range != nil {
		req.Header.Set("Range", *in.Range)
	}
	if in.IfMatch != nil {
		req.Header.Set("If-Match", *in.IfMatch)
	}
	err = s.signer.SignHTTP(ctx, credentials, req, req.Header.Get("X-Amz-Content-Sha256"), "s3", p.region, time.Now(),
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // S3 signs the path as it is sent
	return req, err
}

// outputOf returns what this package uses of a response.
func outputOf(resp *http.Response) (*s3.GetObjectOutput, error) {
	header := func(name string) string { return strings.TrimSpace(resp.Header.Get(name)) }
	out := &s3.GetObjectOutput{
		Body: resp.Body, ETag: optional(header("ETag")), VersionId: optional(header("X-Amz-Version-Id")),
		ContentRange:              optional(header("Content-Range")),
		ObjectLockMode:            types.ObjectLockMode(header("X-Amz-Object-Lock-Mode")),
		ObjectLockLegalHoldStatus: types.ObjectLockLegalHoldStatus(header("X-Amz-Object-Lock-Legal-Hold")),
	}
	if text := header("Content-Length"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		out.ContentLength = &n
	}
	if text := header("Last-Modified"); text != "" {
		t, err := smithytime.ParseHTTPDate(text)
		if err != nil {
			return nil, err
		}
		out.LastModified = &t
	}
	if text := header("X-Amz-Object-Lock-Retain-Until-Date"); text != "" {
		t, err := smithytime.ParseDateTime(text)
		if err != nil {
			return nil, err
		}
		out.ObjectLockRetainUntilDate = &t
	}
	for name, values := range resp.Header {
		if rest, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
			if out.Metadata == nil {
				out.Metadata = map[string]string{}
			}
			out.Metadata[rest] = strings.TrimSpace(values[0])
		}
	}
	return out, nil
}

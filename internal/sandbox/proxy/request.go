package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// request is r for the upstream.
func (f *forwarder) request(ctx context.Context, r *http.Request) *http.Request {
	out := (&http.Request{
		Method: r.Method, URL: f.target(r), Host: r.Host, Header: r.Header.Clone(),
		ProtoMajor: 1, ProtoMinor: 1, // else Expect is not heeded
		Body: http.NoBody, ContentLength: r.ContentLength,
		TransferEncoding: r.TransferEncoding, Trailer: r.Trailer,
	}).WithContext(ctx)
	dropConnectionHeaders(out.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = []string{""} // else net/http invents one
	}
	if r.ContentLength != 0 {
		out.Body = &clientBody{r.Body}
	} else if length, ok := out.Header["Content-Length"]; ok && lacksBody(r.Method) {
		// net/http leaves out a length of 0 that it thinks superfluous, but the
		// signature may cover it. It does not know the header by this name.
		out.Header["content-length"] = length
	}
	return out
}

// target is the upstream's URL that net/http writes as the client wrote its own.
func (f *forwarder) target(r *http.Request) *url.URL {
	path, query, asked := strings.Cut(r.RequestURI, "?")
	u := &url.URL{Scheme: f.upstream.Scheme, Host: f.upstream.Host, RawQuery: query, ForceQuery: asked}
	// As an opaque part net/http writes the path's bytes as they are, but it takes
	// one that starts with two slashes for a host, and of an address with a host,
	// as clients write it for proxies, only the rest is for the upstream. There
	// bytes that no URL may have, such as "{", are escaped, which a signature does
	// not notice.
	if strings.HasPrefix(path, "//") || r.URL.Host != "" {
		u.Path, u.RawPath = r.URL.Path, r.URL.RawPath
	} else {
		u.Opaque = path
	}
	return u
}

// lacksBody tells of which methods net/http does not write "Content-Length: 0".
func lacksBody(method string) bool {
	return method != http.MethodPost && method != http.MethodPut && method != http.MethodPatch
}

// dropConnectionHeaders leaves out what concerns a single connection, after RFC 9110,
// section 7.6.1.
func dropConnectionHeaders(h http.Header) {
	for _, value := range h["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range [...]string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	} {
		delete(h, name)
	}
}

// clientBody marks errors as the client's. It cannot be closed: our server does that,
// and whoever closes it waits for what the client still sends.
type clientBody struct{ io.Reader }

func (b *clientBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &clientError{err}
	}
	return n, err
}

func (b *clientBody) Close() error { return nil }

package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// request returns the request to send to the upstream for r.
func (f *forwarder) request(ctx context.Context, r *http.Request) *http.Request {
	out := (&http.Request{
		Method: r.Method, URL: f.target(r), Host: r.Host, Header: r.Header.Clone(),
		ProtoMajor: 1, ProtoMinor: 1, // else net/http ignores Expect
		Body: http.NoBody, ContentLength: r.ContentLength,
		TransferEncoding: r.TransferEncoding, Trailer: r.Trailer,
	}).WithContext(ctx)
	dropConnectionHeaders(out.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = []string{""} // else net/http adds its own
	}
	if r.ContentLength != 0 {
		out.Body = &clientBody{r.Body}
	} else if length, ok := out.Header["Content-Length"]; ok && lacksBody(r.Method) {
		// net/http omits a length of 0 for these methods, but the signature may cover
		// it. net/http does not recognize the header in lower case.
		out.Header["content-length"] = length
	}
	return out
}

// target returns a URL of the upstream that net/http writes with the same path and
// query bytes as the client did.
func (f *forwarder) target(r *http.Request) *url.URL {
	path, query, asked := strings.Cut(r.RequestURI, "?")
	u := &url.URL{Scheme: f.upstream.Scheme, Host: f.upstream.Host, RawQuery: query, ForceQuery: asked}
	// net/http writes an opaque part unchanged, but takes one that starts with two
	// slashes for a host. For such a path, and for a URL with a host, as clients send
	// it to proxies, the path is set instead. Then net/http escapes bytes that a URL
	// may not have, such as "{", which does not change the signature.
	if strings.HasPrefix(path, "//") || r.URL.Host != "" {
		u.Path, u.RawPath = r.URL.Path, r.URL.RawPath
	} else {
		u.Opaque = path
	}
	return u
}

// lacksBody reports whether net/http omits "Content-Length: 0" for the method.
func lacksBody(method string) bool {
	return method != http.MethodPost && method != http.MethodPut && method != http.MethodPatch
}

// dropConnectionHeaders removes the headers of a single connection, by RFC 9110,
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

// clientBody marks read errors as the client's. Close does nothing: the server closes
// the body, and closing it would wait for the rest of the client's data.
type clientBody struct{ io.Reader }

func (b *clientBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &clientError{err}
	}
	return n, err
}

func (b *clientBody) Close() error { return nil }

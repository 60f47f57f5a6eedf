// Package proxy forwards requests to an AWS endpoint, and its answers back, unchanged.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// grace is how long a call continues after its client hung up. The upstream may
	// have acted on it already, and only the answer shows what to record.
	grace = 30 * time.Second
	// idle is the timeout of idle connections. It is shorter than that of servers, so
	// that a request rarely uses a connection that is being closed.
	idle = 3 * time.Second
	// pool is the maximum number of idle connections. Connections beyond it are
	// closed after their request.
	pool = 256
	// chunk is the size of the buffers that answers are copied with, in bytes.
	chunk = 32 << 10
)

// Forward sends requests to the upstream. Only the scheme, host and port of its URL
// are used. Everything that a signature covers is sent unchanged: method, the bytes
// of path and query, headers, body. Only connection headers differ.
//
// The client gets a 502 if the upstream cannot be reached, breaks off, does not speak
// HTTP or does not begin to answer within timeout. If the client hangs up, the call
// continues for up to 30 seconds, so that its result can be recorded.
func Forward(upstream *url.URL, timeout time.Duration) http.Handler {
	http1 := new(http.Protocols) // HTTP/2 would encode requests differently
	http1.SetHTTP1(true)
	return &forwarder{
		upstream: &url.URL{Scheme: upstream.Scheme, Host: upstream.Host},
		transport: &http.Transport{
			DialContext:            dial(timeout),
			TLSHandshakeTimeout:    timeout,
			ResponseHeaderTimeout:  timeout,
			ExpectContinueTimeout:  time.Second,
			MaxIdleConnsPerHost:    pool,
			IdleConnTimeout:        idle,
			MaxResponseHeaderBytes: 1 << 20,
			DisableCompression:     true, // else net/http requests gzip and decompresses it
			Protocols:              http1,
		},
		buffers: sync.Pool{New: func() any { return new([chunk]byte) }},
	}
}

type forwarder struct {
	upstream  *url.URL
	transport *http.Transport
	buffers   sync.Pool // of *[chunk]byte
}

func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		fateOf(r.Context()).failed = true
		refuse(w, r, http.StatusMethodNotAllowed, "MethodNotAllowed", "the sandbox opens no tunnels")
		return
	}
	ctx, cancel := outlive(r.Context())
	defer cancel()
	var before interim
	reached := false
	out := f.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:        func(httptrace.GotConnInfo) { reached = true },
		Got1xxResponse: before.pass(w),
	}), r)
	resp, err := f.transport.RoundTrip(out)
	before.end()
	if err != nil {
		f.fail(w, r, reached, err)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 { // such as 101 for another protocol
		f.fail(w, r, reached, fmt.Errorf("its answer is %q", resp.Status))
		return
	}
	f.answer(w, r, resp)
}

// outlive returns a context that is canceled some time after the client's.
func outlive(client context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(client))
	stop := context.AfterFunc(client, func() { time.AfterFunc(grace, cancel) })
	return ctx, func() { stop(); cancel() }
}

// fail answers when the upstream did not. If the upstream was reached, it may have
// acted on the call, so the call counts and this answer is recorded. That is also so
// when the client broke off the body: servers differ in how they treat part of one.
func (f *forwarder) fail(w http.ResponseWriter, r *http.Request, reached bool, err error) {
	fateOf(r.Context()).failed = !reached
	var client *clientError
	if errors.As(err, &client) {
		incomplete(w, r, client.error)
		return
	}
	refuse(w, r, http.StatusBadGateway, "BadGateway", fmt.Sprintf("the upstream %s gave no answer: %v", f.upstream, err))
}

// BrokeOff answers a request whose body was incomplete and that was not forwarded.
// It does not count as a call.
func BrokeOff(w http.ResponseWriter, r *http.Request, err error) {
	fateOf(r.Context()).failed = true
	incomplete(w, r, err)
}

func incomplete(w http.ResponseWriter, r *http.Request, err error) {
	refuse(w, r, http.StatusBadRequest, "IncompleteBody", fmt.Sprintf("the request's body broke off: %v", err))
}

// answer streams the upstream's answer to the client.
func (f *forwarder) answer(w http.ResponseWriter, r *http.Request, resp *http.Response) {
	h := w.Header()
	h["Date"], h["Content-Type"] = nil, nil // else net/http adds its own
	for name, values := range resp.Header {
		// Clients use the rest of the name, with its case, as a metadata key. S3
		// sends these keys in lower case.
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			name = strings.ToLower(name)
		}
		h[name] = values
	}
	dropConnectionHeaders(h)
	for name := range resp.Trailer {
		h.Add("Trailer", name)
	}
	w.WriteHeader(resp.StatusCode)
	flush := func() {}
	if resp.ContentLength < 0 { // streamed, the next piece may come much later
		flush = func() { _ = http.NewResponseController(w).Flush() } // if the client hung up, the next Write fails
	}
	flush()
	if err := f.copy(w, resp.Body, flush); err != nil {
		if broken, ok := errors.AsType[*upstreamError](err); ok {
			fateOf(r.Context()).broken = fmt.Sprintf("the upstream %s broke off its answer: %v", f.upstream, broken.error)
		}
		panic(http.ErrAbortHandler) // a truncated answer must not look complete
	}
	for name, values := range resp.Trailer {
		h[http.TrailerPrefix+name] = values
	}
}

// upstreamError and clientError mark which side broke off a body.
type (
	upstreamError struct{ error }
	clientError   struct{ error }
)

func (f *forwarder) copy(w io.Writer, body io.Reader, flush func()) error {
	buffer := f.buffers.Get().(*[chunk]byte)
	defer f.buffers.Put(buffer)
	for {
		n, err := body.Read(buffer[:])
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return &clientError{err}
			}
			flush()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &upstreamError{err}
		}
	}
}

// interim forwards informational answers such as "103 Early Hints". They come from
// another goroutine and may arrive after the final answer.
type interim struct {
	mu   sync.Mutex
	over bool
}

func (i *interim) pass(w http.ResponseWriter) func(int, textproto.MIMEHeader) error {
	return func(status int, header textproto.MIMEHeader) error {
		i.mu.Lock()
		defer i.mu.Unlock()
		// net/http sends "100 Continue" itself when the request body is first read.
		if i.over || status == http.StatusContinue {
			return nil
		}
		h := w.Header()
		for name, values := range header {
			h[name] = values
		}
		w.WriteHeader(status)
		clear(h)
		return nil
	}
}

func (i *interim) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = true
}

// dial returns a dialer of connections whose writes time out, so that an upstream
// that stops reading does not block a client forever.
func dial(timeout time.Duration) func(context.Context, string, string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: timeout}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &connection{c, timeout}, nil
	}
}

type connection struct {
	net.Conn
	timeout time.Duration
}

func (c *connection) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

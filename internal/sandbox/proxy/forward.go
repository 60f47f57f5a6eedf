// Package proxy passes requests to an AWS endpoint and its answers back, unchanged.
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
	// grace is how long a call goes on whose client hung up. It may have happened
	// already, and only its answer tells what there is to record.
	grace = 30 * time.Second
	// idle is shorter than the time after which servers close a connection that
	// nobody uses, so that a request seldom meets one that is just being closed.
	idle = 3 * time.Second
	// pool is how many connections wait for their next request. More are opened
	// when clients need them at the same time, and closed afterwards.
	pool = 256
	// chunk is how much of an answer is passed on at a time.
	chunk = 32 << 10
)

// Forward sends requests to the upstream, of whose URL only scheme, host and port
// matter. What a signature covers arrives as it was sent: method, the bytes of path
// and query, headers, body. Only headers that concern a single connection differ.
//
// The client gets a 502 if the upstream cannot be reached, breaks off, answers no
// HTTP or does not begin to answer within patience. If the client hangs up, the call
// goes on for a while, so that it is known how it ended.
func Forward(upstream *url.URL, patience time.Duration) http.Handler {
	http1 := new(http.Protocols) // HTTP/2 would spell requests in another way
	http1.SetHTTP1(true)
	return &forwarder{
		upstream: &url.URL{Scheme: upstream.Scheme, Host: upstream.Host},
		transport: &http.Transport{
			DialContext:            dial(patience),
			TLSHandshakeTimeout:    patience,
			ResponseHeaderTimeout:  patience,
			ExpectContinueTimeout:  time.Second,
			MaxIdleConnsPerHost:    pool,
			IdleConnTimeout:        idle,
			MaxResponseHeaderBytes: 1 << 20,
			DisableCompression:     true, // else it asks for gzip and unpacks it
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
	if resp.StatusCode < 200 { // as of another protocol
		f.fail(w, r, reached, fmt.Errorf("its answer is %q", resp.Status))
		return
	}
	f.answer(w, r, resp)
}

// outlive gives a context that ends some time after the client hung up.
func outlive(client context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(client))
	stop := context.AfterFunc(client, func() { time.AfterFunc(grace, cancel) })
	return ctx, func() { stop(); cancel() }
}

// fail answers for an upstream that did not. A call of which any part was sent may
// have happened, so it counts as answered by what is said here. That holds too when
// the client broke off the body: servers differ in what they do with a part of one.
func (f *forwarder) fail(w http.ResponseWriter, r *http.Request, reached bool, err error) {
	fateOf(r.Context()).failed = !reached
	var client *clientError
	if errors.As(err, &client) {
		incomplete(w, r, client.error)
		return
	}
	refuse(w, r, http.StatusBadGateway, "BadGateway", fmt.Sprintf("the upstream %s gave no answer: %v", f.upstream, err))
}

// BrokeOff answers a request whose body did not come to its end and of which nobody
// was sent a part. It was no call.
func BrokeOff(w http.ResponseWriter, r *http.Request, err error) {
	fateOf(r.Context()).failed = true
	incomplete(w, r, err)
}

func incomplete(w http.ResponseWriter, r *http.Request, err error) {
	refuse(w, r, http.StatusBadRequest, "IncompleteBody", fmt.Sprintf("the request's body broke off: %v", err))
}

// answer passes on an answer as it comes.
func (f *forwarder) answer(w http.ResponseWriter, r *http.Request, resp *http.Response) {
	h := w.Header()
	h["Date"], h["Content-Type"] = nil, nil // our server adds its own otherwise
	for name, values := range resp.Header {
		// Clients take the rest of the name as it is spelled for the name of an item
		// of metadata, which S3 has in lower case.
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
	if resp.ContentLength < 0 { // nobody knows when the next of it comes
		flush = func() { _ = http.NewResponseController(w).Flush() } // a client that left shows at the next Write
	}
	flush()
	if err := f.copy(w, resp.Body, flush); err != nil {
		if broken, ok := errors.AsType[*upstreamError](err); ok {
			fateOf(r.Context()).broken = fmt.Sprintf("the upstream %s broke off its answer: %v", f.upstream, broken.error)
		}
		panic(http.ErrAbortHandler) // an answer that stops early must not look whole
	}
	for name, values := range resp.Trailer {
		h[http.TrailerPrefix+name] = values
	}
}

// upstreamError and clientError tell whose fault it was that a copy stopped.
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

// interim passes on the answers before the answer, such as "103 Early Hints". They
// come from another goroutine, perhaps late.
type interim struct {
	mu   sync.Mutex
	over bool
}

func (i *interim) pass(w http.ResponseWriter) func(int, textproto.MIMEHeader) error {
	return func(status int, header textproto.MIMEHeader) error {
		i.mu.Lock()
		defer i.mu.Unlock()
		// Our server says "100 Continue" itself, when the upstream begins to read.
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

// dial opens connections to an upstream that must go on reading, so that one that
// stopped does not hold a client for ever.
func dial(patience time.Duration) func(context.Context, string, string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: patience}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &connection{c, patience}, nil
	}
}

type connection struct {
	net.Conn
	patience time.Duration
}

func (c *connection) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

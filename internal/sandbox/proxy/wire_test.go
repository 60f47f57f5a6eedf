package proxy

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

const timeout = 20 * time.Second

// before starts a proxy in front of an upstream.
func before(t testing.TB, upstream string) *httptest.Server {
	t.Helper()
	u, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	return serving(t, Forward(u, timeout))
}

// captured serves p's handler with a Capture in front of it.
func captured(t testing.TB, p *httptest.Server, done func(*exchange.Exchange) error) *httptest.Server {
	t.Helper()
	return serving(t, Capture(p.Config.Handler, time.Now, func(_ context.Context, x *exchange.Exchange) error { return done(x) }))
}

func serving(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// wire is an upstream that gives the same answer to all requests and remembers the
// bytes of each.
type wire struct {
	URL string

	mu   sync.Mutex
	seen []string
}

// empty is an answer that keeps the connection open.
const empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// upstream starts a wire. It answers once a request came to its end, and closes the
// connection after all but the empty answer.
func upstream(t testing.TB, answer string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{URL: "http://" + l.Addr().String()}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for r := bufio.NewReader(c); w.take(r); {
					io.WriteString(c, answer)
					if answer != empty {
						return
					}
				}
			}()
		}
	}()
	return w
}

// take reads one request, the head as it is written.
func (w *wire) take(r *bufio.Reader) bool {
	var head strings.Builder
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil {
			return false
		}
	}
	req, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(head.String()), r)))
	if err != nil {
		return false
	}
	body, _ := io.ReadAll(req.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, head.String()+string(body))
	return true
}

// forget and all are for tests that send many requests.
func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = nil
}

func (w *wire) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

func (w *wire) last(t testing.TB) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) == 0 {
		t.Fatal("the upstream saw no request")
	}
	return w.seen[len(w.seen)-1]
}

// say sends bytes to a server and returns all it answers.
func say(t testing.TB, server, request string) string {
	t.Helper()
	c := dialed(t, server)
	defer c.Close()
	io.WriteString(c, request)
	c.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(c) // a reset ends the answer too
	return string(answer)
}

// ask is say for a request in one piece, whose connection the client keeps open.
func ask(t testing.TB, server, method, request string) (*http.Response, string, error) {
	t.Helper()
	c := dialed(t, server)
	defer c.Close()
	io.WriteString(c, request)
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func dialed(t testing.TB, server string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(server, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

package sandbox

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines collects what a log writes.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start runs a server on a free port and returns its address.
func start(t *testing.T, server *http.Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(Bound(listener)) }()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return listener.Addr().String()
}

// withShortTimeout serves a handler that ends stalled connections soon.
func withShortTimeout(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	return start(t, &http.Server{Handler: closeStalled(handler, 50*time.Millisecond)})
}

func TestPanicsAreLogged(t *testing.T) {
	log := new(lines)
	s := &Sandbox{
		handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a mistake of ours") }),
		config:  Config{Log: slog.New(slog.NewTextHandler(log, nil))},
	}
	address := start(t, s.Server())
	if resp, err := http.Get("http://" + address); err == nil {
		resp.Body.Close()
		t.Errorf("answered %s", resp.Status)
	}
	if !strings.Contains(log.String(), "a mistake of ours") {
		t.Errorf("log: %s", log)
	}
}

func TestStalledBodiesEnd(t *testing.T) {
	ended := make(chan error, 1)
	address := withShortTimeout(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
	if err := <-ended; err == nil {
		t.Error("a body that never went on was read to its end")
	}
}

func TestStalledReadersEnd(t *testing.T) {
	ended := make(chan error, 1)
	address := withShortTimeout(t, func(w http.ResponseWriter, _ *http.Request) {
		for part := make([]byte, 1<<20); ; {
			if _, err := w.Write(part); err != nil {
				ended <- err
				return
			}
		}
	})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-ended // or the test ends by its own timeout
}

// A call may wait for its answer longer than the limit for bodies.
func TestWaitingIsNoStall(t *testing.T) {
	address := withShortTimeout(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusTeapot)
		case <-time.After(200 * time.Millisecond):
		}
	})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("answered %s", resp.Status)
	}
}

package sandbox_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/loadtest"
)

// send makes a request that seems to be signed for a service.
func (s *served) send(t *testing.T, method, path, service string, body io.Reader, headers ...string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260112/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.Host = r.Header.Get("Host")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// raw sends bytes and nothing after them, and returns what comes back.
func (s *served) raw(t *testing.T, bytes string) (answer string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, bytes) // the sandbox may have closed it by now
	_ = conn.(*net.TCPConn).CloseWrite()
	text, _ := io.ReadAll(conn) // until the sandbox closes it
	return string(text)
}

// works fails the test unless the sandbox takes a call.
func (s *served) works(t *testing.T) {
	t.Helper()
	if status, answer := s.send(t, http.MethodPut, "/objects/after", "s3", strings.NewReader("x")); status != http.StatusOK {
		t.Fatalf("afterwards the sandbox answers %d %s", status, answer)
	}
}

// names ends the sandbox and tells the event names it recorded, with the error code
// where there is one.
func (s *served) names(t *testing.T) (names []string) {
	t.Helper()
	s.stop()
	j, err := journal.Open(filepath.Join(s.state, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var r event.Record
	err = j.Read(1, func(e journal.Entry) error {
		_, err := r.Decode(e.Record)
		name := string(r.Text(event.EventSource)) + " " + string(r.Text(event.EventName))
		if code := r.Text(event.ErrorCode); code != nil {
			name += " " + string(code)
		}
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestGarbage(t *testing.T) {
	box := serve(t, backend(t, loadtest.NewUpstream(t.TempDir())))
	for name, bytes := range map[string]string{
		"nothing":             "",
		"noise":               "\x00\xff\xfe\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
		"half a request line": "GET /objects",
		"another protocol":    "GET / SPDY/9\r\n\r\n",
		"no host":             "GET / HTTP/1.1\r\n\r\n",
		"two hosts":           "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
		"header with NUL":     "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
		"header without end":  "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 2<<20),
		"bad escapes":         "GET /%zz?%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"negative length":     "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
		"two lengths":         "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"bad chunk":           "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"half a body":         "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nxx",
		"a tunnel":            "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"bad signature":       "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: AWS4-HMAC-SHA256 Credential=////,\r\n\r\n",
		"bad JSON":            "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: CloudTrail_20131101.CreateTrail\r\nContent-Length: 3\r\n\r\n{[}",
	} {
		t.Run(name, func(t *testing.T) {
			answer := box.raw(t, bytes)
			if answer != "" && !strings.HasPrefix(answer, "HTTP/1.1 ") {
				t.Errorf("answered %.100q", answer)
			}
			box.works(t)
		})
	}
}

// A call to an unknown service is forwarded and recorded.
func TestUnknownService(t *testing.T) {
	box := serve(t, backend(t, loadtest.NewUpstream(t.TempDir())))
	status, answer := box.send(t, http.MethodPost, "/", "frobnication", strings.NewReader(`{"Depth":1}`), "X-Amz-Target", "Frobnication_20300101.Frobnicate")
	if status != http.StatusOK || !strings.Contains(answer, "QueueUrl") {
		t.Errorf("not the upstream's answer: %d %s", status, answer)
	}
	if names := box.names(t); len(names) != 1 || names[0] != "frobnication.amazonaws.com Frobnicate" {
		t.Errorf("recorded %q", names)
	}
}

// hugeBody is the length of the largest object of TestHugeObject: a GiB with
// TRAILKEEPER_LOAD, and less in the daily run.
func hugeBody() int64 {
	if os.Getenv("TRAILKEEPER_LOAD") != "" {
		return 1 << 30
	}
	return 128 << 20
}

// A huge object passes in a stream.
func TestHugeObject(t *testing.T) {
	var most atomic.Uint64
	var arrived atomic.Int64
	upstream := backend(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for r.Method == http.MethodPut {
			n, err := io.CopyN(io.Discard, r.Body, 32<<20)
			arrived.Add(n)
			most.Store(max(most.Load(), heap()))
			if err != nil {
				return
			}
		}
	}))
	box := serve(t, upstream)
	before, size := heap(), hugeBody()
	// Its length is not known before, as when a program writes while it uploads.
	body := io.LimitReader(zeros{}, size)
	if status, answer := box.send(t, http.MethodPut, "/objects/huge", "s3", body); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if arrived.Load() != size {
		t.Errorf("%d of %d bytes arrived", arrived.Load(), size)
	}
	if most.Load() > before+16<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, most.Load())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestHugeCallToCloudTrail(t *testing.T) {
	box := serve(t, backend(t, loadtest.NewUpstream(t.TempDir())))
	body := []byte(`{"Name":"` + strings.Repeat("x", 10<<20) + `"}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, box.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "CloudTrail_20131101.CreateTrail")
	if err := box.Admin().Sign(r, body, time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(answer), "at most 1048576 bytes") {
		t.Errorf("answered %d %s (%v)", resp.StatusCode, answer, err)
	}
	box.works(t)
}

// A call whose client did not wait for the answer is recorded, and so is one whose
// body broke off on the way to the upstream, which may have acted on it. One that
// broke off before anybody was sent a part of it is not.
func TestClientHangsUp(t *testing.T) {
	called, goOn := make(chan bool, 2), make(chan bool)
	upstream := backend(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut || r.Method == http.MethodDelete {
			called <- true
			_, _ = io.Copy(io.Discard, r.Body) // ends when the client leaves
			<-goOn
		}
	}))
	box := serve(t, upstream)
	for _, request := range []string{
		"DELETE /objects/whole HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"PUT /objects/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nxx",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(box.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		<-called
		conn.Close()
	}
	close(goOn)
	box.raw(t, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: CloudTrail_20131101.CreateTrail\r\nContent-Length: 1000\r\n\r\n{")
	names := box.names(t)
	slices.Sort(names)
	want := []string{"s3.amazonaws.com DeleteObject", "s3.amazonaws.com PutObject IncompleteBody"}
	if !slices.Equal(names, want) {
		t.Errorf("recorded %q, want %q", names, want)
	}
}

// The client gets an error for any fault of the upstream, and the sandbox continues.
func TestUpstreamInTrouble(t *testing.T) {
	trouble := map[string]func(conn net.Conn){
		"closes the connection": func(conn net.Conn) { conn.Close() },
		"says nothing":          func(net.Conn) {},
		"speaks no HTTP":        func(conn net.Conn) { io.WriteString(conn, "SSH-2.0-OpenSSH_9.9\r\n") },
		"breaks off": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			conn.Close()
		},
	}
	for name, behave := range trouble {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := listener.Addr().String()
			good := httptest.NewUnstartedServer(loadtest.NewUpstream(t.TempDir()))
			good.Listener.Close()
			good.Listener = listener
			good.Start()
			box := serve(t, "http://"+address, func(c *sandbox.Config) { c.UpstreamTimeout = 200 * time.Millisecond })
			box.works(t)
			good.Close()

			check := func(what string) {
				t.Helper()
				// Nobody has told yet whose this key is.
				status, answer := box.send(t, http.MethodPut, "/objects/lost", "s3", strings.NewReader("x"), "Authorization", "AWS AKIDNOBODY:00")
				if status != http.StatusBadGateway || !strings.Contains(answer, address) {
					t.Errorf("%s: answered %d %s", what, status, answer)
				}
			}
			check("down")
			end := misbehave(t, address, behave)
			check(name)
			end()

			again := httptest.NewUnstartedServer(loadtest.NewUpstream(t.TempDir()))
			again.Listener.Close()
			if again.Listener, err = net.Listen("tcp", address); err != nil {
				t.Fatal(err)
			}
			again.Start()
			defer again.Close()
			box.works(t)
		})
	}
}

// misbehave listens on an address and does the same to each connection until end.
func misbehave(t *testing.T, address string, behave func(net.Conn)) (end func()) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			behave(conn)
		}
	}()
	return func() {
		listener.Close()
		<-done
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	box := serve(t, backend(t, loadtest.NewUpstream(t.TempDir())))
	for _, header := range [][]string{
		{"Host", "evil.example"},
		{"Host", "127.0.0.1.evil.example:4580"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Sec-Fetch-Site", "cross-site"},
	} {
		for _, path := range []string{"/objects/stolen", "/_trailkeeper/health", "/_trailkeeper/advance?by=1h"} {
			if status, answer := box.send(t, http.MethodPost, path, "s3", nil, header...); status != http.StatusForbidden {
				t.Errorf("%s with %q: answered %d %s", path, header, status, answer)
			}
		}
	}
	if names := box.names(t); len(names) > 0 {
		t.Errorf("recorded %q", names)
	}
}

package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// recorded is what Capture reported of the only request of a test.
type recorded chan *exchange.Exchange

func (r recorded) done(x *exchange.Exchange) error {
	r <- x
	return nil
}

// capture puts Capture in front of a handler. Its channel has room for more than one
// Exchange so that a second one is noticed.
func capture(t *testing.T, h http.HandlerFunc) (*httptest.Server, recorded) {
	r := make(recorded, 2)
	return captured(t, serving(t, h), r.done), r
}

func packed(t *testing.T, plain string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, plain)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExchangeIsWhatPassed(t *testing.T) {
	long := strings.Repeat("x", requestLimit+1)
	for name, c := range map[string]struct {
		method, body, answer string
		header               http.Header
		request, response    exchange.Body
	}{
		"a small call": {
			method: "POST", body: "Action=A", answer: "<a/>",
			request:  exchange.Body{Bytes: []byte("Action=A"), Size: 8, Whole: true},
			response: exchange.Body{Bytes: []byte("<a/>"), Size: 4, Whole: true},
		},
		"nothing": {method: "GET", request: exchange.Body{Whole: true}, response: exchange.Body{Whole: true}},
		"too long to keep": {
			method: "PUT", body: long, answer: long,
			request: exchange.Body{Size: requestLimit + 1}, response: exchange.Body{Size: requestLimit + 1},
		},
		"just short enough": {
			method: "PUT", body: long[1:], answer: long[:answerLimit],
			request:  exchange.Body{Bytes: []byte(long[1:]), Size: requestLimit, Whole: true},
			response: exchange.Body{Bytes: []byte(long[:answerLimit]), Size: answerLimit, Whole: true},
		},
		"gzip": {
			method: "POST", body: packed(t, "plain"), answer: packed(t, "answer"), header: http.Header{"Content-Encoding": {"gzip"}},
			request:  exchange.Body{Bytes: []byte("plain"), Size: int64(len(packed(t, "plain"))), Whole: true},
			response: exchange.Body{Bytes: []byte("answer"), Size: int64(len(packed(t, "answer"))), Whole: true},
		},
		"no gzip, and too much of it": {
			method: "POST", body: "plain", answer: packed(t, long), header: http.Header{"Content-Encoding": {"gzip"}},
			request:  exchange.Body{Bytes: []byte("plain"), Size: 5, Whole: true},
			response: exchange.Body{Size: int64(len(packed(t, long)))},
		},
		"half of a gzip": {
			method: "POST", body: packed(t, "plain")[:12], answer: packed(t, "answer"), header: http.Header{"Content-Encoding": {"aws-chunked, GZIP"}},
			request:  exchange.Body{Size: 12},
			response: exchange.Body{Bytes: []byte("answer"), Size: int64(len(packed(t, "answer"))), Whole: true},
		},
		"a long upload from a form": {
			method: "POST", body: long, answer: "", header: http.Header{"Content-Type": {"multipart/form-data; boundary=b"}},
			request:  exchange.Body{Bytes: []byte(long[1:]), Size: requestLimit + 1},
			response: exchange.Body{Whole: true},
		},
	} {
		for _, chunked := range []bool{false, true} {
			p, calls := capture(t, func(w http.ResponseWriter, r *http.Request) {
				got, err := io.ReadAll(r.Body)
				if err != nil || string(got) != c.body {
					t.Errorf("%s: the body arrived as %.80q, %v", name, got, err)
				}
				if !chunked {
					w.Header().Set("Content-Length", fmt.Sprint(len(c.answer)))
				}
				w.Header()["Content-Encoding"] = c.header["Content-Encoding"]
				w.Header()["Date"] = nil
				io.WriteString(w, c.answer)
				w.(http.Flusher).Flush()
			})
			var body io.Reader = strings.NewReader(c.body)
			if chunked && c.body != "" {
				body = struct{ io.Reader }{body}
			}
			req, _ := http.NewRequest(c.method, p.URL+"/a%2Fb?c", body)
			req.Header = c.header.Clone()
			if req.Header == nil {
				req.Header = http.Header{}
			}
			req.Header.Set("Accept-Encoding", "identity")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(resp.Body); err != nil || string(got) != c.answer {
				t.Errorf("%s: the answer arrived as %.80q, %v", name, got, err)
			}
			x := <-calls
			for what, pair := range map[string][2]exchange.Body{"request": {x.Request, c.request}, "answer": {x.Response, c.response}} {
				got, want := pair[0], pair[1]
				if !bytes.Equal(got.Bytes, want.Bytes) || got.Size != want.Size || got.Whole != want.Whole {
					t.Errorf("%s, chunked %t: %s of %d bytes (whole %t) kept as %d bytes: %.40q", name, chunked, what, got.Size, got.Whole, len(got.Bytes), got.Bytes)
				}
			}
			if x.Method != c.method || x.URL.RequestURI() != "/a%2Fb?c" || x.Host != req.URL.Host || x.RemoteIP != "127.0.0.1" ||
				x.Status != 200 || x.Failed || x.Arrived.IsZero() || x.Header.Get("User-Agent") == "" {
				t.Errorf("%s: captured %+v", name, x)
			}
			if _, ok := x.ResponseHeader["Date"]; ok {
				t.Errorf("%s: headers that were not sent are captured: %v", name, x.ResponseHeader)
			}
		}
	}
}

// An answer is at its end for the client only when it is recorded.
func TestAnswerEndsAfterItIsRecorded(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"short":     func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "short") },
		"no body":   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"no answer": func(w http.ResponseWriter, r *http.Request) {},
		"long": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(100*chunk))
			for range 100 {
				w.Write(make([]byte, chunk))
			}
		},
		"flushed": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "a piece")
			w.(http.Flusher).Flush()
		},
		"flushed without a body": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotModified)
			w.(http.Flusher).Flush()
		},
		"flushed with a length": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "3")
			io.WriteString(w, "all")
			w.(http.Flusher).Flush()
		},
	} {
		for _, request := range []string{
			"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		} {
			method, _, _ := strings.Cut(request, " ")
			recording, recordedIt := make(chan struct{}), make(chan struct{})
			p := captured(t, serving(t, handle), func(*exchange.Exchange) error {
				close(recording)
				<-recordedIt
				return nil
			})
			answered := make(chan error)
			go func() {
				_, _, err := ask(t, p.URL, method, request)
				answered <- err
			}()
			<-recording
			select {
			case err := <-answered:
				t.Errorf("%s, %.12q: answered before it was recorded (%v)", name, request, err)
			case <-time.After(20 * time.Millisecond): // time for an answer that must not come
			}
			close(recordedIt)
			if err := <-answered; err != nil {
				t.Errorf("%s, %.12q: %v", name, request, err)
			}

			unwritable := captured(t, serving(t, handle), func(*exchange.Exchange) error { return errors.New("no space left") })
			resp, body, err := ask(t, unwritable.URL, method, request)
			if err == nil && resp.StatusCode != http.StatusInternalServerError {
				t.Errorf("%s, %.12q: not recorded, but answered %s", name, request, resp.Status)
			}
			if name == "short" && method == "GET" && !strings.Contains(body, "no space left") {
				t.Errorf("got %q, %v", body, err)
			}
		}
	}
}

func TestEveryEndIsCapturedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		failed bool
		status int
	}{
		"a panic":            {func(w http.ResponseWriter, r *http.Request) { panic("a mistake") }, true, 200},
		"a late panic":       {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); panic("a mistake") }, true, 201},
		"an abort":           {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); panic(http.ErrAbortHandler) }, false, 201},
		"nothing":            {func(w http.ResponseWriter, r *http.Request) {}, false, 200},
		"two statuses":       {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204); w.WriteHeader(500) }, false, 204},
		"the body is unread": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(403) }, false, 403},
	} {
		p, calls := capture(t, c.handle)
		say(t, p.URL, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
		p.Close() // when all handlers are through
		if len(calls) != 1 {
			t.Errorf("%s: captured %d times", name, len(calls))
			continue
		}
		if x := <-calls; x.Failed != c.failed || x.Status != c.status {
			t.Errorf("%s: captured status %d, failed %t", name, x.Status, x.Failed)
		}
	}
}

func TestCallGoesOnWhenItsClientHangsUp(t *testing.T) {
	begun, gone := make(chan struct{}), make(chan struct{})
	up := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		close(begun)
		<-gone
		io.WriteString(w, "<CreateAccessKeyResult/>")
	}))
	calls := make(recorded, 2)
	p := captured(t, before(t, up.URL), calls.done)
	ctx, hangUp := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "POST", p.URL, strings.NewReader("Action=CreateAccessKey"))
	go func() {
		<-begun
		hangUp()
	}()
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	close(gone)
	if x := <-calls; x.Failed || x.Status != 200 || string(x.Response.Bytes) != "<CreateAccessKeyResult/>" || !x.Response.Whole {
		t.Errorf("captured %+v", x)
	}
}

// The upstream was sent a part of the request and may have acted on it.
func TestRequestThatBreaksOffIsACall(t *testing.T) {
	up := upstream(t, empty)
	calls := make(recorded, 2)
	p := captured(t, before(t, up.URL), calls.done)
	for _, request := range []string{
		"PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
		"PUT /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nno chunk\r\n",
	} {
		say(t, p.URL, request)
		if x := <-calls; x.Failed || x.Request.Whole || x.Status != http.StatusBadRequest {
			t.Errorf("%q: captured %+v", request, x)
		}
	}
}

func TestClientThatLeavesALongAnswerEndsIt(t *testing.T) {
	up := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // endless
			w.Write(make([]byte, chunk))
		}
	}))
	calls := make(recorded, 2)
	p := captured(t, before(t, up.URL), calls.done)
	c := dialed(t, p.URL)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	io.CopyN(io.Discard, c, 1<<20)
	c.Close()
	if x := <-calls; x.Failed || x.Status != 200 || x.Response.Whole || x.Response.Size < 1<<20 {
		t.Errorf("captured %+v", x)
	}
}

func TestCaptureTellsTLS(t *testing.T) {
	calls := make(recorded, 2)
	h := Capture(http.NotFoundHandler(), time.Now, func(_ context.Context, x *exchange.Exchange) error { return calls.done(x) })
	p := httptest.NewTLSServer(h)
	defer p.Close()
	if _, err := p.Client().Get(p.URL); err != nil {
		t.Fatal(err)
	}
	if x := <-calls; x.TLS == nil || x.TLS.Version == 0 || x.Status != http.StatusNotFound {
		t.Errorf("captured %+v", x)
	}
}

// Connections that announce a lot and send nothing must not cost what
// they announce.
func TestAnnouncedBodiesTakeNoMemory(t *testing.T) {
	var served atomic.Int64
	p := captured(t, serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		r.Body.Read(make([]byte, 1))
	})), func(*exchange.Exchange) error { return nil })
	before := heap()
	var open []net.Conn
	for range 100 {
		c := dialed(t, p.URL)
		fmt.Fprintf(c, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", requestLimit)
		open = append(open, c)
	}
	for served.Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	if after := heap(); after > before+100*requestLimit/4 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	for _, c := range open {
		c.Close()
	}
}

package proxy

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// FuzzRequest sends any bytes: what reaches the upstream is what was sent, and the
// proxy goes on serving.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /a//b?c=%2F HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"PUT /{} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "GET // HTTP/1.0\r\n\r\n", "\x00", "GET",
		"GET http://a/b HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: Host\r\n\r\n", "A B C\r\n\r\n", "GET A:0 HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	up := upstream(f, empty)
	p := captured(f, before(f, up.URL), func(*exchange.Exchange) error { return nil })
	f.Fuzz(func(t *testing.T, raw []byte) {
		sent, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		sole := err == nil && bytes.Count(raw, []byte("HTTP/1.")) == 1
		up.forget()
		answer := say(t, p.URL, string(raw))
		if answer != "" && !strings.HasPrefix(answer, "HTTP/1.") {
			t.Errorf("answered %q", answer)
		}
		if arrived := up.all(); sole && len(arrived) == 1 && strings.HasPrefix(answer, "HTTP/1.1 200") {
			body, _ := io.ReadAll(sent.Body)
			compare(t, sent, body, arrived[0])
		}
		if resp, body, err := ask(t, p.URL, "GET", "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil || resp.StatusCode != 200 {
			t.Errorf("the next request: %v %s %v", resp, body, err)
		}
	})
}

// compare finds differences between a request and what arrived of it.
func compare(t *testing.T, sent *http.Request, body []byte, arrived string) {
	t.Helper()
	got, err := http.ReadRequest(bufio.NewReader(strings.NewReader(arrived)))
	if err != nil {
		t.Fatalf("%q arrived: %v", arrived, err)
	}
	if got.Method != sent.Method || got.Host != sent.Host && sent.Host != "" {
		t.Errorf("%s to %q arrived as %s to %q", sent.Method, sent.Host, got.Method, got.Host)
	}
	// Only of these the spelling may change; see target.
	respelled := (sent.URL.Host != "" || strings.HasPrefix(sent.RequestURI, "//")) &&
		got.URL.Path == sent.URL.Path && got.URL.RawQuery == sent.URL.RawQuery
	if got.RequestURI != sent.RequestURI && !respelled {
		t.Errorf("%q arrived as %q", sent.RequestURI, got.RequestURI)
	}
	dropConnectionHeaders(sent.Header)
	if sent.Header.Get("Content-Length") == "" && got.Header.Get("Content-Length") == "0" {
		got.Header.Del("Content-Length") // which net/http adds to a POST
	}
	if !maps.EqualFunc(got.Header, sent.Header, slices.Equal) {
		t.Errorf("headers %q arrived as %q", sent.Header, got.Header)
	}
	_, arrivedBody, _ := strings.Cut(arrived, "\r\n\r\n")
	if arrivedBody != string(body) {
		t.Errorf("body %q arrived as %q", body, arrivedBody)
	}
}

package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	const origin, site = "Origin", "Sec-Fetch-Site"
	for _, c := range []struct {
		host    string
		header  []string
		refusal string // what the refusal says; "" if there must be none
	}{
		{host: "localhost"},
		{host: "localhost:4580"},
		{host: "LOCALHOST.:4580"},
		{host: "bucket.with.dots.localhost:4580"},
		{host: "127.0.0.1:4580"},
		{host: "127.9.8.7"},
		{host: "[::1]:4580"},
		{host: "[::1]"},
		{host: "[::ffff:127.0.0.1]:1"},
		{host: "sandbox:4580"},
		{host: "bucket.sandbox:4580"},
		{host: "10.1.2.3:4580"},
		{host: "evil.example", refusal: "--allow-host evil.example"},
		{host: "evil.example:4580", refusal: "--allow-host evil.example"},
		{host: "127.0.0.1.evil.example", refusal: "--allow-host 127.0.0.1.evil.example"},
		{host: "localhost.evil.example", refusal: "--allow-host"},
		{host: "evillocalhost", refusal: "--allow-host"},
		{host: "notsandbox", refusal: "--allow-host"},
		{host: "x.10.1.2.4", refusal: "--allow-host"},
		{host: "s3.amazonaws.com", refusal: "--allow-host"},
		{host: "0.0.0.0:4580", refusal: "--allow-host"},
		{host: "169.254.169.254", refusal: "--allow-host"},
		{host: "2130706433", refusal: "--allow-host"},
		{host: "127.1", refusal: "--allow-host"},
		{host: "localhost@evil.example", refusal: "--allow-host"},
		{host: "", refusal: "--allow-host"},
		{host: "localhost", header: []string{origin, "http://localhost:3000"}},
		{host: "127.0.0.1:4580", header: []string{origin, "http://localhost:3000", site, "cross-site"}},
		{host: "localhost", header: []string{origin, "https://[::1]"}},
		{host: "localhost", header: []string{site, "none"}},
		{host: "localhost", header: []string{site, "same-origin"}},
		{host: "localhost", header: []string{origin, "https://evil.example"}, refusal: "https://evil.example"},
		{host: "localhost", header: []string{origin, "null"}, refusal: "null"},
		{host: "localhost", header: []string{origin, ""}, refusal: "not local"},
		{host: "localhost", header: []string{origin, "localhost"}, refusal: "not local"},
		{host: "localhost", header: []string{origin, "http://localhost:1", origin, "https://evil.example"}, refusal: "evil.example"},
		{host: "localhost", header: []string{origin, "http://localhost@evil.example"}, refusal: "evil.example"},
		{host: "localhost", header: []string{site, "cross-site"}, refusal: "elsewhere"},
		{host: "evil.example", header: []string{origin, "http://evil.example", site, "same-origin"}, refusal: "--allow-host"}, // after rebinding
	} {
		passed := false
		h := Guard([]string{"Sandbox", "10.1.2.3"}, true, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true }))
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = c.host
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Add(c.header[i], c.header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if want := c.refusal == ""; passed != want {
			t.Errorf("host %q, %q: passed %t", c.host, c.header, passed)
		}
		if c.refusal != "" && (w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), c.refusal)) {
			t.Errorf("host %q, %q: refused with %d %s", c.host, c.header, w.Code, w.Body)
		}
	}
}

// In front of an upstream that goes by the path alone, a bucket in the host would
// be recorded and another one served.
func TestGuardRefusesBucketsByHost(t *testing.T) {
	for host, passes := range map[string]bool{
		"localhost": true, "LOCALHOST.:4580": true, "sandbox:1": true, "127.0.0.1:4580": true, "[::1]:1": true, "10.1.2.3": true,
		"bucket.localhost": false, "a.b.localhost:4580": false, "bucket.sandbox": false, "x.10.1.2.3": false, "s3.us-east-1.localhost": false,
	} {
		passed := false
		h := Guard([]string{"Sandbox", "10.1.2.3"}, false, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true }))
		r := httptest.NewRequest("GET", "/other/key", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if passed != passes || !passes && !strings.Contains(w.Body.String(), "--upstream-virtual-hosts") {
			t.Errorf("host %q: passed %t, answered %d %s", host, passed, w.Code, w.Body)
		}
	}
}

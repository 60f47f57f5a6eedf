package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// normal is a request's bytes with headers in a fixed order and one spelling.
func normal(request string) string {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	for i, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		lines[i+1] = http.CanonicalHeaderKey(name) + ": " + strings.TrimSpace(value)
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body
}

func TestRequestsArriveUnchanged(t *testing.T) {
	up := upstream(t, empty)
	p := before(t, up.URL)
	for _, target := range []string{
		"/", "/?", "/a/b", "//a//b/", "//", "/a/../b/./c", "/%2F%2e%2E/%41", "/a+b c"[:4], "/a%20b?x=a+b&x=%20&&=;", "/?list-type=2&prefix=a/b",
		"/?Action=X#y", "/a{b}|^`\"<>\\", "/\xc3\xbc?\xff=\xc3", "/b/k?versionId=null&uploadId", "/*", "/a?b?c", "/x:y@z", "/a;b=c,d",
		"//bucket/key%2Fwith%20space?tagging", "/a=" + strings.Repeat("x", 60_000),
	} {
		request := "GET " + target + " HTTP/1.1\r\nHost: b.localhost:4580\r\n\r\n"
		say(t, p.URL, request)
		if got := up.last(t); normal(got) != normal(request) {
			t.Errorf("%.80q arrived as %.200q", request, got)
		}
	}
	for name, request := range map[string]string{
		"all kinds of headers": "GET /b HTTP/1.1\r\nHost: x\r\nx-amz-date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=a/b/c, Signature=d\r\n" +
			"X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX-Two: a\r\nX-Two: b\r\nX-Inner:  a   b \r\nX-Empty:\r\nCookie: a=b\r\nVia: 1.0 x\r\nUser-Agent: aws-cli/2 md/x\r\n\r\n",
		"no user agent":                       "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"an encoding of its own":              "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity\r\n\r\n",
		"a range":                             "GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=0-3\r\nIf-Match: \"x\"\r\n\r\n",
		"a body":                              "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"a GET with a body":                   "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"a DELETE with a body":                "DELETE / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"a chunked body":                      "PUT /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Encoding: aws-chunked\r\nX-Amz-Trailer: x-amz-checksum-crc32\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"an empty POST":                       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"a GET that says that it has no body": "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"a DELETE that says so":               "DELETE / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"a HEAD":                              "HEAD /k HTTP/1.1\r\nHost: x\r\n\r\n",
		"a strange method":                    "PROPFIND /k HTTP/1.1\r\nHost: x\r\n\r\n",
		"a strange host":                      "GET / HTTP/1.1\r\nHost: b_u--cket.S3.LocalHost:1\r\n\r\n",
		"a long header":                       "GET / HTTP/1.1\r\nHost: x\r\nX-Amz-Security-Token: " + strings.Repeat("t", 100_000) + "\r\n\r\n",
	} {
		say(t, p.URL, request)
		want := normal(request)
		if strings.Contains(name, "chunked") {
			want = strings.Replace(want, "3\r\nabc\r\n0\r\n\r\n", "abc", 1) // the wire joins chunks
		}
		if got := up.last(t); normal(got) != want {
			t.Errorf("%s: %.400q arrived as %.400q", name, request, got)
		}
	}
}

func TestConnectionHeadersStayOnTheirConnection(t *testing.T) {
	up := upstream(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-B\r\nX-B: b\r\nKeep-Alive: 5\r\nX-C: c\r\n\r\n")
	p := before(t, up.URL)
	answer := say(t, p.URL, "GET http://x/a%2Fb?c HTTP/1.1\r\nHost: y\r\nConnection: keep-alive, X-A, Upgrade, HTTP2-Settings\r\n"+
		"Keep-Alive: 1\r\nX-A: 1\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nTE: trailers\r\nX-D: d\r\n\r\n")
	if got, want := normal(up.last(t)), normal("GET /a%2Fb?c HTTP/1.1\r\nHost: x\r\nX-D: d\r\n\r\n"); got != want {
		t.Errorf("the request arrived as %q", got)
	}
	if !strings.Contains(answer, "X-C: c") || strings.Contains(answer, "X-B") || strings.Contains(answer, "Keep-Alive") {
		t.Errorf("the answer arrived as %q", answer)
	}
}

func TestAnswersComeBackUnchanged(t *testing.T) {
	for _, c := range []struct{ method, answer, want string }{
		{"GET", empty, ""},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \"x\"\r\nx-amz-request-id: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nabc", ""},
		{"GET", "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: x\r\nContent-Type: application/xml\r\nContent-Length: 4\r\n\r\n<a/>", ""},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8bx", ""},
		{"GET", "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n", ""},
		{"GET", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nhi", ""},
		{"GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", ""},
		{"GET", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", ""},
		{"DELETE", "HTTP/1.1 204 No Content\r\nX-Amz-Version-Id: 1\r\n\r\n", ""},
		{"GET", "HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\n\r\n", ""},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 12345678901\r\nLast-Modified: x\r\n\r\n", ""},
		{"HEAD", "HTTP/1.1 404 Not Found\r\n\r\n", ""},
		{"GET", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
		{"GET", "HTTP/1.1 200 OK\r\n\r\nup to the end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\nup to the end\r\n0\r\n\r\n"},
		{
			"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: t\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: t\r\n\r\n",
		},
		{
			"GET", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		},
	} {
		if c.want == "" {
			c.want = c.answer
		}
		for _, capture := range []bool{false, true} {
			up := upstream(t, c.answer)
			p := before(t, up.URL)
			if capture {
				p = captured(t, p, func(*exchange.Exchange) error { return nil })
			}
			got := say(t, p.URL, c.method+" / HTTP/1.1\r\nHost: x\r\n\r\n")
			if normal(got) != normal(c.want) {
				t.Errorf("captured %t: %q came back as %q", capture, c.answer, got)
			}
		}
	}
}

func TestMetadataKeepsItsSpelling(t *testing.T) {
	up := upstream(t, "HTTP/1.1 200 OK\r\nx-amz-meta-signature-algorithm: SHA256withRSA\r\nContent-Length: 0\r\n\r\n")
	if answer := say(t, before(t, up.URL).URL, "HEAD /b/k HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.Contains(answer, "\r\nx-amz-meta-signature-algorithm: ") {
		t.Errorf("got %q", answer)
	}
}

func TestBodiesStream(t *testing.T) {
	asked, answered := make(chan string), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 100)
		for {
			n, err := r.Body.Read(piece)
			if n > 0 {
				asked <- string(piece[:n])
			}
			if err != nil {
				break
			}
		}
		fmt.Fprint(w, "first")
		w.(http.Flusher).Flush()
		<-answered
		fmt.Fprint(w, "second")
	}))
	defer up.Close()
	p := captured(t, before(t, up.URL), func(*exchange.Exchange) error { return nil })
	body, sender := io.Pipe()
	got := make(chan *http.Response)
	go func() {
		resp, err := http.Post(p.URL, "", body)
		if err != nil {
			t.Error(err)
		}
		got <- resp
	}()
	for _, piece := range []string{"one", "two"} {
		io.WriteString(sender, piece)
		if arrived := <-asked; arrived != piece {
			t.Errorf("%q arrived as %q", piece, arrived)
		}
	}
	sender.Close()
	resp := <-got
	first := make([]byte, len("first"))
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "first" {
		t.Errorf("the first piece of the answer: %q, %v", first, err)
	}
	close(answered)
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != "second" {
		t.Errorf("the rest of the answer: %q, %v", rest, err)
	}
}

func TestBodyWaitsForTheUpstreamToAskForIt(t *testing.T) {
	refuses := true
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuses {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		io.Copy(w, r.Body)
	}))
	defer up.Close()
	p := before(t, up.URL)
	request := "PUT /k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	if resp, _, err := ask(t, p.URL, "PUT", request); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("an upstream that refuses: %v, %v", resp, err)
	}
	refuses = false
	c := dialed(t, p.URL)
	defer c.Close()
	io.WriteString(c, request)
	r := bufio.NewReader(c)
	if line, err := r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("before the body: %q, %v", line, err)
	}
	io.WriteString(c, "hello")
	if line, err := r.ReadString('\n'); err != nil || line != "\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestUpstreamsThatFailAreNamed(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, c := range map[string]struct {
		upstream string
		says     string
		failed   bool
	}{
		"down":                 {closed.URL, "connection refused", true},
		"unknown":              {"http://nowhere.invalid:1", "gave no answer", true},
		"it hangs up":          {upstream(t, "").URL, "EOF", false},
		"garbage":              {upstream(t, "\x00\xff garbage\r\n\r\n").URL, "malformed", false},
		"a bad header":         {upstream(t, "HTTP/1.1 200 OK\r\nno header\r\n\r\n").URL, "malformed", false},
		"a bad length":         {upstream(t, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").URL, "bad Content-Length", false},
		"an impossible status": {upstream(t, "HTTP/1.1 042 OK\r\n\r\n").URL, "042", false},
		"another protocol":     {upstream(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n").URL, "101", false},
		"half a header":        {upstream(t, "HTTP/1.1 200 OK\r\nContent-").URL, "malformed", false},
		"a long header":        {upstream(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2<<20)+"\r\n\r\n").URL, "header", false},
		"half an answer":       {upstream(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").URL, "broke off its answer", false},
	} {
		t.Run(name, func(t *testing.T) {
			var x *exchange.Exchange
			p := captured(t, before(t, c.upstream), func(got *exchange.Exchange) error { x = got; return nil })
			resp, body, err := ask(t, p.URL, "POST", "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: A.B\r\nContent-Length: 2\r\n\r\n{}")
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusBadGateway || !strings.Contains(body, c.says) || !strings.Contains(body, "the upstream "+c.upstream) {
				t.Errorf("got %s: %s", resp.Status, body)
			}
			if x == nil || x.Failed != c.failed {
				t.Errorf("captured %+v", x)
			}
		})
	}
}

func TestTimeoutEnds(t *testing.T) {
	over := make(chan struct{})
	slow := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-over }))
	t.Cleanup(func() { close(over) })
	// deaf takes connections and never reads from them.
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { deaf.Close() })
	for name, upstream := range map[string]string{"it does not answer": slow.URL, "it does not read": "http://" + deaf.Addr().String()} {
		u, err := url.Parse(upstream)
		if err != nil {
			t.Fatal(err)
		}
		p := serving(t, Forward(u, 100*time.Millisecond))
		resp, err := http.Post(p.URL, "", strings.NewReader(strings.Repeat("x", 32<<20)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "timeout") {
			t.Errorf("%s: %s: %s", name, resp.Status, body)
		}
	}
}

func TestErrorsSpeakTheClientsProtocol(t *testing.T) {
	signed := "Authorization: AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=0"
	for _, c := range []struct{ headers, contentType, body string }{
		{"X-Amz-Target: Logs_20140328.DescribeLogGroups", "application/json", `{"__type":"BadGateway","message":"the`},
		{fmt.Sprintf(signed, "lambda"), "application/json", `{"__type":"BadGateway","message":"the`},
		{fmt.Sprintf(signed, "s3"), "text/xml", "<Error><Code>BadGateway</Code><Message>the"},
		{"Accept: */*", "text/xml", "<Error><Code>BadGateway</Code><Message>the"},
		{fmt.Sprintf(signed, "iam") + "\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8", "text/xml", "<ErrorResponse><Error><Code>BadGateway</Code>"},
		{"Smithy-Protocol: rpc-v2-cbor", "application/cbor", "\xa2f__typejBadGatewaygmessage"},
	} {
		p := before(t, "http://nowhere.invalid")
		resp, body, err := ask(t, p.URL, "POST", "POST / HTTP/1.1\r\nHost: x\r\n"+c.headers+"\r\nContent-Length: 0\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		if resp.Header.Get("Content-Type") != c.contentType || !strings.Contains(body, c.body) {
			t.Errorf("%s: %v %s", c.headers, resp.Header, body)
		}
	}
}

package s3archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
)

// hold keeps a request until its client has gone.
func hold(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(time.Minute):
	}
}

// cut promises a whole body, sends part of it, and drops the connection.
func cut(w http.ResponseWriter, contentType, body string, sent int) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("ETag", etagOf(body))
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	io.WriteString(w, body[:sent])
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// Whatever passes is passed over: the listing and the bytes are as if nothing was.
func TestPassingFaults(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<14)
	firstOf := func(fault http.HandlerFunc) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n < 3 {
				fault(w, r)
			}
			return n < 3
		}
	}
	isList := func(r *http.Request) bool { return r.URL.Query().Has("list-type") }
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, int) bool{
		"none": nil,
		"throttled": firstOf(func(w http.ResponseWriter, _ *http.Request) {
			apiError(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
		}),
		"internal error": firstOf(func(w http.ResponseWriter, _ *http.Request) {
			apiError(w, http.StatusInternalServerError, "InternalError", "We encountered an internal error.")
		}),
		"error page of a proxy": firstOf(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html lang=en>bad gateway", http.StatusBadGateway)
		}),
		"connection dropped": firstOf(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"no answer":          firstOf(func(_ http.ResponseWriter, r *http.Request) { hold(r) }),
		"answer cut": firstOf(func(w http.ResponseWriter, r *http.Request) {
			if isList(r) {
				cut(w, "application/xml", "<ListBucketResult><Contents><Key>big.json</Key></Contents></ListBucketResult>", 40)
			}
			cut(w, "application/octet-stream", big, 1)
		}),
		"answer stalls": firstOf(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("ETag", etagOf(big))
			w.WriteHeader(http.StatusOK)
			http.NewResponseController(w).Flush()
			hold(r)
		}),
		"XML cut without a length": firstOf(func(w http.ResponseWriter, r *http.Request) {
			if isList(r) {
				io.WriteString(w, "<ListBucketResult><Contents>")
				return
			}
			panic(http.ErrAbortHandler)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.objects["big.json"] = big
			f.fault = fault
			opts := quickOptions()
			// A busy machine may be late to count a request, or to answer it.
			opts.StallTimeout, opts.MaxAttempts = 500*time.Millisecond, 20
			s := f.source(t, "s3://b", opts)
			got, err := listed(t, s, archive.Filter{})
			if diff := cmp.Diff([]string{"big.json"}, got); diff != "" || err != nil {
				t.Errorf("list: %v (-want +got):\n%s", err, diff)
			}
			if data, err := readAll(t, s, "big.json"); data != big || err != nil {
				t.Errorf("read %d bytes, %v", len(data), err)
			}
		})
	}
}

func readAll(t *testing.T, s *Source, key string) (string, error) {
	t.Helper()
	r, err := s.Open(t.Context(), archive.Object{Key: key})
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), err
}

// A body that breaks again and again goes on where it was.
func TestBodyResumes(t *testing.T) {
	data := strings.Repeat("0123456789", 1000)
	for _, ranges := range []bool{true, false} {
		f := newFake(t)
		f.objects["x.json"] = data
		var asked []string
		f.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			from := 0
			if n > 1 {
				asked = append(asked, r.Header.Get("Range")+" "+r.Header.Get("If-Match"))
				if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err != nil {
					t.Error(err)
				}
			}
			if !ranges {
				if n < 6 {
					cut(w, "", data, 1000*n)
				}
				r.Header.Del("Range")
				return false
			}
			if n < 6 {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
				cut(w, "", data[from:], 1000)
			}
			return false
		}
		got, err := readAll(t, f.source(t, "s3://b", quickOptions()), "x.json")
		if got != data || err != nil {
			t.Errorf("ranges %v: read %d bytes, %v", ranges, len(got), err)
		}
		var want []string
		for n := 1; n < 6; n++ {
			want = append(want, fmt.Sprintf("bytes=%d- %s", 1000*n, etagOf(data)))
		}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("ranges %v: asked for (-want +got):\n%s", ranges, diff)
		}
	}
}

func TestBodyChangedOrLost(t *testing.T) {
	const data = "0123456789"
	for name, test := range map[string]struct {
		after func(f *fake)
		want  string
	}{
		"changed": {func(f *fake) { f.objects["x.json"] = "another" }, "read s3://b/x.json: object changed while it was read"},
		"deleted": {func(f *fake) { delete(f.objects, "x.json") }, "read s3://b/x.json: object does not exist"},
		"dropped": {func(f *fake) {
			f.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				w.Header().Set("Content-Range", "bytes 4-9/10")
				cut(w, "", data[4:], 0)
				return true
			}
		}, "read s3://b/x.json: connection broke off: unexpected EOF (tried 4 times)"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.objects["x.json"] = data
			f.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				test.after(f)
				cut(w, "", data, 4)
				return true
			}
			if name != "dropped" {
				first := f.fault
				f.fault = func(w http.ResponseWriter, r *http.Request, n int) bool { return n == 1 && first(w, r, n) }
			}
			got, err := readAll(t, f.source(t, "s3://b", quickOptions()), "x.json")
			if err == nil || err.Error() != test.want || !strings.HasPrefix(data, got) {
				t.Errorf("read %q, error %v; want %s", got, err, test.want)
			}
		})
	}
}

// Bytes come as they are stored, and the reader never offers to pay.
func TestRequestsAreModest(t *testing.T) {
	f := newFake(t, "x.json.gz")
	f.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !r.URL.Query().Has("list-type") {
			w.Header().Set("Content-Encoding", "gzip")
		}
		return false
	}
	s := f.source(t, "s3://b", quickOptions())
	if _, err := listed(t, s, archive.Filter{}); err != nil {
		t.Error(err)
	}
	if data, err := readAll(t, s, "x.json.gz"); data != "x.json.gz" || err != nil {
		t.Errorf("read %q, %v", data, err)
	}
	requests := f.requests()
	if len(requests) != 2 {
		t.Errorf("%d requests, want 2", len(requests))
	}
	for _, h := range requests {
		if h.Get("X-Amz-Request-Payer") != "" || h.Get("Authorization") == "" {
			t.Errorf("headers %v", h)
		}
	}
}

// The bucket's Region is learned from the first answer, and asked from then on.
func TestFollowsRegion(t *testing.T) {
	for code, status := range map[string]int{"PermanentRedirect": 301, "AuthorizationHeaderMalformed": 400} {
		f := newFake(t, "a.json")
		redirects := 0
		f.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
			w.Header().Set("X-Amz-Bucket-Region", "eu-central-1")
			if strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/s3/") {
				return false
			}
			redirects++
			apiError(w, status, code, "wrong region")
			return true
		}
		s := f.source(t, "s3://b", quickOptions())
		got, err := listed(t, s, archive.Filter{})
		if diff := cmp.Diff([]string{"a.json"}, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", code, err, diff)
		}
		if data, err := readAll(t, s, "a.json"); data != "a.json" || err != nil {
			t.Errorf("%s: read %q, %v", code, data, err)
		}
		if redirects != 1 {
			t.Errorf("%s: %d requests to the wrong Region", code, redirects)
		}
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	f := newFake(t, "a.json")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.fault = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		cancel()
		hold(r)
		return true
	}
	s := f.source(t, "s3://b", quickOptions())
	err := s.List(ctx, archive.Filter{}, func(archive.Object) error { return nil })
	if !errors.Is(err, context.Canceled) || err.Error() != "list s3://b: context canceled" {
		t.Errorf("list: %v", err)
	}
	if _, err := s.Open(ctx, archive.Object{Key: "a.json"}); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v", err)
	}
}

func TestNew(t *testing.T) {
	newFake(t)
	for uri, want := range map[string]string{
		"s3://b": "s3://b", "s3://b/": "s3://b", "s3://b/p/q": "s3://b/p/q", "s3://b/p/q/": "s3://b/p/q",
	} {
		s, err := New(t.Context(), uri, Options{})
		if err != nil || s.URI() != want {
			t.Errorf("%s: %v, %v", uri, s, err)
		}
	}
	for _, uri := range []string{"", "b", "s3://", "s3:///p", "s3:/b", "S3://b", "https://b.s3.amazonaws.com/p"} {
		if _, err := New(t.Context(), uri, Options{}); err == nil || !strings.Contains(err.Error(), "not of the form s3://BUCKET/PREFIX") {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

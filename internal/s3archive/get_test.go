package s3archive

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
)

// signatureOf signs a received request again, as a service does to check it.
func signatureOf(t *testing.T, r *http.Request) string {
	t.Helper()
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Error(err)
	}
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	signed := strings.Split(list, ";")
	again := r.Clone(r.Context())
	again.URL.Host, again.ContentLength = r.Host, 0
	for name := range again.Header {
		if !slices.Contains(signed, strings.ToLower(name)) {
			again.Header.Del(name)
		}
	}
	key := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: r.Header.Get("X-Amz-Security-Token")}
	err = v4.NewSigner().SignHTTP(t.Context(), key, again, r.Header.Get("X-Amz-Content-Sha256"), "s3", "eu-west-1", date,
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err != nil {
		t.Error(err)
	}
	return again.Header.Get("Authorization")
}

// A repeated request differs from one of the SDK only in its key and in what belongs to
// one request, and its signature is right.
func TestRepeatedRequests(t *testing.T) {
	keys := []string{"first.json.gz", "a b+c/d=e&f?g#h%20i.json.gz", "ü/日本.json.gz", "a//b/../c.json.gz", "AWSLogs/1/CloudTrail/x~_-.(1)!'*.json.gz"}
	f := newFake(t, keys...)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "token")
	f.fault = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if want, got := signatureOf(t, r), r.Header.Get("Authorization"); got != want {
			t.Errorf("%s: signed %s, want %s", r.URL, got, want)
		}
		return false
	}
	s := f.source(t, "s3://b", Options{Region: "eu-west-1"})
	for _, key := range keys {
		if data, err := readAll(t, s, key); data != key || err != nil {
			t.Errorf("%s: read %q, %v", key, data, err)
		}
	}
	requests := f.requests()
	if len(requests) != len(keys) {
		t.Fatalf("%d requests for %d objects", len(requests), len(keys))
	}
	for _, h := range requests {
		for _, name := range []string{"Authorization", "X-Amz-Date", "Amz-Sdk-Invocation-Id"} {
			h.Del(name)
		}
		if diff := cmp.Diff(requests[0], h); diff != "" {
			t.Errorf("headers (-first +repeated):\n%s", diff)
		}
	}
}

// The attributes of an object are the same, whichever way it is read.
func TestRepeatedAttributes(t *testing.T) {
	f := newFake(t, "a.json", "b.json")
	f.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		for name, value := range map[string]string{
			"ETag": `"e"`, "Last-Modified": "Wed, 28 Jan 2026 10:00:00 GMT", "x-amz-meta-Signature": " 0a ", "x-amz-meta-other-name": "x",
			"x-amz-version-id": "v1", "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-legal-hold": "ON",
			"x-amz-object-lock-retain-until-date": "2030-01-01T00:00:00.000Z",
		} {
			w.Header().Set(name, value)
		}
		return false
	}
	f.objects["b.json"] = f.objects["a.json"]
	s := f.source(t, "s3://b", quickOptions())
	var got []archive.Attributes
	for _, key := range []string{"a.json", "b.json"} {
		body, attributes, err := s.Fetch(t.Context(), archive.Object{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		body.Close()
		got = append(got, attributes)
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" || got[0].Metadata["signature"] != "0a" || got[0].RetainUntil.IsZero() || got[0].Modified.IsZero() {
		t.Errorf("attributes %+v (-first +repeated):\n%s", got[0], diff)
	}
}

// What fails after a request that succeeded is tried as often as what fails first, and
// is the same error.
func TestRepeatedFaults(t *testing.T) {
	for code, test := range map[string]struct {
		status, requests int
		want             string
	}{
		"SlowDown":     {503, 4, "open s3://b/x.json: throttled (tried 4 times)"},
		"AccessDenied": {403, 1, "open s3://b/x.json: access denied: no"},
		"NoSuchKey":    {404, 1, "open s3://b/x.json: object does not exist"},
	} {
		for _, before := range []string{"", "a.json"} {
			f := newFake(t, "a.json", "x.json")
			f.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if strings.HasSuffix(r.URL.Path, "x.json") {
					apiError(w, test.status, code, "no")
					return true
				}
				return false
			}
			s := f.source(t, "s3://b", quickOptions())
			made := 0
			if before != "" {
				if _, err := readAll(t, s, before); err != nil {
					t.Fatal(err)
				}
				made = 1
			}
			if _, err := readAll(t, s, "x.json"); err == nil || err.Error() != test.want {
				t.Errorf("%s after %q: error %v, want %s", code, before, err, test.want)
			}
			if got := len(f.requests()) - made; got != test.requests {
				t.Errorf("%s after %q: %d requests, want %d", code, before, got, test.requests)
			}
		}
	}
}

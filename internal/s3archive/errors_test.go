package s3archive

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
)

func TestLastingFaults(t *testing.T) {
	answer := func(status int, code, message string) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			apiError(w, status, code, message)
			return true
		}
	}
	for name, test := range map[string]struct {
		fault    func(http.ResponseWriter, *http.Request, int) bool
		want     string
		is       error
		requests int
		hint     bool
	}{
		"missing bucket": {answer(404, "NoSuchBucket", "no"), "bucket does not exist", fs.ErrNotExist, 1, true},
		"denied":         {answer(403, "AccessDenied", "User x is not authorized"), "access denied: User x is not authorized", fs.ErrPermission, 1, true},
		"bad key":        {answer(403, "InvalidAccessKeyId", "The key is not in our records."), "credentials are not valid: The key is not in our records.", fs.ErrPermission, 1, true},
		"expired":        {answer(400, "ExpiredToken", "The provided token has expired."), "credentials have expired: The provided token has expired.", fs.ErrPermission, 1, true},
		"throttled":      {answer(503, "SlowDown", "Slow down"), "throttled (tried 4 times)", nil, 4, true},
		"out of order":   {answer(500, "InternalError", "Sorry"), "the service is not available (tried 4 times)", nil, 4, true},
		"unknown code":   {answer(400, "NeverHeardOf", "Words of the service."), "NeverHeardOf: Words of the service.", nil, 1, false},
		"no code": {func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			http.Error(w, "<html lang=en>", http.StatusForbidden)
			return true
		}, "access denied", fs.ErrPermission, 1, true},
		"teapot": {func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			http.Error(w, "<html lang=en>", http.StatusTeapot)
			return true
		}, "HTTP status 418", nil, 1, false},
		"redirect nowhere": {answer(301, "PermanentRedirect", "elsewhere"), "bucket is in another Region", nil, 1, true},
		"no answer":        {func(_ http.ResponseWriter, r *http.Request, _ int) bool { hold(r); return true }, "no answer in time (tried 4 times)", nil, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.fault = test.fault
			opts := quickOptions()
			opts.StallTimeout = 50 * time.Millisecond
			if name != "no answer" {
				opts.StallTimeout = time.Minute
			}
			s := f.source(t, "s3://b", opts)
			_, err := listed(t, s, archive.Filter{})
			checkError(t, err, "list s3://b: "+test.want, test.is, test.hint)
			if n := len(f.requests()); test.requests > 0 && n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
			if name == "missing bucket" {
				return
			}
			_, err = s.Open(t.Context(), archive.Object{Key: "k"})
			checkError(t, err, "open s3://b/k: "+test.want, test.is, test.hint)
		})
	}
}

func checkError(t *testing.T, err error, want string, is error, hint bool) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
		return
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("%v is not %v", err, is)
	}
	var e *Error
	if !errors.As(err, &e) || hint != (e.Hint() != "") {
		t.Errorf("%v: hint %q", err, e.Hint())
	}
}

func TestColdObject(t *testing.T) {
	f := newFake(t)
	f.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		apiError(w, http.StatusForbidden, "InvalidObjectState", "The operation is not valid for the object's storage class")
		return true
	}
	_, err := f.source(t, "s3://b", quickOptions()).Open(t.Context(), archive.Object{Key: "k"})
	checkError(t, err, "open s3://b/k: archived in cold storage, restore it first", nil, true)
}

func TestCredentials(t *testing.T) {
	f := newFake(t, "a.json")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := listed(t, f.source(t, "s3://b", quickOptions()), archive.Filter{})
	checkError(t, err, "list s3://b: no AWS credentials", nil, true)

	const secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
	config := filepath.Join(t.TempDir(), "config")
	text := "[profile auditor]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = " + secret + "\nregion = eu-west-3\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", config)
	t.Setenv("AWS_REGION", "")
	opts := quickOptions()
	opts.Profile = "auditor"
	s := f.source(t, "s3://b", opts)
	got, err := listed(t, s, archive.Filter{})
	if diff := cmp.Diff([]string{"a.json"}, got); diff != "" || err != nil {
		t.Errorf("with a profile: %v (-want +got):\n%s", err, diff)
	}
	if auth := f.requests()[0].Get("Authorization"); !strings.Contains(auth, "AKIAEXAMPLE/") || !strings.Contains(auth, "/eu-west-3/") {
		t.Errorf("profile and its Region were not used: %s", auth)
	}
	f.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		apiError(w, http.StatusForbidden, "SignatureDoesNotMatch", "The signature does not match.")
		return true
	}
	if _, err := listed(t, s, archive.Filter{}); err == nil || strings.Contains(fmt.Sprintf("%+v", err), secret) {
		t.Errorf("error tells the secret: %v", err)
	}
	opts.Profile = "nobody"
	_, err = New(t.Context(), "s3://b", opts)
	if err == nil || err.Error() != `open archive "s3://b": no AWS profile "nobody" in the shared configuration` {
		t.Errorf("unknown profile: %v", err)
	}
}

// What ended the search for credentials is said where it is known.
func TestExplainsCredentials(t *testing.T) {
	for want, cause := range map[string]error{
		"no AWS credentials": errors.New("no EC2 IMDS role found"),
		"no AWS credentials: the SSO session has expired or there is none": &ssocreds.InvalidTokenError{},
		"no AWS credentials: AccessDenied: not authorized to assume it":    &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized to assume it"},
		`no AWS credentials: host "sts.us-east-1.amazonaws.com" not found`: &net.DNSError{Name: "sts.us-east-1.amazonaws.com", IsNotFound: true},
		"no AWS credentials: no answer in time":                            os.ErrDeadlineExceeded,
	} {
		err := fail(t.Context(), "list", "s3://b", fmt.Errorf("get identity: %w", &credentialsError{fmt.Errorf("refresh: %w", cause)}))
		checkError(t, err, "list s3://b: "+want, cause, true)
	}
}

func TestNoServer(t *testing.T) {
	f := newFake(t)
	gone := httptest.NewServer(f)
	gone.Close()
	opts := quickOptions()
	opts.Endpoint = gone.URL
	_, err := listed(t, f.source(t, "s3://b", opts), archive.Filter{})
	checkError(t, err, "list s3://b: connection refused (tried 4 times)", nil, true)
}

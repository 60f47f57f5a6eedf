package access

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func testAdmin(t *testing.T) *Admin {
	t.Helper()
	a, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// presigned is a call to CloudTrail whose signature is in the query.
func presigned(t *testing.T, a *Admin, body string, at time.Time, seconds string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://sandbox.example:4580/?X-Amz-Expires="+seconds, strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "CloudTrail_20131101.StopLogging")
	r.ContentLength = 0 // else its length is signed, too
	signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), a.credentials(), r, hashOf([]byte(body)), Service, "eu-west-2", at,
		func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	if err != nil {
		t.Fatal(err)
	}
	if r.URL, err = url.Parse(signed); err != nil {
		t.Fatal(err)
	}
	return r
}

func check(a *Admin, r *http.Request, body string, now time.Time) error {
	verify, err := a.Check(r, now)
	if err != nil {
		return err
	}
	return verify([]byte(body))
}

func TestPresigned(t *testing.T) {
	a, now := testAdmin(t), time.Date(2026, 3, 1, 0, 5, 0, 0, time.UTC)
	const body = `{"Name":"audit"}`
	same := func(*http.Request) {}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			q := r.URL.Query()
			q.Set(name, value)
			r.URL.RawQuery = q.Encode()
		}
	}
	for name, test := range map[string]struct {
		age     time.Duration
		expires string
		tamper  func(*http.Request)
		body    string
		code    string
	}{
		"right":           {time.Minute, "3600", same, body, ""},
		"yesterday's":     {20 * time.Hour, "86400", same, body, ""},
		"over":            {time.Hour + time.Second, "3600", same, body, "InvalidSignatureException"},
		"ahead":           {-16 * time.Minute, "3600", same, body, "InvalidSignatureException"},
		"too long":        {time.Minute, "604801", same, body, "IncompleteSignatureException"},
		"another body":    {time.Minute, "3600", same, `{}`, "InvalidSignatureException"},
		"prolonged":       {2 * time.Hour, "3600", set("X-Amz-Expires", "86400"), body, "InvalidSignatureException"},
		"another day":     {time.Minute, "3600", set("X-Amz-Date", "20260228T000000Z"), body, "InvalidSignatureException"},
		"another key":     {time.Minute, "3600", set("X-Amz-Credential", "k/20260301/us-east-1/cloudtrail/aws4_request"), body, "UnrecognizedClientException"},
		"another service": {time.Minute, "3600", set("X-Amz-Credential", a.AccessKey+"/20260301/us-east-1/s3/aws4_request"), body, "InvalidSignatureException"},
		"another way":     {time.Minute, "3600", set("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256"), body, "IncompleteSignatureException"},
		"host not signed": {time.Minute, "3600", set("X-Amz-SignedHeaders", "x-amz-target"), body, "InvalidSignatureException"},
		"a token":         {time.Minute, "3600", set("X-Amz-Security-Token", "t"), body, "UnrecognizedClientException"},
		"another target":  {time.Minute, "3600", func(r *http.Request) { r.Header.Set("X-Amz-Target", "CloudTrail_20131101.DeleteTrail") }, body, "InvalidSignatureException"},
		"another host":    {time.Minute, "3600", func(r *http.Request) { r.Host = "sandbox.example" }, body, "InvalidSignatureException"},
		"another method":  {time.Minute, "3600", func(r *http.Request) { r.Method = http.MethodPut }, body, "InvalidSignatureException"},
	} {
		r := presigned(t, a, body, now.Add(-test.age), test.expires)
		test.tamper(r)
		err := check(a, r, test.body, now)
		refusal, _ := errors.AsType[*Refusal](err)
		if (err == nil) != (test.code == "") || err != nil && (refusal == nil || refusal.Code != test.code) {
			t.Errorf("%s: %v; want %q", name, err, test.code)
		}
		if err != nil && strings.Contains(err.Error(), a.Secret) {
			t.Errorf("%s: the secret is told: %v", name, err)
		}
	}
}

// A signature may cover the length, as that of the SDK for Go does.
func TestSignedLength(t *testing.T) {
	a, now := testAdmin(t), time.Now()
	r := httptest.NewRequest(http.MethodPost, "/_trailkeeper/events", strings.NewReader("[1]"))
	if err := a.Sign(r, []byte("[1]"), now); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Header.Get("Authorization"), "content-length") {
		t.Fatalf("signed %q", r.Header.Get("Authorization"))
	}
	if err := check(a, r, "[1]", now); err != nil {
		t.Error(err)
	}
}

func TestGarbage(t *testing.T) {
	a := testAdmin(t)
	scope := a.AccessKey + "/20260301/us-east-1/cloudtrail/aws4_request"
	for _, text := range []string{
		"x", "Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ,,,=,=", "AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;,Signature=",
		"AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host;x-amz-date, Signature=",
		"AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host;x-amz-date;;é, Signature=00",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Authorization", text)
		r.Header.Set("X-Amz-Date", "20260301T000000Z")
		err := check(a, r, "", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Code == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestReadKeys(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	for _, text := range []string{"", "[default]\n", "[default]\naws_access_key_id = x\n", "[other]\naws_access_key_id = x\naws_secret_access_key = y\n", "\x00["} {
		if err := os.WriteFile(filepath.Join(dir, FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if a, err := Open(dir); err == nil {
			t.Errorf("%q: read %+v", text, a)
		}
	}
}

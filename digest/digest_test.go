package digest_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/digest"
)

func text(s string) *string { return &s }

// sample is a digest in the middle of a chain.
func sample() *digest.Digest {
	return &digest.Digest{
		AWSAccountID:    "111122223333",
		DigestStartTime: "2026-01-05T13:01:31Z", DigestEndTime: "2026-01-05T14:01:31Z",
		DigestS3Bucket: "logs", DigestS3Object: "AWSLogs/111122223333/CloudTrail-Digest/x.json.gz",
		DigestPublicKeyFingerprint: "31e8b5433410dfb61a9dc45cc65b22ff", DigestSignatureAlgorithm: digest.SignatureAlgorithm,
		NewestEventTime: text("2026-01-05T13:59:00Z"), OldestEventTime: text("2026-01-05T12:58:00Z"),
		PreviousDigestS3Bucket: text("logs"), PreviousDigestS3Object: text("before.json.gz"),
		PreviousDigestHashValue: text("ab"), PreviousDigestHashAlgorithm: text(digest.HashAlgorithm), PreviousDigestSignature: text("5a01"),
		LogFiles: []digest.LogFile{{S3Bucket: "logs", S3Object: "a.json.gz", HashValue: "cd", HashAlgorithm: digest.HashAlgorithm,
			NewestEventTime: "2026-01-05T13:59:00Z", OldestEventTime: "2026-01-05T12:58:00Z"}},
	}
}

// The expected text is the one the AWS CLI's own unit tests expect of a first digest.
func TestStringToSign(t *testing.T) {
	d := &digest.Digest{DigestEndTime: "a", DigestS3Bucket: "b", DigestS3Object: "c"}
	const hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // of abc
	if got, want := digest.StringToSign(d, []byte("abc")), "a\nb/c\n"+hash+"\nnull"; got != want {
		t.Errorf("a first digest signs %q, want %q", got, want)
	}
	d.PreviousDigestSignature = text("0123")
	if got, want := digest.StringToSign(d, []byte("abc")), "a\nb/c\n"+hash+"\n0123"; got != want {
		t.Errorf("a later digest signs %q, want %q", got, want)
	}
}

func TestEncodeParse(t *testing.T) {
	for _, d := range []*digest.Digest{sample(), {
		AWSAccountID: "111122223333", DigestStartTime: "2026-01-05T13:01:31Z", DigestEndTime: "2026-01-05T14:01:31Z",
		DigestS3Bucket: "b", DigestS3Object: "o", DigestPublicKeyFingerprint: "f", LogFiles: []digest.LogFile{},
	}} {
		body, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := digest.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, back); diff != "" {
			t.Error(diff)
		}
		if bytes.ContainsAny(body, " \n") {
			t.Errorf("not compact: %s", body)
		}
	}
}

func TestFirstDigestHasNulls(t *testing.T) {
	d := sample()
	d.NewestEventTime, d.OldestEventTime, d.LogFiles = nil, nil, nil
	d.PreviousDigestS3Bucket, d.PreviousDigestS3Object, d.PreviousDigestHashValue = nil, nil, nil
	d.PreviousDigestHashAlgorithm, d.PreviousDigestSignature = nil, nil
	body, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"newestEventTime", "oldestEventTime", "previousDigestS3Bucket", "previousDigestS3Object",
		"previousDigestHashValue", "previousDigestHashAlgorithm", "previousDigestSignature"} {
		if value, ok := members[name]; !ok || value != nil {
			t.Errorf("%s is %v, want null", name, value)
		}
	}
	if list, ok := members["logFiles"].([]any); !ok || len(list) != 0 {
		t.Errorf("logFiles is %v, want []", members["logFiles"])
	}
	if !d.IsStarting() || sample().IsStarting() {
		t.Error("IsStarting is wrong")
	}
}

func TestParseRefuses(t *testing.T) {
	good, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, want string }{
		"not JSON":          {`{"awsAccountId"`, `{awsAccountId`, "invalid character"},
		"no account":        {`"awsAccountId"`, `"account"`, `"awsAccountId" is missing`},
		"no object":         {`"digestS3Object"`, `"x"`, `"digestS3Object" is missing`},
		"no fingerprint":    {`"digestPublicKeyFingerprint"`, `"x"`, `"digestPublicKeyFingerprint" is missing`},
		"no end":            {`"digestEndTime"`, `"x"`, `"digestEndTime" is ""`},
		"an impossible end": {`"digestEndTime":"2026-01-05`, `"digestEndTime":"2026-02-31`, `not a time`},
		"no list of logs":   {`"logFiles"`, `"x"`, `"logFiles" is missing`},
		"null list":         {`"logFiles":[`, `"logFiles":null,"x":[`, `"logFiles" is missing`},
	} {
		body := strings.Replace(string(good), test.old, test.new, 1)
		if _, err := digest.Parse([]byte(body)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, want %q", name, err, test.want)
		}
	}
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Changing anything that is signed, one thing at a time, must show.
func TestSignatureCoversEverything(t *testing.T) {
	key := newKey(t)
	d := sample()
	body, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := digest.Sign(key, d, body)
	if err != nil {
		t.Fatal(err)
	}
	if err := digest.Verify(&key.PublicKey, d, body, signature); err != nil {
		t.Fatal(err)
	}
	if err := digest.Verify(&key.PublicKey, d, body, strings.ToUpper(signature)); err != nil {
		t.Errorf("upper-case hex: %v", err)
	}
	for name, change := range map[string]func(d *digest.Digest){
		"end":       func(d *digest.Digest) { d.DigestEndTime = "2026-01-05T14:01:32Z" },
		"bucket":    func(d *digest.Digest) { d.DigestS3Bucket = "other" },
		"object":    func(d *digest.Digest) { d.DigestS3Object += "x" },
		"previous":  func(d *digest.Digest) { d.PreviousDigestSignature = text("5a02") },
		"beginning": func(d *digest.Digest) { d.PreviousDigestSignature = nil },
	} {
		other := *d
		change(&other)
		if err := digest.Verify(&key.PublicKey, &other, body, signature); !errors.Is(err, digest.ErrSignature) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	for i := range body {
		changed := bytes.Clone(body)
		changed[i] ^= 1
		if err := digest.Verify(&key.PublicKey, d, changed, signature); !errors.Is(err, digest.ErrSignature) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	if err := digest.Verify(&newKey(t).PublicKey, d, body, signature); !errors.Is(err, digest.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	for _, bad := range []string{"", "xyz", signature[2:], signature + "00"} {
		if err := digest.Verify(&key.PublicKey, d, body, bad); err == nil || errors.Is(err, digest.ErrSignature) {
			t.Errorf("signature %.10q...: %v", bad, err)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	key := newKey(t)
	pkix, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"PKCS #1": x509.MarshalPKCS1PublicKey(&key.PublicKey), "PKIX": pkix} {
		got, err := digest.ParsePublicKey(der)
		if err != nil || !got.Equal(&key.PublicKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := x509.MarshalPKIXPublicKey(&curve.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"nothing": nil, "noise": []byte("noise"), "not RSA": ec} {
		if _, err := digest.ParsePublicKey(der); err == nil {
			t.Errorf("%s is taken for a key", name)
		}
	}
}

func TestParsePublicKeyList(t *testing.T) {
	// {"a": 1} in base 64; the fingerprint is what `printf '{"a": 1}' | md5sum` prints.
	const value, fingerprint = "eyJhIjogMX0=", "42b7b4f2921788ea14dac5566e6f06d0"
	for form, times := range map[string][2]string{
		"epoch":           {`1767571200`, `1770163200.0`},
		"epoch as string": {`"1767571200"`, `"1770163200"`},
		"RFC 3339":        {`"2026-01-05T00:00:00Z"`, `"2026-02-04T01:00:00+01:00"`},
	} {
		list := `{"PublicKeyList":[{"Value":"` + value + `","ValidityStartTime":` + times[0] + `,"ValidityEndTime":` + times[1] +
			`,"Fingerprint":"` + fingerprint + `"}]}`
		keys, err := digest.ParsePublicKeyList([]byte(list))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		if got := keys[0].ValidityEndTime.Sub(keys[0].ValidityStartTime.Time); got != 30*24*time.Hour {
			t.Errorf("%s: valid for %s", form, got)
		}
		again, err := json.Marshal(digest.PublicKeyList{PublicKeyList: keys})
		if err != nil || !strings.Contains(string(again), `"ValidityStartTime":1767571200,`) {
			t.Errorf("%s: written as %s (%v)", form, again, err)
		}
	}
	for name, list := range map[string]string{
		"not a list":        `[]`,
		"no list":           `{}`,
		"wrong fingerprint": `{"PublicKeyList":[{"Value":"` + value + `","ValidityStartTime":1,"ValidityEndTime":2,"Fingerprint":"00"}]}`,
		"no time":           `{"PublicKeyList":[{"Value":"` + value + `","ValidityStartTime":"soon","ValidityEndTime":2,"Fingerprint":"` + fingerprint + `"}]}`,
	} {
		if _, err := digest.ParsePublicKeyList([]byte(list)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// Whatever Parse accepts, Encode writes so that it reads the same.
func FuzzParse(f *testing.F) {
	body, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"awsAccountId":"1","digestStartTime":"2026-01-05T13:01:31Z","digestEndTime":"2026-01-05T13:01:31+01:00","digestS3Bucket":"b","digestS3Object":"o","digestPublicKeyFingerprint":"f","logFiles":[{}],"more":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := digest.Parse(body)
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := digest.Parse(again)
		if err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		if diff := cmp.Diff(d, back); diff != "" {
			t.Error(diff)
		}
	})
}

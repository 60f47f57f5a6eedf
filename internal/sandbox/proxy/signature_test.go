package proxy

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// signature computes what AWS's Signature Version 4 is for an S3 request, of which
// path and query arrive as they were signed:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
func signature(r *http.Request, date, scope string, signed []string, query, payload string) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	canonical := r.Method + "\n" + path + "\n" + query + "\n"
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		canonical += name + ":" + strings.Join(strings.Fields(value), " ") + "\n"
	}
	canonical += "\n" + strings.Join(signed, ";") + "\n" + payload
	hashed := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + secret)
	mac := func(text string) {
		h := hmac.New(sha256.New, key)
		io.WriteString(h, text)
		key = h.Sum(nil)
	}
	for part := range strings.SplitSeq(scope, "/") {
		mac(part)
	}
	mac("AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(hashed[:]))
	return hex.EncodeToString(key)
}

// verify answers whether a request's signature is right.
func verify(r *http.Request) error {
	fields := map[string]string{}
	for field := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	date, payload := r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Content-Sha256")
	_, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	var query []string
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if name, value, _ := strings.Cut(pair, "="); name == "X-Amz-Signature" {
			fields["Signature"] = value
		} else if pair != "" {
			query = append(query, name+"="+value)
		}
	}
	if q := r.URL.Query(); q.Has("X-Amz-Signature") {
		date, payload = q.Get("X-Amz-Date"), "UNSIGNED-PAYLOAD"
		fields["Credential"], fields["SignedHeaders"] = q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders")
	}
	slices.Sort(query)
	_, scope, _ := strings.Cut(fields["Credential"], "/")
	want := signature(r, date, scope, strings.Split(fields["SignedHeaders"], ";"), strings.Join(query, "&"), payload)
	if want != fields["Signature"] {
		return fmt.Errorf("%s %s is signed %q, want %q (%s)", r.Method, r.RequestURI, fields["Signature"], want, fields["SignedHeaders"])
	}
	return nil
}

func TestSignaturesVerifyAtTheUpstream(t *testing.T) {
	verified := 0
	up := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if err := verify(r); err != nil {
			t.Error(err)
		}
		verified++
	}))
	p := before(t, up.URL)
	client := s3.New(s3.Options{
		BaseEndpoint: &p.URL, Region: "eu-west-1", UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret}, nil
		}),
	})
	bucket := aws.String("bucket")
	for _, key := range []string{"k", "a b/c+d", "/lead", "x//y/", "a/../b/./c", "ü/%2F/☃", "!-_.*'()&$@=;:,?#{}[]|\\^`<>\"~"} {
		ctx := t.Context()
		for name, err := range map[string]error{
			"put": second(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader([]byte("hello"))})),
			"put nothing": second(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(nil),
				Metadata: map[string]string{"Note": "a  b", "empty": ""}})),
			"get":    second(client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key, Range: aws.String("bytes=0-1")})),
			"head":   second(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: &key})),
			"delete": second(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &key})),
			"tags":   second(client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: bucket, Key: &key, VersionId: aws.String("null")})),
		} {
			if err != nil && !strings.Contains(err.Error(), "deserialization failed") { // of an answer without a body
				t.Errorf("%s %q: %v", name, key, err)
			}
		}
		presigned, err := s3.NewPresignClient(client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Get(presigned.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if verified < 49 {
		t.Errorf("%d requests were verified", verified)
	}
}

func second[T any](_ T, err error) error { return err }

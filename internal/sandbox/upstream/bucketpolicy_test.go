package upstream_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

const onlyTLS = `{"Version":"2012-10-17","Statement":[{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*",
	"Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]} `

func TestMotoDoesNotApplyBucketPolicies(t *testing.T) {
	moto := mototest.Start(t)
	target, err := url.Parse(moto)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(upstream.Unapplied(httputil.NewSingleHostReverseProxy(target)))
	defer front.Close()
	at := func(endpoint string) *s3.Client {
		client, err := upstream.New(upstream.Options{Endpoint: endpoint, Account: account, Moto: true, Getenv: os.Getenv}).S3(t.Context(), account, "")
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	bucket, key := aws.String("logs"), aws.String("key")
	if _, err := at(front.URL).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		endpoint string
		applied  bool
	}{{moto, true}, {front.URL, false}} {
		client := at(test.endpoint)
		if _, err := client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(onlyTLS)}); err != nil {
			t.Fatal(err)
		}
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x")})
		if (err != nil) != test.applied {
			t.Errorf("policy put at %s: applied is not %v: %v", test.endpoint, test.applied, err)
		}
	}
	// Without us the policy can still be told.
	for endpoint, shown := range map[string]func(string) string{front.URL: func(s string) string { return s }, moto: upstream.BucketPolicy} {
		held, err := at(endpoint).GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: bucket})
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(*held.Policy); got != strings.TrimSpace(onlyTLS) {
			t.Errorf("policy at %s: got %s", endpoint, got)
		}
	}
}

// What is no policy goes through as it is.
func TestUnappliedPasses(t *testing.T) {
	long := "{" + strings.Repeat(" ", 1<<20) + "}"
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	})
	for _, test := range []struct{ method, target, body, want string }{
		{http.MethodPut, "/b?policy", "no object", "no object"},
		{http.MethodPut, "/b?policy", "", ""},
		{http.MethodPut, "/b?policy", long, long},
		{http.MethodPut, "/b?policy=", `{"Statement":[1]}`, `{"Statement":[1],"\u0053tatement":[]}`},
		{http.MethodPut, "/b?policy", `{"Statement":[{"Effect":"Deny"},{"Effect":"Allow"}]} `, `{"Statement":[{"Effect":"Deny"},{"Effect":"Allow"}],"\u0053tatement":[{"Effect":"Allow"}]}`},
		{http.MethodPut, "/b?policy", `{"Statement":1}`, `{"Statement":1}`},
		{http.MethodPut, "/b/policy", `{}`, `{}`},
		{http.MethodDelete, "/b?policy", `{}`, `{}`},
		{http.MethodGet, "/b?policy", `<Error/>`, `<Error/>`},
		{http.MethodGet, "/b?policy", `{"Statement":[1],"\u0053tatement":[]}`, `{"Statement":[1]}`},
		{http.MethodGet, "/b?policyStatus", `{"Statement":[1],"\u0053tatement":[]}`, `{"Statement":[1],"\u0053tatement":[]}`},
	} {
		w := httptest.NewRecorder()
		upstream.Unapplied(echo).ServeHTTP(w, httptest.NewRequest(test.method, test.target, strings.NewReader(test.body)))
		if w.Code != http.StatusTeapot || w.Body.String() != test.want {
			t.Errorf("%s %s: got %d %.60q, want %.60q", test.method, test.target, w.Code, w.Body, test.want)
		}
	}
}

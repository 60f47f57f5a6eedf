package upstream_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

const account, other = "123456789012", "210987654321"

func TestAccountsOfMoto(t *testing.T) {
	clients := upstream.New(upstream.Options{Endpoint: mototest.Start(t), Account: account, Moto: true, Getenv: os.Getenv})
	// The sandbox's own shell names the sandbox here.
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	for _, want := range []string{account, other} {
		client, err := clients.STS(t.Context(), want, "eu-west-2")
		if err != nil {
			t.Fatal(err)
		}
		who, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if *who.Account != want {
			t.Errorf("account %s, want %s", *who.Account, want)
		}
		again, err := clients.STS(t.Context(), want, "eu-west-2")
		if err != nil || again != client {
			t.Errorf("another client for account %s: %v", want, err)
		}
	}
}

// A moto_server that is the sandbox's own takes unknown keys for those of the account
// it is told, and lets others be entered all the same.
func TestAccountOfOwnMoto(t *testing.T) {
	const own = "111111111111"
	server := mototest.Start(t)
	clients := upstream.New(upstream.Options{Endpoint: server, Account: own, Moto: true, OwnMoto: true, Getenv: os.Getenv})
	for _, want := range []string{own, other} {
		client, err := clients.STS(t.Context(), want, "eu-west-2")
		if err != nil {
			t.Fatal(err)
		}
		who, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || *who.Account != want {
			t.Errorf("%v: account %s, want %s", err, aws.ToString(who.Account), want)
		}
	}

	var headers []string
	seen := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header.Get("X-Moto-Account-Id"))
	})
	for _, configured := range []string{own, account} {
		for _, caller := range []string{own, account, other} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			upstream.InAccount(configured, func(*http.Request) string { return caller }, seen).ServeHTTP(httptest.NewRecorder(), r)
			if r.Header.Get("X-Moto-Account-Id") != "" {
				t.Error("the request that came in was changed")
			}
		}
	}
	if want := []string{own, "", "", "", "", ""}; !slices.Equal(headers, want) {
		t.Errorf("headers %q, want %q", headers, want)
	}
}

func TestRegionAndAccountOfTopics(t *testing.T) {
	clients := upstream.New(upstream.Options{Endpoint: mototest.Start(t), Account: account, Moto: true, Getenv: os.Getenv})
	client, err := clients.SNS(t.Context(), other, "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	topic, err := client.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("audit")})
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sns:eu-central-1:210987654321:audit"; *topic.TopicArn != want {
		t.Errorf("topic %s, want %s", *topic.TopicArn, want)
	}
}

// seen is what a stub of an upstream was asked.
type seen struct {
	path, key, region, token string
	requests                 int
}

func stub(t *testing.T, status int) (*seen, string) {
	t.Helper()
	got := new(seen)
	scope := regexp.MustCompile(`Credential=([^/]+)/\d+/([^/]+)/`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.requests++
		got.path, got.token = r.URL.Path, r.Header.Get("X-Amz-Security-Token")
		if found := scope.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
			got.key, got.region = found[1], found[2]
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return got, server.URL
}

func TestCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		environment map[string]string
		account     string
		want        seen
	}{
		"nothing":         {nil, account, seen{"/b/k", "test", "us-east-1", "", 1}},
		"environment":     {map[string]string{"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "t"}, account, seen{"/b/k", "mine", "us-east-1", "t", 1}},
		"no account":      {map[string]string{"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "x"}, "", seen{"/b/k", "mine", "us-east-1", "", 1}},
		"another account": {map[string]string{"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "x"}, other, seen{"/b/k", other, "us-east-1", "", 1}},
	} {
		got, url := stub(t, http.StatusOK)
		clients := upstream.New(upstream.Options{Endpoint: url, Account: account, Getenv: func(name string) string { return test.environment[name] }})
		client, err := clients.S3(t.Context(), test.account, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if *got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, *got, test.want)
		}
	}
}

func TestFewRetries(t *testing.T) {
	got, url := stub(t, http.StatusServiceUnavailable)
	clients := upstream.New(upstream.Options{Endpoint: url, Account: account, Getenv: func(string) string { return "" }})
	client, err := clients.S3(t.Context(), account, "eu-west-2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("b")}); err == nil {
		t.Error("no error")
	}
	if got.requests != 3 {
		t.Errorf("%d requests, want 3", got.requests)
	}
}

func TestAccountThatCannotBeEntered(t *testing.T) {
	_, url := stub(t, http.StatusForbidden)
	clients := upstream.New(upstream.Options{Endpoint: url, Account: account, Moto: true, Getenv: func(string) string { return "" }})
	_, err := clients.IAM(t.Context(), other)
	if want := `enter account "210987654321" at ` + url; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

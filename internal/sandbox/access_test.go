package sandbox_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/sandbox/access"
)

const listTrails = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.ListTrails"

// TestOnlyTheAdministratorCallsCloudTrail asks with the SDK, as whoever reaches the
// port may.
func TestOnlyTheAdministratorCallsCloudTrail(t *testing.T) {
	b := open(t, sandbox.Config{Upstream: backend(t, store), Unchecked: true})
	client := func(key, secret, token string) *cloudtrail.Client {
		config := b.config(key, token)
		config.Credentials = credentials.NewStaticCredentialsProvider(key, secret, token)
		config.RetryMaxAttempts = 1
		return cloudtrail.NewFromConfig(config)
	}
	admin := b.Admin()
	right := client(admin.AccessKey, admin.Secret, "")
	ok[*cloudtrail.CreateTrailOutput](t)(right.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("audit"), S3BucketName: aws.String("logs")}))
	ok[*cloudtrail.StartLoggingOutput](t)(right.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: aws.String("audit")}))
	recorded := b.events(t)
	for name, test := range map[string]struct {
		client *cloudtrail.Client
		code   string
	}{
		"wrong secret":  {client(admin.AccessKey, admin.Secret+"x", ""), "InvalidSignatureException"},
		"another's key": {client("minioadmin", admin.Secret, ""), "UnrecognizedClientException"},
		"a token":       {client(admin.AccessKey, admin.Secret, "token"), "UnrecognizedClientException"},
	} {
		_, err := test.client.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("audit")})
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != test.code {
			t.Errorf("%s: %v; want %s", name, err, test.code)
		}
	}
	status := ok[*cloudtrail.GetTrailStatusOutput](t)(right.GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: aws.String("audit")}))
	if !*status.IsLogging {
		t.Error("the trail was stopped")
	}
	if n := b.events(t); n != recorded+1 {
		t.Errorf("%d events of refused calls were recorded", n-recorded-1)
	}
	records := b.customer("test", "").lookup(t, region, "StartLogging")
	if len(records) != 1 || !strings.Contains(records[0], `"type":"Root"`) || !strings.Contains(records[0], admin.AccessKey) || strings.Contains(records[0], admin.Secret) {
		t.Errorf("recorded %q", records)
	}
}

// TestTamperedCalls changes what was signed.
func TestTamperedCalls(t *testing.T) {
	b := open(t, sandbox.Config{Upstream: backend(t, store), Unchecked: true})
	post := func(path string) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.endpoint+path, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	call := func() *http.Request {
		r := post("/")
		r.Header.Set("X-Amz-Target", listTrails)
		return r
	}
	sign := func(at time.Time) func(*http.Request) {
		return func(r *http.Request) {
			if err := b.Admin().Sign(r, []byte(`{}`), at); err != nil {
				t.Fatal(err)
			}
		}
	}
	now := time.Now()
	for name, test := range map[string]struct {
		sign   func(*http.Request)
		tamper func(*http.Request)
		code   string // "" is taken
	}{
		"right":      {sign(now), func(*http.Request) {}, ""},
		"14m old":    {sign(now.Add(-14 * time.Minute)), func(*http.Request) {}, ""},
		"16m old":    {sign(now.Add(-16 * time.Minute)), func(*http.Request) {}, "Signature expired"},
		"16m ahead":  {sign(now.Add(17 * time.Minute)), func(*http.Request) {}, "Signature not yet current"},
		"unsigned":   {func(*http.Request) {}, func(*http.Request) {}, "MissingAuthenticationTokenException"},
		"body":       {sign(now), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`[]`)) }, "InvalidSignatureException"},
		"query":      {sign(now), func(r *http.Request) { r.URL.RawQuery = "by=2h" }, "InvalidSignatureException"},
		"new header": {sign(now), func(r *http.Request) { r.Header.Set("X-Amz-Security", "x") }, "must be a 'SignedHeader'"},
		"old header": {sign(now), func(r *http.Request) {
			r.Header.Set("X-Amz-Date", now.UTC().Add(time.Second).Format("20060102T150405Z"))
		}, "InvalidSignatureException"},
		"no date":   {sign(now), func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignatureException"},
		"older way": {func(*http.Request) {}, func(r *http.Request) { r.Header.Set("Authorization", "AWS "+b.Admin().AccessKey+":x") }, "IncompleteSignatureException"},
		"unsigned body": {func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			sign(now)(r)
		}, func(*http.Request) {}, "UNSIGNED-PAYLOAD is not taken"},
	} {
		for api, r := range map[string]*http.Request{"CloudTrail": call(), "control": post("/_trailkeeper/deliver")} {
			test.sign(r)
			test.tamper(r)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || (resp.StatusCode == http.StatusOK) != (test.code == "") || !strings.Contains(string(answer), test.code) {
				t.Errorf("%s, %s: %d %s (%v); want %q", name, api, resp.StatusCode, answer, err, test.code)
			}
		}
	}
	// The target of a signed call is not another's.
	r := post("/")
	sign(now)(r)
	r.Header.Set("X-Amz-Target", listTrails)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a target that is not signed: %s", resp.Status)
	}
}

// TestSignedByOthers asks with the AWS CLI and curl, whose signatures nobody here made.
func TestSignedByOthers(t *testing.T) {
	b := open(t, sandbox.Config{Upstream: backend(t, store), Unchecked: true})
	admin := b.Admin()
	cli := func(secret string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }),
			"AWS_ENDPOINT_URL="+b.endpoint, "AWS_DEFAULT_REGION="+region, "AWS_PAGER=", "AWS_CONFIG_FILE="+os.DevNull,
			"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_ACCESS_KEY_ID="+admin.AccessKey, "AWS_SECRET_ACCESS_KEY="+secret)
		if secret == "" { // the file is one of the CLI's
			cmd.Env = append(cmd.Env[:len(cmd.Env)-3], "AWS_SHARED_CREDENTIALS_FILE="+admin.File)
		}
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	curl := func(secret string) []string {
		return []string{"curl", "-s", "--fail-with-body", "--aws-sigv4", "aws:amz:us-east-1:cloudtrail", "--user", admin.AccessKey + ":" + secret,
			"-X", "POST", b.endpoint + "/_trailkeeper/advance?by=1h"}
	}
	inject := append(curl(admin.Secret)[:9], b.endpoint+"/_trailkeeper/events", "-d", `{"eventSource":"a","eventName":"b"}`)
	for name, test := range map[string]struct {
		secret  string
		command []string
		want    string // of the output; "An error" for a failure
	}{
		"aws":              {admin.Secret, []string{"aws", "cloudtrail", "list-trails"}, `"Trails": []`},
		"aws with file":    {"", []string{"aws", "cloudtrail", "list-trails"}, `"Trails": []`},
		"aws, wrong":       {"wrong", []string{"aws", "cloudtrail", "list-trails"}, "(InvalidSignatureException)"},
		"aws, unsigned":    {admin.Secret, []string{"aws", "--no-sign-request", "cloudtrail", "list-trails"}, "(MissingAuthenticationTokenException)"},
		"curl":             {admin.Secret, curl(admin.Secret), `"clock"`},
		"curl with a body": {admin.Secret, inject, `"recorded":1`},
		"curl, wrong":      {admin.Secret, curl("wrong"), "InvalidSignatureException"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(test.command[0]); err != nil {
				t.Skipf("SKIPPED REAL SERVICE: %s is not installed", test.command[0])
			}
			output, err := cli(test.secret, test.command...)
			if !strings.Contains(output, test.want) || (err != nil) != strings.Contains(test.want, "Exception") {
				t.Errorf("%v\n%s\nwant %s", err, output, test.want)
			}
		})
	}
}

// TestAdministratorsKeysStay keeps them over restarts, from others and out of the log.
func TestAdministratorsKeysStay(t *testing.T) {
	var log bytes.Buffer
	config := sandbox.Config{
		Upstream: backend(t, store), State: t.TempDir(), Account: account, Getenv: os.Getenv, Loopback: true,
		UpstreamTimeout: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	var keys []access.Admin
	for range 2 {
		s, err := sandbox.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, *s.Admin())
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if first, again := keys[0], keys[1]; !first.Fresh || again.Fresh || first.AccessKey != again.AccessKey || first.Secret != again.Secret || len(first.Secret) != 40 {
		t.Errorf("first %+v, then %+v", first, again)
	}
	secret := keys[0].Secret
	walk(t, config.State, func(path, text string) {
		if strings.Contains(text, secret) && filepath.Base(path) != access.FileName {
			t.Errorf("the secret is in %s", path)
		}
	})
	if strings.Contains(log.String(), secret) {
		t.Error("the secret is in the log")
	}
	info, err := os.Stat(keys[0].File)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
	if err := os.Chmod(keys[0].File, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "lets others at them") {
		t.Errorf("keys that others can read: %v", err)
	}
}

// TestWhoeverReachesMoto is about when keys are needed.
func TestWhoeverReachesMoto(t *testing.T) {
	moto := backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/moto-api") {
			io.WriteString(w, `{"batch":{},"lambda":{}}`)
		}
	}))
	for name, test := range map[string]struct {
		upstream string
		loopback bool
		wanted   bool
	}{
		"moto on loopback":  {moto, true, false},
		"moto elsewhere":    {moto, false, true},
		"store on loopback": {backend(t, store), true, true},
		"store elsewhere":   {backend(t, store), false, true},
	} {
		s, err := sandbox.Open(t.Context(), sandbox.Config{
			Upstream: test.upstream, Account: account, Getenv: os.Getenv, Loopback: test.loopback, UpstreamTimeout: time.Minute,
			Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		if wanted := s.Admin() != nil; wanted != test.wanted {
			t.Errorf("%s: keys are wanted: %t", name, wanted)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

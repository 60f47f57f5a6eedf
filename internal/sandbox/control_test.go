package sandbox_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/sandbox"
)

// store answers like an S3-only store that has all and keeps nothing.
var store = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("x-amz-request-id", "1")
})

func TestInject(t *testing.T) {
	b := open(t, sandbox.Config{Upstream: backend(t, store), Start: time.Date(2026, 1, 11, 8, 0, 0, 0, time.UTC)})
	c := b.customer("test", "")
	signIn := `{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","userIdentity":{"type":"Root","accountId":"123456789012"},` +
		`"responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"No"},"odd":1.50}`
	b.must(t, "events", signIn)
	b.must(t, "events", `{"Records":[{"eventSource":"health.amazonaws.com","eventName":"A","eventTime":"2025-12-31T00:00:00Z"},{"eventSource":"health.amazonaws.com","eventName":"B"}]}`)
	records := c.lookup(t, "us-east-1", "ConsoleLogin")
	if len(records) != 1 {
		t.Fatalf("found %q", records)
	}
	for _, want := range []string{
		signIn[:len(signIn)-1], `"eventType":"AwsConsoleSignIn"`, `"eventTime":"2026-01-11T08:00:0`, `"managementEvent":true`, `"eventCategory":"Management"`,
	} {
		if !strings.Contains(records[0], want) {
			t.Errorf("no %s in %s", want, records[0])
		}
	}
	for _, name := range []string{"A", "B"} {
		if records := c.lookup(t, "us-east-1", name); len(records) != 1 {
			t.Errorf("%s: found %q", name, records)
		}
	}
	before := b.events(t)
	for body, want := range map[string]string{
		``:                  "inject events",
		`{`:                 "truncated",
		`hello`:             "not JSON",
		`{"eventName":"x"}`: "without CloudTrail records",
		`[{"eventSource":"a","eventName":"b"},{"eventSource":"a","eventName":"b","eventTime":"soon"}]`: "eventTime",
		`{"Records":[]}`: "no records",
	} {
		if answer, status := b.post(t, "events", body); status != http.StatusBadRequest || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s; want %q", body, status, answer, want)
		}
	}
	if after := b.events(t); after != before {
		t.Errorf("bad events recorded: %d", after-before)
	}
}

// TestStoreWithoutSTS names callers by their keys.
func TestStoreWithoutSTS(t *testing.T) {
	s3Only := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusForbidden)
			w.Write([]byte(`<Error><Code>AccessDenied</Code><Message>no</Message></Error>`))
		}
	})
	b := open(t, sandbox.Config{Upstream: backend(t, s3Only)})
	for key, want := range map[string]string{
		"testing": `"userIdentity":{"type":"Root"`, // the sandbox's own
		"mallory": `"arn":"arn:aws:iam::123456789012:user/mallory","accountId":"123456789012","accessKeyId":"mallory","userName":"mallory"`,
	} {
		bucket := "of-" + key
		ok[*s3.DeleteBucketOutput](t)(b.customer(key, "").s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket}))
		records := b.customer("testing", "").lookup(t, region, "DeleteBucket")
		if len(records) == 0 || !strings.Contains(records[0], want) || !strings.Contains(records[0], bucket) {
			t.Errorf("%s: recorded %q", key, records)
		}
	}
}

func TestControlRefuses(t *testing.T) {
	b := open(t, sandbox.Config{Upstream: backend(t, store)})
	for path, want := range map[string]string{
		"advance":          "not a duration",
		"advance?by=-1h":   "not a duration",
		"advance?by=9000h": "not a duration",
		"nothing":          "no POST /_trailkeeper/nothing here",
		"health":           "no POST /_trailkeeper/health here",
	} {
		if answer, status := b.post(t, path, ""); status < 400 || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s; want %q", path, status, answer, want)
		}
	}
	if n := b.events(t); n != 0 {
		t.Errorf("%d calls of the control API were recorded", n)
	}
}

func TestClock(t *testing.T) {
	config := sandbox.Config{Upstream: backend(t, store), State: t.TempDir(), Start: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	t.Run("advanced", func(t *testing.T) {
		b := open(t, config)
		b.must(t, "advance?by=24h", "")
		b.must(t, "events", `{"eventSource":"a","eventName":"Late"}`)
	})
	t.Run("goes on", func(t *testing.T) {
		config := config
		config.Start = time.Time{}
		b := open(t, config)
		b.must(t, "events", `{"eventSource":"a","eventName":"Later"}`)
		if records := b.customer("test", "").lookup(t, "us-east-1", "Later"); len(records) != 1 || !strings.Contains(records[0], `"eventTime":"2030-01-02T`) {
			t.Errorf("after a restart: %q", records)
		}
	})
	for name, change := range map[string]func(*testing.T, *sandbox.Config){
		"time does not go back": func(_ *testing.T, c *sandbox.Config) { c.Start = c.Start.Add(-time.Hour) },
		"it is of account":      func(_ *testing.T, c *sandbox.Config) { c.Account = "999999999999" },
		"another sandbox": func(t *testing.T, c *sandbox.Config) {
			config := *c
			config.Start = time.Time{}
			open(t, config)
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := config
			config.Account, config.Getenv = account, os.Getenv
			change(t, &config)
			if _, err := sandbox.Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDamagedState(t *testing.T) {
	for _, file := range []string{"sandbox.json", "trails.json"} {
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/"+file, []byte(`{"format":`), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sandbox.Open(t.Context(), sandbox.Config{Upstream: backend(t, store), State: dir, Account: account, Getenv: os.Getenv})
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

// TestNoSecretOutside looks for a secret key in all that a sandbox leaves behind.
func TestNoSecretOutside(t *testing.T) {
	dir := t.TempDir()
	var secret string
	t.Run("calls", func(t *testing.T) {
		b := open(t, sandbox.Config{State: dir})
		c := b.customer("test", "")
		c.makeUser(t, "alice")
		_, secret = c.makeAccessKey(t, "alice")
	})
	var leaks []string
	walk(t, dir, func(path string, text string) {
		if strings.Contains(text, secret) {
			leaks = append(leaks, path)
		}
	})
	if diff := cmp.Diff([]string(nil), leaks); diff != "" || secret == "" {
		t.Error(diff)
	}
}

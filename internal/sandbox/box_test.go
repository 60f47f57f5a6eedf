package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox"
)

const (
	account = "123456789012"
	region  = "eu-west-2"
)

// box is a sandbox for the time of a test. Nothing is delivered but when the test
// says so.
type box struct {
	*sandbox.Sandbox
	endpoint string
}

// open opens a sandbox, in front of a moto_server of its own unless the
// configuration names another upstream.
func open(t *testing.T, config sandbox.Config) *box {
	t.Helper()
	mototest.Environment(t)
	if config.Upstream == "" {
		config.Upstream = mototest.Start(t)
	}
	config.Account, config.Getenv, config.Loopback = account, os.Getenv, true
	config.DeliveryInterval, config.DigestInterval, config.UpstreamTimeout = time.Hour, time.Minute, time.Minute
	config.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := sandbox.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &box{s, server.URL}
}

// post asks the control API for something and returns its answer.
func (b *box) post(t *testing.T, path, body string) (answer string, status int) {
	t.Helper()
	resp := b.control(t, http.MethodPost, path, body)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), resp.StatusCode
}

// control is the answer of the control API to its administrator.
func (b *box) control(t *testing.T, method, path, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.endpoint+"/_trailkeeper/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if admin := b.Admin(); admin != nil {
		if err := admin.Sign(r, []byte(body), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// must is post where the answer is known to be good.
func (b *box) must(t *testing.T, path, body string) {
	t.Helper()
	if answer, status := b.post(t, path, body); status != http.StatusOK {
		t.Fatalf("POST %s: %d %s", path, status, answer)
	}
}

// config is the SDK's for a caller with that access key.
func (b *box) config(key, token string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &b.endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(key, "secret", token),
	}
}

// cli runs the AWS CLI and returns what it printed and its exit code.
func (b *box) cli(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }),
		"AWS_ENDPOINT_URL="+b.endpoint, "AWS_DEFAULT_REGION="+region, "AWS_PAGER=", "AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// succeed is cli where the command works.
func (b *box) succeed(t *testing.T, args ...string) string {
	t.Helper()
	output, code := b.cli(t, args...)
	if code != 0 {
		t.Fatalf("aws %s: exit %d\n%s", strings.Join(args, " "), code, output)
	}
	return output
}

// deliver delivers all that is due.
func (b *box) deliver(t *testing.T) {
	t.Helper()
	b.must(t, "deliver", "")
}

// events is how many events were recorded.
func (b *box) events(t *testing.T) (n uint64) {
	t.Helper()
	resp := b.control(t, http.MethodGet, "health", "")
	defer resp.Body.Close()
	var health struct{ Events uint64 }
	if err := json.NewDecoder(resp.Body).Decode(&health); err != nil {
		t.Fatal(err)
	}
	return health.Events
}

// backend is an upstream for the time of a test.
func backend(t *testing.T, handler http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// walk reads every file below a folder, gzip undone.
func walk(t *testing.T, dir string, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if unpacked, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			if text, err = io.ReadAll(unpacked); err != nil {
				return err
			}
		}
		visit(path, string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

package supplement_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox/supplement"
)

const account = "123456789012"

// sandbox is moto with a supplement in front of it.
type sandbox struct {
	*testing.T
	moto *url.URL
	file string
	url  string
	aws  aws.Config
}

func start(t *testing.T) *sandbox {
	t.Helper()
	moto, err := url.Parse(mototest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &sandbox{T: t, moto: moto, file: filepath.Join(t.TempDir(), "supplement.json")}
	s.restart()
	return s
}

// restart puts a new supplement in front of the same moto.
func (s *sandbox) restart() {
	s.Helper()
	handler, err := supplement.New(supplement.Options{
		File: s.file, Account: func(*http.Request) string { return account }, Now: time.Now,
	}, httputil.NewSingleHostReverseProxy(s.moto))
	if err != nil {
		s.Fatal(err)
	}
	server := httptest.NewServer(handler)
	s.Cleanup(server.Close)
	s.url = server.URL
	s.aws, err = config.LoadDefaultConfig(s.Context(), config.WithBaseEndpoint(server.URL), config.WithRegion("us-east-1"))
	if err != nil {
		s.Fatal(err)
	}
}

// cli runs the AWS CLI and returns what it prints.
func (s *sandbox) cli(arguments ...string) string {
	s.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		s.Skip("SKIPPED REAL SERVICE: the aws CLI is not installed; pip install awscli")
	}
	command := exec.CommandContext(s.Context(), path, append(arguments, "--endpoint-url", s.url, "--output", "json")...)
	// The CLI takes an empty AWS_PROFILE for the name of a profile.
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") && strings.HasSuffix(v, "=") })
	command.Env = append(command.Env, "AWS_DEFAULT_REGION=us-east-1")
	output, err := command.CombinedOutput()
	if err != nil {
		return string(output) + err.Error()
	}
	return string(output)
}

func (s *sandbox) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// refused tests that an error has the code.
func (s *sandbox) refused(err error, code string) {
	s.Helper()
	var failed smithy.APIError
	if !errors.As(err, &failed) || failed.ErrorCode() != code {
		s.Errorf("got %v, want %s", err, code)
	}
}

// What is not ours passes as it comes: a body that does not end is no obstacle.
func TestTheRestPassesUntouched(t *testing.T) {
	inOut := make(chan string)
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, 5)
		if _, err := io.ReadFull(r.Body, first); err != nil {
			t.Error(err)
		}
		inOut <- string(first)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("tea"))
	})
	handler, err := supplement.New(supplement.Options{}, next)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []struct{ service, method, path, header, value string }{
		{"s3", "PUT", "/bucket/key", "", ""},
		{"s3", "PUT", "/bucket", "", ""},
		{"logs", "POST", "/", "X-Amz-Target", "Logs_20140328.PutLogEvents"},
		{"securityhub", "GET", "/members", "", ""},
		{"sns", "POST", "/", "Content-Type", "application/x-www-form-urlencoded"},
		{"", "POST", "/", "X-Amz-Target", "Logs_20140328.TestMetricFilter"},
	} {
		body, write := io.Pipe()
		r := httptest.NewRequest(request.method, request.path, body)
		if request.service != "" {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/"+request.service+"/aws4_request, SignedHeaders=host, Signature=0")
		}
		r.Header.Set(request.header, request.value)
		w := httptest.NewRecorder()
		done := make(chan struct{})
		go func() {
			defer close(done)
			handler.ServeHTTP(w, r)
		}()
		_, _ = write.Write([]byte("start"))
		if got := <-inOut; got != "start" {
			t.Errorf("%v: the body starts with %q", request, got)
		}
		write.Close()
		<-done
		if w.Code != http.StatusTeapot || w.Body.String() != "tea" {
			t.Errorf("%v: answered %d %q", request, w.Code, w.Body)
		}
	}
}

func TestGarbage(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	handler, err := supplement.New(supplement.Options{Account: func(*http.Request) string { return account }, Now: time.Now}, next)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		service, method, path, header, value, body string
		status                                     int
	}{
		{"logs", "POST", "/", "X-Amz-Target", "Logs_20140328.TestMetricFilter", "{garbage", http.StatusBadRequest},
		{"logs", "POST", "/", "X-Amz-Target", "Logs_20140328.CreateLogGroup", "{garbage", http.StatusBadRequest},
		{"monitoring", "POST", "/", "X-Amz-Target", "GraniteServiceVersion20100801.EnableAlarmActions", "{garbage", http.StatusBadRequest},
		{"monitoring", "POST", "/service/x/operation/PutMetricAlarm", "Smithy-Protocol", "rpc-v2-cbor", "{garbage", http.StatusBadRequest},
		{"monitoring", "POST", "/service/x/operation/PutMetricAlarm", "Smithy-Protocol", "rpc-v2-cbor", "\xa1\x61T\xf9\x7e\x00", http.StatusBadRequest}, // T: NaN
		{"monitoring", "POST", "/service/x/operation/PutMetricAlarm", "Smithy-Protocol", "rpc-v2-cbor", strings.Repeat("\x81", 1<<20), http.StatusBadRequest},
		{"monitoring", "POST", "/service/x/operation/PutMetricAlarm", "Content-Encoding", "gzip", "{garbage", http.StatusOK},
		{"iam", "POST", "/", "Content-Type", "application/x-www-form-urlencoded", "Action=UpdateRole&%zz", http.StatusOK},
		{"iam", "POST", "/", "Content-Type", "application/x-www-form-urlencoded", "Action=UpdateRole", http.StatusBadGateway},
		{"s3", "PUT", "/bucket", "", "", "<garbage", http.StatusOK},
		{"securityhub", "POST", "/standards/register", "", "", "{garbage", http.StatusBadRequest},
		{"securityhub", "GET", "/standards", "", "", "", http.StatusInternalServerError}, // the upstream answers no JSON
	}
	for _, test := range tests {
		r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/"+test.service+"/aws4_request")
		r.Header.Set(test.header, test.value)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s %s: status %d, want %d: %s", test.service, test.value, w.Code, test.status, w.Body)
		}
	}
}

func TestDamagedState(t *testing.T) {
	for name, content := range map[string]string{"torn": `{"version":1,"logGr`, "of a later version": `{"version":2}`} {
		file := filepath.Join(t.TempDir(), "supplement.json")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := supplement.New(supplement.Options{File: file}, http.NotFoundHandler())
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v", name, err)
		}
		if left, err := os.ReadFile(file); err != nil || !bytes.Equal(left, []byte(content)) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

package trails_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	api "github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

const (
	account = "123456789012"
	other   = "210987654321"
	region  = "us-east-1"
	abroad  = "eu-west-1"
)

// start is when the clock of a test begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// sandbox is a store with surroundings that a test can change.
type sandbox struct {
	*trails.Store
	config trails.Config

	mu  sync.Mutex
	now time.Time
}

func open(t testing.TB, configure ...func(*trails.Config)) *sandbox {
	t.Helper()
	s := &sandbox{now: start}
	s.config = trails.Config{Dir: t.TempDir(), Now: s.clock}
	for _, f := range configure {
		f(&s.config)
	}
	s.reopen(t)
	return s
}

// reopen reads again what is on disk.
func (s *sandbox) reopen(t testing.TB) {
	t.Helper()
	store, err := trails.Open(s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.Store = store
}

func (s *sandbox) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *sandbox) advance(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(by)
}

// caller is who calls, from where.
type caller struct{ account, region string }

// call makes a call with a JSON body and returns the answer's body, or the error as
// "Code: message".
func (s *sandbox) call(t testing.TB, who caller, operation, body string) string {
	t.Helper()
	answer := s.Handle(t.Context(), api.Call{
		Operation: operation, Account: who.account, Region: who.region, Body: []byte(body), Arrived: s.clock(),
	})
	if answer.Status == http.StatusOK {
		if answer.ErrorType != "" {
			t.Errorf("%s succeeded with the error type %q", operation, answer.ErrorType)
		}
		return string(answer.Body)
	}
	var failure struct {
		Type    string `json:"__type"`
		Message string
	}
	if err := json.Unmarshal(answer.Body, &failure); err != nil {
		t.Fatalf("%s answered %s: %v", operation, answer.Body, err)
	}
	if failure.Type != answer.ErrorType {
		t.Errorf("%s answered %s with the error type %q", operation, answer.Body, answer.ErrorType)
	}
	return failure.Type + ": " + failure.Message
}

// must makes a call from the default account that has to succeed.
func (s *sandbox) must(t testing.TB, operation, body string) string {
	t.Helper()
	got := s.call(t, caller{account, region}, operation, body)
	if !strings.HasPrefix(got, "{") {
		t.Fatalf("%s %s: %s", operation, body, got)
	}
	return got
}

// serve puts the store behind an endpoint. An access key is the number of its
// account.
func (s *sandbox) serve(t *testing.T) (endpoint string) {
	t.Helper()
	scope := regexp.MustCompile(`Credential=(\d{12})/\d{8}/([^/]+)/cloudtrail/`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signer := scope.FindStringSubmatch(r.Header.Get("Authorization"))
		_, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "CloudTrail_20131101.")
		body, err := io.ReadAll(r.Body)
		if signer == nil || !ok || err != nil {
			http.Error(w, "no CloudTrail call", http.StatusNotFound)
			return
		}
		answer := s.Handle(r.Context(), api.Call{
			Operation: operation, Account: signer[1], Region: signer[2], Body: body, Arrived: s.clock(),
		})
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// client retries: the SDK now and then breaks the connection on which an answer
// comes before it has put its request away.
func client(endpoint string, who caller) *cloudtrail.Client {
	return cloudtrail.New(cloudtrail.Options{
		Region: who.region, BaseEndpoint: &endpoint,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(who.account, "secret", "")),
	})
}

// history is recorded events, oldest first.
type history []journal.Entry

func (h history) Backwards(yield func(journal.Entry) bool) error {
	for _, e := range slices.Backward(h) {
		if !yield(e) {
			break
		}
	}
	return nil
}

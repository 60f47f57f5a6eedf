package moto

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

func start(t *testing.T, opts Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), opts)
	if errors.Is(err, ErrMissing) {
		t.Skip(`SKIPPED REAL SERVICE: moto_server is not installed; pip install "moto[server]"`)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestServerAnswersUntilClosed(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "real")
	t.Setenv("MOTO_ACCOUNT_ID", "210987654321")
	var log tail
	s := start(t, Options{Log: &log})
	resp, err := http.PostForm(s.URL, map[string][]string{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	req, _ := http.NewRequest(http.MethodPost, s.URL, strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0")
	resp, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !bytes.Contains(body, []byte("<Account>123456789012</Account>")) {
		t.Errorf("GetCallerIdentity: %s", body)
	}
	if !Is(t.Context(), s.URL+"/") {
		t.Error("it is not taken for moto")
	}
	if err := s.Err(); err != nil {
		t.Errorf("Err while it runs: %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	<-s.Done()
	if err := s.Err(); err != nil {
		t.Errorf("Err after Close: %v", err)
	}
	if Is(t.Context(), s.URL) {
		t.Error("it answers after Close")
	}
	if !strings.Contains(log.String(), "POST / HTTP") {
		t.Errorf("the log does not have the requests: %s", log.String())
	}
}

func TestServerThatDiesByItselfSaysWhy(t *testing.T) {
	s := start(t, Options{})
	if err := s.process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "killed") || !strings.Contains(err.Error(), "Running on") {
		t.Errorf("Err: %v, want the signal and what it printed", err)
	}
}

// program puts a moto_server that is a shell script on the PATH, and nothing else.
func program(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "moto_server"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	t.Run("missing", func(t *testing.T) {
		program(t, "")
		_, err := Start(t.Context(), Options{})
		if !errors.Is(err, ErrMissing) || !strings.Contains(outcome.Hint(err), "pip install") {
			t.Errorf("got %v with the hint %q", err, outcome.Hint(err))
		}
	})
	t.Run("it ends at once", func(t *testing.T) {
		program(t, "echo 'no module named flask' >&2; exit 1")
		_, err := Start(t.Context(), Options{})
		if err == nil || !strings.Contains(err.Error(), "exit status 1\nno module named flask") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("it is cancelled", func(t *testing.T) {
		program(t, "exec /bin/sleep 1000")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Start(ctx, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestChildDoesNotSeeCredentials(t *testing.T) {
	env := environment([]string{"AWS_SECRET_ACCESS_KEY=s", "PATH=/bin", "AWS_PROFILE=p", "MOTO_ACCOUNT_ID=1"})
	if got := strings.Join(env, " "); got != "PATH=/bin MOTO_IAM_LOAD_MANAGED_POLICIES=true" {
		t.Errorf("got %s", got)
	}
}

func TestOtherServersAreNotMoto(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"not found":      http.NotFound,
		"anything":       func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") },
		"no JSON":        func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<ListBucketResult/>") },
		"a redirect":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere/", http.StatusFound) },
		"another status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
	} {
		server := httptest.NewServer(answer)
		if Is(t.Context(), server.URL) {
			t.Errorf("a server that answers %s is taken for moto", name)
		}
		server.Close()
		if Is(t.Context(), server.URL) {
			t.Error("a closed port is taken for moto")
		}
	}
	if Is(t.Context(), "://") {
		t.Error("an impossible URL is taken for moto")
	}
}

// asParent makes this test binary start a server and wait to be killed.
const asParent = "TEST_MOTO_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(asParent) == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.URL)
	select {}
}

func TestServerEndsWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a child whose parent was killed")
	}
	start(t, Options{}).Close() // skips without moto_server
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), asParent+"=1")
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 100)
	n, err := stdout.Read(line)
	url := strings.TrimSpace(string(line[:n]))
	if err != nil || !Is(t.Context(), url) {
		parent.Process.Kill()
		t.Fatalf("the server of the parent does not answer: %q, %v", url, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Fails by the deadline of the test if the child stays.
	for Is(t.Context(), url) {
		time.Sleep(20 * time.Millisecond)
	}
	parent.Wait()
}

func TestTailKeepsTheLast(t *testing.T) {
	var kept tail
	for i := range 10000 {
		fmt.Fprintf(&kept, "line %d\n", i)
	}
	if got := kept.String(); len(got) > tailSize || !strings.HasSuffix(got, "line 9998\nline 9999") {
		t.Errorf("kept %d bytes, ending in %q", len(got), got[len(got)-20:])
	}
}

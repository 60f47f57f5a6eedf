// Package versitygwtest runs versitygw, a server with the API of S3, for the duration of a test.
package versitygwtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// version is the release that tests run against.
const version = "v1.8.0"

const module = "github.com/versity/versitygw/cmd/versitygw"

// The access key of the server's administrator.
const (
	AccessKey = "storeroot"
	SecretKey = "store-secret"
)

// Server is a running server.
type Server struct {
	URL string
	// Folder holds a folder for each bucket.
	Folder string
	// Log is the file of the access log.
	Log string
}

// Start runs a server until the test ends. It is built once, below .cache. If it cannot
// be built, the test is skipped.
func Start(t *testing.T) Server {
	t.Helper()
	program := build(t)
	port := freePort(t)
	folder := t.TempDir()
	s := Server{URL: "http://127.0.0.1:" + port, Folder: filepath.Join(folder, "buckets"), Log: filepath.Join(folder, "access.log")}
	versions, attributes := filepath.Join(folder, "versions"), filepath.Join(folder, "attributes")
	for _, dir := range []string{s.Folder, versions, attributes} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program,
		"--port", "127.0.0.1:"+port, "--access", AccessKey, "--secret", SecretKey, "--access-log", s.Log, "--quiet",
		"posix", "--versioning-dir", versions, "--sidecar", attributes, s.Folder)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the test's context ends it, so its error does not matter
		close(ended)
	}()
	t.Cleanup(func() { <-ended })
	await(t, s.URL, ended)
	return s
}

// await returns when the server answers.
func await(t *testing.T, url string, ended chan struct{}) {
	t.Helper()
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close() // any answer is enough
			return
		}
		select {
		case <-ended:
			t.Fatal("versitygw ended before it answered")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// build installs the program once for all concurrent tests.
func build(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(root(t), ".cache", "bin")
	program := filepath.Join(dir, "versitygw-"+version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(program + ".lock")
	if _, err := lock.TryLockContext(t.Context(), 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if text, err := install(t.Context(), dir); err != nil {
		t.Skipf("SKIPPED REAL SERVICE: versitygw cannot be built: %v\n%s", err, text)
	}
	if err := os.Rename(filepath.Join(dir, filepath.Base(module)), program); err != nil {
		t.Fatal(err)
	}
	return program
}

func install(ctx context.Context, dir string) (output []byte, err error) {
	cmd := exec.CommandContext(ctx, "go", "install", module+"@"+version)
	cmd.Dir = os.TempDir() // outside of this module, which has other requirements
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod", "GOWORK=off")
	output, err = cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("install %s@%s: %w", module, version, err)
	}
	return output, err
}

// root is the folder of this module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

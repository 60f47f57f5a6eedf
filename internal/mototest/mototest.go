// Package mototest runs moto_server, an emulator of AWS, for the time of a test.
package mototest

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is for a machine busy with other tests; the server is ready in about
// two seconds.
const patience = 2 * time.Minute

// Start runs a server on a free port of the loopback interface until the test ends,
// and returns its URL. It sets credentials and a Region for the AWS SDK in the
// environment of the test, which therefore cannot be parallel. Without moto_server
// on this machine the test is skipped.
func Start(t *testing.T) (endpoint string) {
	t.Helper()
	path, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip(`SKIPPED REAL SERVICE: moto_server is not installed; pip install "moto[server]"`)
	}
	Environment(t)
	// Another program may take the port before the server does.
	for range 3 {
		if endpoint, ok := try(t, path, freePort(t)); ok {
			return endpoint
		}
	}
	t.Fatal("start moto_server: it ended three times before it answered")
	return ""
}

// Environment gives the AWS SDK credentials and a Region that are no real ones, and
// keeps it from looking for real ones.
func Environment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
		"AWS_MAX_ATTEMPTS": "", "AWS_RETRY_MODE": "",
	} {
		t.Setenv(name, value)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	return port
}

// try starts a server, and waits until it answers or ends.
func try(t *testing.T, path, port string) (endpoint string, ok bool) {
	t.Helper()
	output := new(lockedBuffer)
	server := exec.Command(path, "-H", "127.0.0.1", "-p", port)
	server.Stdout, server.Stderr = output, output
	server.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	// The server's Python may leave a child that holds the output open.
	server.WaitDelay = time.Second
	if err := server.Start(); err != nil {
		t.Fatalf("start moto_server: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Wait() // killed at the end of the test; before that its output says more
	}()
	t.Cleanup(func() {
		_ = server.Process.Kill() // fails only when it has ended already
		<-ended
	})
	endpoint = "http://127.0.0.1:" + port
	deadline := time.After(patience)
	for !answers(endpoint) {
		select {
		case <-ended:
			t.Logf("moto_server ended:\n%s", output)
			return "", false
		case <-deadline:
			t.Fatalf("moto_server gave no answer in %s:\n%s", patience, output)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return endpoint, true
}

func answers(endpoint string) bool {
	client := http.Client{Timeout: time.Second}
	resp, err := client.Get(endpoint + "/moto-api/data.json")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

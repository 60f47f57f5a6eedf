// Package mototest runs moto_server, an emulator of AWS, for the duration of a test.
package mototest

import (
	_ "embed" // of sitecustomize.py
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cerpac/trailkeeper/internal/moto"
)

// Main runs the tests of a package that starts servers often. They then use the same
// servers one after another, with the state of the earlier test removed: that takes a
// fraction of the time of a start. It returns the exit code of the tests.
//
//	func TestMain(m *testing.M) { os.Exit(mototest.Main(m)) }
func Main(m *testing.M) int {
	idle.start()
	code := m.Run()
	if err := idle.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// Start starts a server that runs until the test ends, and returns its URL. It sets
// credentials and a Region for the AWS SDK in the test's environment, so the test
// cannot be parallel. It skips the test if moto_server is not installed.
func Start(t *testing.T) (endpoint string) {
	t.Helper()
	Environment(t)
	server := idle.take()
	if server == nil {
		server = launch(t)
	}
	t.Cleanup(func() {
		if err := idle.put(server); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

//go:embed sitecustomize.py
var faster []byte

const pythonPath = "PYTHONPATH"

func launch(t *testing.T) *moto.Server {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sitecustomize.py"), faster, 0o600); err != nil {
		t.Fatal(err)
	}
	before := os.Getenv(pythonPath)
	t.Setenv(pythonPath, dir)
	server, err := moto.Start(t.Context(), moto.Options{})
	t.Setenv(pythonPath, before) // other programs of Python start sooner without
	if errors.Is(err, moto.ErrMissing) {
		t.Skip(`SKIPPED REAL SERVICE: moto_server is not installed; pip install "moto[server]"`)
	}
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// idle are the servers that no test uses, in the packages that call Main.
var idle = new(pool)

// pool holds servers without state.
type pool struct {
	mu      sync.Mutex
	keeps   bool
	servers []*moto.Server
}

// start makes the pool keep servers.
func (p *pool) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keeps = true
}

// close closes the servers, and keeps none from then on.
func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keeps = false
	var errs []error
	for _, server := range p.servers {
		errs = append(errs, server.Close())
	}
	p.servers = nil
	return errors.Join(errs...)
}

// take returns a server of the pool that still runs, or nil.
func (p *pool) take() *moto.Server {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.servers) > 0 {
		last := p.servers[len(p.servers)-1]
		p.servers = p.servers[:len(p.servers)-1]
		if last.Err() == nil {
			return last
		}
	}
	return nil
}

// put gives a server back after a test, or closes it if servers are not kept.
func (p *pool) put(server *moto.Server) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := server.Err(); err != nil {
		return err
	}
	if !p.keeps {
		return server.Close()
	}
	if err := reset(server.URL); err != nil {
		return errors.Join(err, server.Close())
	}
	p.servers = append(p.servers, server)
	return nil
}

// reset removes all that a server holds.
func reset(endpoint string) error {
	resp, err := http.Post(endpoint+"/moto-api/reset", "", nil)
	if err != nil {
		return fmt.Errorf("reset moto_server: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("reset moto_server: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("reset moto_server: %s", resp.Status)
	}
	return nil
}

// Environment sets fake credentials and a fake Region for the AWS SDK and keeps it
// from looking for real ones.
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

// Package moto runs moto_server, an emulator of AWS, as a child of this process.
package moto

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// startTimeout allows for a busy machine. The server is usually ready in about two
// seconds.
const startTimeout = 2 * time.Minute

// ErrMissing means that moto_server is not installed. Start wraps it with a hint how
// to install it.
var ErrMissing = errors.New("find moto_server: it is not on the PATH")

// Options configures a server.
type Options struct {
	// Log receives the output of the server, with a line for each request. It may be
	// nil. Errors include the end of the output in any case.
	Log io.Writer
}

// Server is a running moto_server. Its state is in memory only and is lost when it
// ends. moto's recorder cannot restore it: a replay generates other key material for
// KMS keys, and concurrent calls may swap generated IDs, such as access keys.
type Server struct {
	// URL is the server's endpoint.
	URL string

	process *os.Process
	output  *tail
	close   sync.Once
	closed  chan struct{}
	done    chan struct{}
	err     error // why it ended by itself; set before done is closed
}

// Start starts a server on a free loopback port and returns when it answers. ctx limits
// only this wait; Close ends the server. On Linux the server also ends with this
// process, even if that is killed.
func Start(ctx context.Context, opts Options) (*Server, error) {
	path, err := exec.LookPath("moto_server")
	if err != nil {
		return nil, outcome.WithHint(ErrMissing, `install it with: pip install "moto[server]"`)
	}
	// Another program may take the port before the server does.
	for range 3 {
		var s *Server
		if s, err = launch(path, opts); err != nil {
			return nil, err
		}
		if err = s.ready(ctx); err == nil {
			return s, nil
		}
		_ = s.Close() // err is more important
		if !errors.Is(err, errEnded) {
			break
		}
	}
	return nil, fmt.Errorf("start moto_server: %w", err)
}

// launch starts a server that may not answer yet.
func launch(path string, opts Options) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL: "http://127.0.0.1:" + port, output: &tail{also: opts.Log},
		closed: make(chan struct{}), done: make(chan struct{}),
	}
	cmd := exec.Command(path, "-H", "127.0.0.1", "-p", port)
	cmd.Stdout, cmd.Stderr = s.output, s.output
	cmd.Env = environment(os.Environ())
	cmd.SysProcAttr = attributes()
	// Python may leave a child process that keeps the output open.
	cmd.WaitDelay = time.Second
	started := make(chan error)
	go func() {
		// Linux kills the child when the thread that started it ends, so the thread must
		// live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			s.ended(cmd.Wait())
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start moto_server: %w", err)
	}
	s.process = cmd.Process
	return s, nil
}

var errEnded = errors.New("it ended")

func (s *Server) ended(err error) {
	select {
	case <-s.closed:
	default:
		if err == nil {
			err = errors.New("exit status 0")
		}
		s.err = fmt.Errorf("%w: %w\n%s", errEnded, err, s.output)
	}
	close(s.done)
}

// ready waits until the server answers.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for !Is(ctx, s.URL) {
		select {
		case <-s.done:
			return s.err
		case <-ctx.Done():
			return fmt.Errorf("wait for its answer: %w\n%s", ctx.Err(), s.output)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// Close ends the server and its child processes, and waits until it has ended.
func (s *Server) Close() error {
	s.close.Do(func() { close(s.closed) })
	select {
	case <-s.done:
		return nil
	default:
	}
	if err := kill(s.process); err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end moto_server: %w", err)
	}
	<-s.done
	return nil
}

// Done returns a channel that is closed when the server has ended.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err returns why the server ended by itself, with the end of its output. It is nil
// while the server runs and after Close.
func (s *Server) Err() error {
	select {
	case <-s.done:
		if s.err != nil {
			return fmt.Errorf("run moto_server: %w", s.err)
		}
	default:
	}
	return nil
}

// Is reports whether moto answers at the URL.
func Is(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/moto-api/config", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	// Other servers may answer any path, so the content is checked.
	var config struct {
		Batch, Lambda json.RawMessage
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&config)
	return err == nil && resp.StatusCode < 300 && config.Batch != nil && config.Lambda != nil
}

// environment returns own without AWS settings and credentials, and without moto's
// setting for the account of all callers.
func environment(own []string) []string {
	env := slices.DeleteFunc(own, func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "MOTO_ACCOUNT_ID=")
	})
	// This loads the AWS managed policies, such as AdministratorAccess.
	return append(env, "MOTO_IAM_LOAD_MANAGED_POLICIES=true")
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

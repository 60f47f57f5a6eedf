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

// startTimeout is for a machine busy with other work; the server is ready in about
// two seconds.
const startTimeout = 2 * time.Minute

// ErrMissing says that moto_server is not on this machine. The error that Start
// returns for it has a hint how to install it.
var ErrMissing = errors.New("find moto_server: it is not on the PATH")

// Options say how a server runs.
type Options struct {
	// Log gets what the server prints, a line for each request among it. Nil is
	// nowhere; errors have the last of it in any case.
	Log io.Writer
}

// Server is a running moto_server. It keeps everything in memory, so what it
// holds ends with it. Its own recorder cannot bring that back: a replay gives KMS
// keys other key material, so that nothing decrypts, and calls that came at
// the same time swap their generated ids, access keys among them.
type Server struct {
	// URL is where it answers.
	URL string

	process *os.Process
	output  *tail
	close   sync.Once
	closed  chan struct{}
	done    chan struct{}
	err     error // why it ended by itself, once done is closed
}

// Start runs a server on a free port of the loopback interface, and returns when
// it answers. The context bounds that wait only: Close ends the server. On Linux
// it ends with this process too, even if that is killed.
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
		_ = s.Close() // err says more
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
	// The server's Python may leave a child that holds the output open.
	cmd.WaitDelay = time.Second
	started := make(chan error)
	go func() {
		// Linux ends the child with the thread that started it, so that thread has
		// to live as long.
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

// Close ends the server with all it started, and waits until it has ended.
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

// Done is closed when the server has ended.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err tells why the server ended by itself, with the last it printed. It is nil
// while it runs and after Close.
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

// Is tells whether moto answers at the URL.
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
	// Other servers may answer any path, so the answer has to be moto's.
	var config struct {
		Batch, Lambda json.RawMessage
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&config)
	return err == nil && resp.StatusCode < 300 && config.Batch != nil && config.Lambda != nil
}

// environment is this process's without the settings and credentials of AWS, which
// are none of an emulator's business, and without what would be the account of every
// caller.
func environment(own []string) []string {
	env := slices.DeleteFunc(own, func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "MOTO_ACCOUNT_ID=")
	})
	// Accounts have the policies that AWS manages, such as AdministratorAccess.
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

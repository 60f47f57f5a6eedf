package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/loadtest"
)

// endpoint is a process that serves HTTP until it is stopped.
type endpoint struct {
	url    string
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// start starts a process whose first line of output is its URL.
func start(cmd *exec.Cmd) (*endpoint, error) {
	e := &endpoint{cmd: cmd}
	cmd.Stderr = &e.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = e.kill() // it ended by itself
		return nil, fmt.Errorf("start %q: %w\n%s", cmd.Args, err, strings.TrimSpace(e.stderr.String()))
	}
	e.url = regexp.MustCompile(`http://[0-9.:]+`).FindString(line)
	return e, nil
}

// kill ends a process that is not measured.
func (e *endpoint) kill() error {
	err := e.cmd.Process.Kill()
	_ = e.cmd.Wait() // its error says that it was killed
	return err
}

// stop asks the process to end, and returns its sample.
func (e *endpoint) stop() (sample, error) {
	if err := e.cmd.Process.Signal(os.Interrupt); err != nil {
		return sample{}, err
	}
	if err := e.cmd.Wait(); err != nil {
		return sample{}, fmt.Errorf("stop %q: %w\n%s", e.cmd.Args, err, strings.TrimSpace(e.stderr.String()))
	}
	state := e.cmd.ProcessState
	return sample{CPU: (state.UserTime() + state.SystemTime()).Seconds(), Peak: peak(state)}, nil
}

// serve listens on a free port until the process is killed.
func serve(ctx context.Context, stdout io.Writer, handler http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	return http.Serve(listener, handler)
}

// serveUpstream serves the upstream behind the sandbox; it stores what is delivered.
func serveUpstream(ctx context.Context, stdout io.Writer, dir string) error {
	return serve(ctx, stdout, loadtest.NewUpstream(dir))
}

// serveProxy forwards calls and does nothing else.
func serveProxy(ctx context.Context, stdout io.Writer, address string) error {
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: connections}
	return serve(ctx, stdout, proxy)
}

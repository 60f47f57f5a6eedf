package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/internal/moto"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/sandbox/access"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

const (
	// sandboxAddress is the default listen address of a sandbox.
	sandboxAddress = "127.0.0.1:4580"
	// roleDelay is the time for which --strict-propagation refuses a changed
	// role.
	roleDelay = 5 * time.Second
	// farewell is the time that calls in progress have when the sandbox is
	// stopped.
	farewell = 5 * time.Second
)

type sandboxOptions struct {
	sandbox.Config
	listen           string
	clock            string
	permissions      policyCheck
	strict           bool
	certificate, key string
	region           string   // that the command calls
	command          []string // runs with the sandbox; nil serves until Ctrl-C
}

// policyCheck says whether the upstream evaluates policies.
type policyCheck string

const (
	checkStrict policyCheck = "strict"
	checkNone   policyCheck = "none"
)

func newSandboxCommand(s *streams) *cobra.Command {
	opts := sandboxOptions{permissions: checkStrict}
	cmd := &cobra.Command{
		Use:   "sandbox [flags] [-- COMMAND [ARGUMENT...]]",
		Short: "Run a local AWS endpoint with CloudTrail",
		Long: `Run an AWS endpoint with CloudTrail on this machine: each call becomes a
CloudTrail record, and trails deliver log files, signed digest files, log streams
and notifications.

The sandbox is a proxy. It answers CloudTrail's own API and forwards every other
request unchanged to the upstream: moto_server, which is started and ended with
the sandbox, or the AWS-compatible endpoint given with --upstream.

With a COMMAND the sandbox uses a free port, runs the command with the variables
of 'sandbox env' in its environment, delivers its events, and ends with the
command's exit code.

It listens to this machine only, unless --listen says otherwise. CloudTrail's API
and the control API take the administrator's keys only, but for a sandbox before
moto that only this machine reaches. They are made at the first start, shown once
on the terminal, and kept in the state folder.`,
		Example: `  trailkeeper sandbox
  trailkeeper sandbox -- aws cloudtrail lookup-events
  trailkeeper sandbox --state sandbox-state --delivery-interval 1s
  trailkeeper sandbox --upstream http://127.0.0.1:9000 --permissions none
  eval "$(trailkeeper sandbox env)"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() == 0 {
				return nil
			}
			return outcome.WithHint(noArguments(cmd, args), "put -- before a command that is to run in the sandbox")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.command = args
			if len(args) > 0 && !cmd.Flags().Changed("listen") {
				opts.listen = "127.0.0.1:0"
			}
			return runSandbox(cmd.Context(), opts, s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.listen, "listen", sandboxAddress, "address to listen on; port 0 takes a free one")
	f.StringVar(&opts.Upstream, "upstream", "", "URL of an AWS-compatible endpoint (default: a moto_server of its own)")
	f.StringVar(&opts.State, "state", "", "folder that outlives the sandbox (default: a temporary one)")
	f.StringVar(&opts.Account, "account", "123456789012", "account of unknown callers")
	f.DurationVar(&opts.DeliveryInterval, "delivery-interval", 5*time.Second, "how often log files are delivered")
	f.DurationVar(&opts.DigestInterval, "digest-interval", time.Minute, "how often digest files are delivered")
	f.StringVar(&opts.clock, "clock", "real", "real, or the time to start at, such as 2026-01-11, 2026-01-11T08:00:00Z or 7d")
	f.Var(choiceFlag(&opts.permissions, checkStrict, checkNone), "permissions", "strict refuses a trail whose bucket, key, topic or role does not let CloudTrail deliver; none evaluates no policies")
	f.BoolVar(&opts.strict, "strict-propagation", false, "refuse a role for some seconds after it changed, as AWS does")
	f.StringArrayVar(&opts.AllowHosts, "allow-host", nil, "name by which others may call the sandbox, besides local ones")
	f.BoolVar(&opts.VirtualHosts, "upstream-virtual-hosts", false, "the upstream serves buckets by host name, BUCKET.HOST, too")
	f.StringVar(&opts.region, "region", callerRegion(s.getenv), "Region that COMMAND calls (default: AWS_REGION, AWS_DEFAULT_REGION or us-east-1)")
	f.DurationVar(&opts.UpstreamTimeout, "upstream-timeout", time.Minute, "how long the upstream may take to begin an answer")
	f.StringVar(&opts.certificate, "tls-cert", "", "certificate file, to serve TLS")
	f.StringVar(&opts.key, "tls-key", "", "key file of the certificate")
	cmd.AddCommand(newSandboxEnvCommand(s))
	return cmd
}

// check completes the configuration, or returns a usage error.
func (o *sandboxOptions) check(s *streams) error {
	switch {
	case len(o.Account) != 12 || strings.Trim(o.Account, "0123456789") != "":
		return fmt.Errorf("--account %q: not the 12 digits of an account", o.Account)
	case o.DeliveryInterval < 10*time.Millisecond:
		return fmt.Errorf("--delivery-interval %s: shorter than 10ms", o.DeliveryInterval)
	case o.DigestInterval < time.Second || o.DigestInterval%time.Second != 0:
		return fmt.Errorf("--digest-interval %s: not whole seconds, by which digest files are named", o.DigestInterval)
	case o.UpstreamTimeout <= 0:
		return fmt.Errorf("--upstream-timeout %s: not a time to wait", o.UpstreamTimeout)
	case (o.certificate == "") != (o.key == ""):
		return errors.New("--tls-cert and --tls-key go together")
	}
	if o.Upstream != "" {
		if target, err := url.Parse(o.Upstream); err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https") {
			return fmt.Errorf("--upstream %q: not a URL such as http://127.0.0.1:9000", o.Upstream)
		}
	}
	if o.clock != "real" {
		start, err := quantity.ParseTime(o.clock, s.now())
		if err != nil {
			return fmt.Errorf("--clock: %w", err)
		}
		o.Start = start
	}
	if o.strict {
		o.Propagation = roleDelay
	}
	o.Unchecked = o.permissions == checkNone
	o.Getenv = s.getenv
	o.Log = slog.New(slog.NewTextHandler(s.err, nil))
	return nil
}

// callerRegion returns the Region in the environment, as the AWS CLI reads it.
func callerRegion(getenv func(string) string) string {
	return cmp.Or(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"), "us-east-1")
}

func runSandbox(ctx context.Context, opts sandboxOptions, s *streams) (err error) {
	if err := opts.check(s); err != nil {
		return outcome.Usage(err)
	}
	listener, err := listen(opts)
	if err != nil {
		return outcome.CouldNotLook(fmt.Errorf("start sandbox: %w", err))
	}
	defer listener.Close()
	opts.Loopback = isLoopback(listener.Addr())
	if len(opts.command) > 0 && opts.Upstream != "" {
		opts.Owner = access.Own(ctx, s.getenv)
	}
	box, err := sandbox.Open(ctx, opts.Config)
	if err != nil {
		if errors.Is(err, moto.ErrMissing) {
			err = outcome.WithHint(err, outcome.Hint(err)+", or name another endpoint with --upstream")
		}
		return outcome.CouldNotLook(fmt.Errorf("start sandbox: %w", err))
	}
	defer func() {
		if failed := box.Close(); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	address := opts.url(listener.Addr().String())
	if len(opts.command) > 0 {
		return serve(ctx, box, listener, func(ctx context.Context) error {
			return runInside(ctx, opts, sandboxVariables(address, opts.region, commandKeys(box.Admin(), opts.Owner)), s)
		})
	}
	if err := greet(s.out, opts, address, box); err != nil {
		return err
	}
	err = serve(ctx, box, listener, func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	})
	part(s.err, opts, box)
	return err
}

// part reports what is left of the sandbox.
func part(w io.Writer, opts sandboxOptions, box *sandbox.Sandbox) {
	left := "nothing is left of it"
	if opts.State != "" {
		left = "they are kept in " + opts.State
	}
	_, _ = fmt.Fprintf(w, "sandbox ended with %s events recorded; %s\n", quantity.FormatCount(int64(box.Events())), left)
}

// url returns the URL of the sandbox for clients.
func (o *sandboxOptions) url(address string) string {
	if o.certificate != "" {
		return "https://" + address
	}
	return "http://" + address
}

func listen(opts sandboxOptions) (net.Listener, error) {
	var secure *tls.Config
	if opts.certificate != "" {
		pair, err := tls.LoadX509KeyPair(opts.certificate, opts.key)
		if err != nil {
			return nil, err
		}
		secure = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	listener, err := net.Listen("tcp", opts.listen)
	if err != nil {
		return nil, err
	}
	listener = sandbox.Bound(listener)
	if secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	return listener, nil
}

// greet prints the address of the sandbox.
func greet(w io.Writer, opts sandboxOptions, address string, box *sandbox.Sandbox) error {
	state := ""
	if admin := box.Admin(); admin != nil {
		state = " --state " + shellQuote(filepath.Dir(admin.File))
	}
	_, err := fmt.Fprintf(w, `sandbox at %[1]s, account %[2]s, in front of %[3]s

%[4]sIn another shell:
  eval "$(trailkeeper sandbox env --url %[1]s%[5]s)"
  aws sts get-caller-identity

Ctrl-C ends it.
`, address, opts.Account, box.Upstream(), introduce(box.Admin(), terminal.Is(w)), state)
	return err
}

// introduce describes where the administrator's keys are. It includes new keys
// only if they are shown to a person: other output may be a log.
func introduce(admin *access.Admin, person bool) string {
	if admin == nil {
		return ""
	}
	text := "CloudTrail's API and the control API take the administrator's keys only. They are in\n" + admin.File
	if !admin.Fresh || !person {
		return text + "\n\n"
	}
	return text + ", and not shown again:\n  AWS_ACCESS_KEY_ID=" + admin.AccessKey + "\n  AWS_SECRET_ACCESS_KEY=" + admin.Secret + "\n\n"
}

// isLoopback reports whether an address can be reached only from this machine.
func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// serve answers calls and runs deliveries while inside runs.
func serve(ctx context.Context, box *sandbox.Sandbox, listener net.Listener, inside func(context.Context) error) error {
	server := box.Server()
	group, working := errgroup.WithContext(ctx)
	// Deliveries end last, after all calls are recorded.
	delivering, stop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return box.Run(delivering) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		defer stop()
		err := inside(working)
		// Calls in progress are answered first.
		end, abort := context.WithTimeout(context.Background(), farewell)
		defer abort()
		if server.Shutdown(end) != nil {
			err = errors.Join(err, server.Close())
		}
		return err
	})
	return group.Wait()
}

// runInside runs a command with the sandbox. Its exit code becomes ours.
func runInside(ctx context.Context, opts sandboxOptions, variables []variable, s *streams) error {
	name := opts.command[0]
	child := exec.CommandContext(ctx, name, opts.command[1:]...)
	child.Stdin, child.Stdout, child.Stderr = s.in, terminal.Direct(s.out), terminal.Direct(s.err)
	child.Cancel = func() error { return child.Process.Signal(os.Interrupt) }
	child.WaitDelay = farewell
	child.Env = with(os.Environ(), variables)
	err := child.Run()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		return outcome.Command(name, exitCode(ended.ProcessState))
	}
	if err != nil {
		return outcome.CouldNotLook(fmt.Errorf("run %q: %w", name, err))
	}
	return nil
}

// exitCode returns the exit code of a command as a shell reports it: 128 plus
// the number of the signal if a signal ended it.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// with returns an environment with variables set.
func with(environment []string, variables []variable) []string {
	for _, v := range variables {
		environment = slices.DeleteFunc(environment, func(entry string) bool { return strings.HasPrefix(entry, v.name+"=") })
		if v.value != "" {
			environment = append(environment, v.name+"="+v.value)
		}
	}
	return environment
}

// Package sandbox is a local AWS endpoint with CloudTrail: a proxy that records each call, answers CloudTrail's own API and delivers the logs of trails.
//
// All other services are those of the emulator behind it, the upstream. docs/sandbox.md
// lists the differences from AWS.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/moto"
	"github.com/cerpac/trailkeeper/internal/sandbox/access"
	"github.com/cerpac/trailkeeper/internal/sandbox/delivery"
	"github.com/cerpac/trailkeeper/internal/sandbox/identity"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

// Config configures a Sandbox.
type Config struct {
	// Upstream is the URL of an emulator; "" starts moto_server.
	Upstream string
	// State is the folder for persistent state; "" uses a temporary one.
	State string
	// Account is the 12 digits of the account of unknown access keys.
	Account string
	// DeliveryInterval and DigestInterval are how often log files and digest
	// files are written.
	DeliveryInterval, DigestInterval time.Duration
	// Start is the first time that the clock shows. Zero continues from State, or uses
	// real time.
	Start time.Time
	// Propagation is how long a changed role is refused. Zero refuses none.
	Propagation time.Duration
	// Unchecked delivers without evaluating policies, for servers that have none.
	Unchecked bool
	// Loopback says that only this machine can reach the endpoint. In front of moto,
	// which stores nothing of value, anybody may then call CloudTrail.
	Loopback bool
	// Owner has keys that count as the administrator's; nil for none.
	Owner *access.Admin
	// AllowHosts are additional names by which the sandbox may be called.
	AllowHosts []string
	// VirtualHosts says that the upstream, if it is not moto, serves buckets by host
	// name: BUCKET.HOST besides HOST/BUCKET.
	VirtualHosts bool
	// UpstreamTimeout is the time until the upstream must begin its answer.
	UpstreamTimeout time.Duration
	// Getenv returns the credentials for the upstream.
	Getenv func(string) string
	// Log receives errors that no client gets.
	Log *slog.Logger
}

const (
	// historyDays is the length of CloudTrail's event history.
	historyDays = 90
	// lastDelivery limits the time of the last delivery.
	lastDelivery = 10 * time.Second
)

// Sandbox is an open sandbox.
type Sandbox struct {
	config      Config
	dir         string
	clock       *clock
	upstreamURL *url.URL
	isMoto      bool
	closers     []func() error // in the order of opening
	child       *moto.Server   // nil if the sandbox did not start the upstream

	admin       *access.Admin // nil if anybody may call CloudTrail
	refusals    fewLines
	clients     *upstream.Clients
	journal     *journal.Journal
	people      *identity.Directory
	trails      *trails.Store
	delivery    *delivery.Deliverer
	propagation *propagation
	handler     http.Handler
}

// Open starts the upstream, unless it is external, and reads the state.
func Open(ctx context.Context, config Config) (*Sandbox, error) {
	s := &Sandbox{
		config: config, clock: new(clock),
		propagation: &propagation{delay: config.Propagation, changed: map[string]time.Time{}},
	}
	for _, step := range []func(context.Context) error{s.openState, s.openUpstream, s.openAdmin, s.openParts, s.openHandler} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// openState opens the folder and sets the clock.
func (s *Sandbox) openState(context.Context) error {
	s.dir = s.config.State
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "trailkeeper-sandbox-")
		if err != nil {
			return fmt.Errorf("open state: %w", err)
		}
		s.dir = dir
		s.closers = append(s.closers, func() error { return os.RemoveAll(dir) })
	} else if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("open state: %w", err)
	}
	var err error
	if s.journal, err = journal.Open(filepath.Join(s.dir, "journal")); err != nil {
		return err
	}
	s.closers = append(s.closers, s.journal.Close)
	before, err := readState(s.dir)
	if err != nil {
		return err
	}
	if before != nil {
		if before.Account != s.config.Account {
			return fmt.Errorf("open state %q: it is of account %s, not %s", s.dir, before.Account, s.config.Account)
		}
		s.clock.offset = before.Offset
	}
	if !s.config.Start.IsZero() {
		s.clock.offset = time.Until(s.config.Start)
	}
	if err := s.checkClock(); err != nil {
		return err
	}
	return s.memory().write(s.dir)
}

// checkClock returns an error if the clock is before the last event: digests and
// history require that time never goes back.
func (s *Sandbox) checkClock() error {
	var last time.Time
	err := s.journal.Backwards(func(e journal.Entry) bool {
		last = e.Time
		return false
	})
	if err != nil {
		return err
	}
	if now := s.clock.now(); last.After(now) {
		return fmt.Errorf("set clock to %s: the state has events up to %s, and time does not go back", now.Format(time.RFC3339), last.Format(time.RFC3339))
	}
	return nil
}

func (s *Sandbox) memory() memory {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	return memory{Account: s.config.Account, Offset: s.clock.offset}
}

func (s *Sandbox) openUpstream(ctx context.Context) error {
	address := s.config.Upstream
	if address == "" {
		child, err := moto.Start(ctx, moto.Options{})
		if err != nil {
			return err
		}
		s.child, address, s.isMoto = child, child.URL, true
		s.closers = append(s.closers, child.Close)
	} else {
		s.isMoto = moto.Is(ctx, address)
	}
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https") {
		return fmt.Errorf("open upstream %q: not a URL such as http://127.0.0.1:9000", address)
	}
	s.upstreamURL = target
	s.clients = upstream.New(upstream.Options{
		Endpoint: address, Account: s.config.Account, Moto: s.isMoto, OwnMoto: s.child != nil, Getenv: s.config.Getenv,
	})
	return nil
}

// openAdmin determines who may call CloudTrail's API and the control API.
func (s *Sandbox) openAdmin(context.Context) (err error) {
	if s.config.Loopback && s.isMoto {
		return nil
	}
	s.admin, err = access.Open(s.dir)
	return err
}

// openParts opens the stateful parts.
func (s *Sandbox) openParts(context.Context) (err error) {
	s.people, err = identity.Open(identity.Config{
		File: filepath.Join(s.dir, "identities.jsonl"), Account: s.config.Account, Ask: s.ownerOf, Now: s.clock.now,
	})
	if err != nil {
		return err
	}
	var checker permit.Checker
	if !s.config.Unchecked {
		checker = permit.New(s.clients, s.propagation.fresh)
	}
	organizations := &orgs{clients: s.clients, known: map[string]membership{}}
	s.trails, err = trails.Open(trails.Config{
		Dir: s.dir, Now: s.clock.now, Permit: checker, Keys: keys{s.clients}, Organizations: organizations,
		Status: func(id, region string) trails.Status { return s.delivery.Status(id, region) },
		PublicKeys: func(region string, from, until time.Time) []digest.PublicKey {
			return s.delivery.PublicKeys(region, from, until)
		},
		History: s.journal,
	})
	if err != nil {
		return err
	}
	objects, streams, notifier := delivery.ToAWS(s.clients, time.Now)
	s.delivery, err = delivery.Open(delivery.Config{
		Dir: filepath.Join(s.dir, "delivery"), Now: s.clock.now, Journal: s.journal, Trails: s.trails,
		Member: organizations.member, Permit: checker, Objects: objects, Streams: streams, Notifier: notifier, DigestInterval: s.config.DigestInterval,
		Report: func(err error) { s.config.Log.Warn("delivery", "error", err) },
	})
	return err
}

// Handler returns the handler of the endpoint.
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Upstream returns the URL of the upstream.
func (s *Sandbox) Upstream() string { return s.upstreamURL.String() }

// Admin returns the key for CloudTrail's API and the control API, or nil if anybody may
// call them.
func (s *Sandbox) Admin() *access.Admin { return s.admin }

// Events returns the number of recorded events.
func (s *Sandbox) Events() uint64 { return s.journal.Last() }

// Run delivers at every interval until the context is done, and then once more. It
// returns earlier if an upstream started by the sandbox ends.
func (s *Sandbox) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.config.DeliveryInterval)
	defer ticker.Stop()
	var gone <-chan struct{} // nil if the sandbox did not start the upstream
	if s.child != nil {
		gone = s.child.Done()
	}
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastDelivery)
			defer cancel()
			return s.pass(last)
		case <-gone:
			return s.child.Err()
		case <-ticker.C:
			if err := s.pass(ctx); err != nil && ctx.Err() == nil {
				s.config.Log.Error("deliver", "error", err)
			}
		}
	}
}

// pass makes one delivery pass and trims journal entries that are no longer needed.
func (s *Sandbox) pass(ctx context.Context) error {
	if err := s.delivery.Pass(ctx); err != nil {
		return err
	}
	return s.journal.Trim(s.clock.now().AddDate(0, 0, -historyDays), s.delivery.Needed())
}

// Close closes what Open opened. The next sandbox with the same state delivers the
// remaining events.
func (s *Sandbox) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

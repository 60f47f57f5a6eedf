// Package sandbox is a local AWS endpoint in which CloudTrail works: a proxy that records each call, answers CloudTrail's own API and delivers what trails ask for.
//
// Everything but CloudTrail is an emulator behind it, the upstream. docs/sandbox.md
// tells where the sandbox differs from AWS.
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
	// State is the folder that outlives the sandbox; "" is a temporary one.
	State string
	// Account is the 12 digits of the account of unknown access keys.
	Account string
	// DeliveryInterval and DigestInterval are how often log files and digest
	// files are written.
	DeliveryInterval, DigestInterval time.Duration
	// Start is what the clock shows first. Zero goes on where State left it, or
	// with the real time.
	Start time.Time
	// Propagation is how long a changed role is refused. Zero refuses none.
	Propagation time.Duration
	// Unchecked delivers without asking policies, for stores that have none.
	Unchecked bool
	// Loopback says that only this machine reaches the endpoint. In front of moto,
	// which keeps nothing of value, anybody may then call CloudTrail.
	Loopback bool
	// Owner has keys that count as the administrator's; nil for none.
	Owner *access.Admin
	// AllowHosts are names by which the sandbox may be called besides local ones.
	AllowHosts []string
	// VirtualHosts says that the upstream, other than moto, serves buckets by host
	// name: BUCKET.HOST besides HOST/BUCKET.
	VirtualHosts bool
	// UpstreamTimeout is how long the upstream may take to begin an answer.
	UpstreamTimeout time.Duration
	// Getenv gives the credentials for the upstream.
	Getenv func(string) string
	// Log receives what goes wrong behind the scenes.
	Log *slog.Logger
}

const (
	// historyDays is how long CloudTrail's event history lasts.
	historyDays = 90
	// lastDelivery is how long the last one may take.
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
	child       *moto.Server   // nil when the upstream is somebody else's

	admin       *access.Admin // nil when anybody may call CloudTrail
	refusals    fewLines
	clients     *upstream.Clients
	journal     *journal.Journal
	people      *identity.Directory
	trails      *trails.Store
	delivery    *delivery.Deliverer
	propagation *propagation
	handler     http.Handler
}

// Open starts the upstream, if it is the sandbox's own, and reads the state.
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

// openState finds the folder and sets the clock.
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
	before, err := remember(s.dir)
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
	if err := s.timeGoesOn(); err != nil {
		return err
	}
	return s.memory().write(s.dir)
}

// timeGoesOn returns an error if the clock is before the last event: digests and history
// rely on time never going back.
func (s *Sandbox) timeGoesOn() error {
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

// openAdmin finds out who may call CloudTrail's API and the control API.
func (s *Sandbox) openAdmin(context.Context) (err error) {
	if s.config.Loopback && s.isMoto {
		return nil
	}
	s.admin, err = access.Open(s.dir)
	return err
}

// openParts opens what keeps state.
func (s *Sandbox) openParts(context.Context) (err error) {
	s.people, err = identity.Open(identity.Config{
		File: filepath.Join(s.dir, "identities.jsonl"), Account: s.config.Account, Ask: s.whose, Now: s.clock.now,
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

// Admin has the keys with which CloudTrail's API and the control API may be called,
// or is nil when anybody may.
func (s *Sandbox) Admin() *access.Admin { return s.admin }

// Events returns the number of recorded events.
func (s *Sandbox) Events() uint64 { return s.journal.Last() }

// Run delivers at every interval until the context is done, and then once more. It
// returns earlier if the upstream that the sandbox started ends.
func (s *Sandbox) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.config.DeliveryInterval)
	defer ticker.Stop()
	var gone <-chan struct{} // never, when the upstream is somebody else's
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

// Close ends what Open started. Undelivered events are delivered by the next sandbox
// with the same state.
func (s *Sandbox) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

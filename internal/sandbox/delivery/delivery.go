// Package delivery delivers recorded events to trails: log files and digests to buckets, events to log groups, notifications to topics.
//
// Each trail has a state, one file that is replaced as a whole, and a spool of
// files that are queued for buckets. Both are written before the first attempt to
// put an object: its key and bytes are fixed, and the cursor is past its events. So
// after a kill at any moment the same bytes go to the same key, and every event is
// in exactly one object. Log groups and topics have no keys: after a kill they may
// receive a few events or messages twice, as with CloudTrail itself.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/sandbox/delivery/keyring"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// Config configures a Deliverer. Member, Permit, Streams, Notifier and Report may
// be nil.
type Config struct {
	// Dir is the deliverer's own folder.
	Dir string
	// Now is the sandbox's clock.
	Now     func() time.Time
	Journal Journal
	Trails  Trails
	// Member reports whether an account is in the organization of an organization
	// trail. If it is nil, every account is.
	Member func(ctx context.Context, t trails.Trail, account string) bool
	// Permit checks whether CloudTrail may deliver. If it is nil, it always may.
	Permit   permit.Checker
	Objects  Objects
	Streams  Streams
	Notifier Notifier
	// DigestInterval is the time that a digest covers, in whole seconds. Zero means
	// one hour, as in AWS.
	DigestInterval time.Duration
	// Report is called when deliveries begin to fail. The trail's status has the
	// AWS error code.
	Report func(error)

	files files // tests set it to simulate a failing disk
}

// Journal reads the recorded events.
type Journal interface {
	Last() uint64
	Read(from uint64, yield func(journal.Entry) error) error
	Backwards(yield func(journal.Entry) bool) error
}

// Trails lists the trails to deliver to. All includes deleted trails; Forget is
// called when everything of a deleted trail is delivered.
type Trails interface {
	All() []trails.Trail
	Forget(id string) error
}

// files stores the state and the queued files. Write is atomic.
type files interface {
	Write(name string, data []byte) error
	Read(name string) ([]byte, error)
	Remove(name string) error
}

// Deliverer delivers the events of all trails. It is safe for concurrent use.
type Deliverer struct {
	config Config
	keys   *keyring.Ring

	passing  sync.Mutex // one pass at a time
	reported map[string]string
	mu       sync.Mutex // guards the map, and the Status in each state
	states   map[string]*state
}

// Open returns a Deliverer that continues from the state in c.Dir.
func Open(c Config) (*Deliverer, error) {
	if c.files == nil {
		c.files = spool.Dir(c.Dir)
	}
	if c.DigestInterval == 0 {
		c.DigestInterval = time.Hour
	}
	if c.DigestInterval < time.Second || c.DigestInterval%time.Second != 0 {
		return nil, fmt.Errorf("open delivery: a digest cannot cover %s: whole seconds are needed", c.DigestInterval)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open delivery: %w", err)
	}
	keys, err := keyring.Open(c.files)
	if err != nil {
		return nil, fmt.Errorf("open delivery %q: %w", c.Dir, err)
	}
	d := &Deliverer{config: c, keys: keys, reported: map[string]string{}, states: map[string]*state{}}
	folders, err := os.ReadDir(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("open delivery: %w", err)
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		s, err := load(c.files, c.Dir, folder.Name())
		if err != nil {
			return nil, fmt.Errorf("open delivery %q: %w", c.Dir, err)
		}
		if s != nil {
			d.states[s.ID] = s
		}
	}
	return d, nil
}

// Pass delivers everything that is due. A failed delivery is no error: it is
// retried in a later pass, reported, and shown by Status. An error means that the
// journal could not be read or c.Dir not be written; the other trails are
// delivered all the same.
func (d *Deliverer) Pass(ctx context.Context) error {
	d.passing.Lock()
	defer d.passing.Unlock()
	// The journal is read before the trails: the calls of entries up to last were
	// answered before All returns, so a trail that is logging now was not stopped
	// before those entries.
	last := d.config.Journal.Last()
	all := d.config.Trails.All()
	errs := []error{d.forgotten(all)}
	for _, t := range all {
		if err := d.deliver(ctx, t, last); err != nil {
			errs = append(errs, fmt.Errorf("deliver events of trail %q: %w", t.ARN, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// forgotten removes the states of trails that no longer exist.
func (d *Deliverer) forgotten(all []trails.Trail) error {
	known := map[string]bool{}
	for _, t := range all {
		known[t.ID] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.states {
		if known[id] {
			continue
		}
		if err := d.config.files.Remove(folder(id)); err != nil {
			return fmt.Errorf("forget trail %q: %w", id, err)
		}
		delete(d.states, id)
	}
	return nil
}

// Status returns the delivery status of a trail in a Region, zero if there is none.
func (d *Deliverer) Status(trailID, region string) trails.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.states[trailID]; s != nil {
		return s.Status[region]
	}
	return trails.Status{}
}

// PublicKeys returns the keys of a Region that were valid between from and until.
func (d *Deliverer) PublicKeys(region string, from, until time.Time) []digest.PublicKey {
	return d.keys.Public(region, from, until)
}

// Needed returns the number of the oldest journal entry that is still to be
// delivered somewhere.
func (d *Deliverer) Needed() uint64 {
	needed := d.config.Journal.Last() + 1
	all := d.config.Trails.All()
	d.passing.Lock() // cursors move during a pass
	defer d.passing.Unlock()
	for _, t := range all {
		s := d.states[t.ID]
		if s == nil {
			return 1 // created since the last pass
		}
		needed = min(needed, s.Cursor+1, s.GroupCursor+1)
	}
	return needed
}

// folder returns the name of a trail's folder in Config.Dir.
func folder(id string) string { return url.PathEscape(id) }

// file returns the path of one of the trail's files, relative to Config.Dir.
func (s *state) file(name string) string { return path.Join(folder(s.ID), name) }

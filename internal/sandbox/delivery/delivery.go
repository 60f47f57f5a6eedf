// Package delivery brings recorded events to where trails want them: log files and digests to buckets, events to log groups, notifications to topics.
//
// Each trail has a state, one file that is replaced as a whole, and a spool of
// files that wait to be put into buckets. What goes out was written to both
// before: an object has its key and its bytes, and the cursor has passed the
// events in it, before the first attempt to put it. So after a kill at any moment
// the same bytes go to the same key, and no event is in two objects or in none.
// Log groups and topics know no such thing as the same key: after a kill they may
// get a few events or messages a second time, as with CloudTrail itself.
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

// Config is what a deliverer works with. Member, Permit, Streams, Notifier and
// Report may be nil.
type Config struct {
	// Dir is the deliverer's own folder.
	Dir string
	// Now is the sandbox's clock.
	Now     func() time.Time
	Journal Journal
	Trails  Trails
	// Member tells whether an account is in the organization of an organization
	// trail. With nil, each is.
	Member func(ctx context.Context, t trails.Trail, account string) bool
	// Permit says whether CloudTrail is let in. Nil asks nobody.
	Permit   permit.Checker
	Objects  Objects
	Streams  Streams
	Notifier Notifier
	// DigestInterval is how much time a digest covers, an hour at AWS and when it
	// is zero. It is whole seconds.
	DigestInterval time.Duration
	// Report is told when deliveries begin to fail. The trail's status has it, too,
	// in AWS's one word.
	Report func(error)

	files files // in tests, a disk that fails
}

// Journal is the recorded events.
type Journal interface {
	Last() uint64
	Read(from uint64, yield func(journal.Entry) error) error
	Backwards(yield func(journal.Entry) bool) error
}

// Trails is the trails to deliver to. All includes the deleted ones; Forget is
// called when all of such a trail is delivered.
type Trails interface {
	All() []trails.Trail
	Forget(id string) error
}

// files keeps what is not delivered yet. A Write is there whole or not at all.
type files interface {
	Write(name string, data []byte) error
	Read(name string) ([]byte, error)
	Remove(name string) error
}

// Deliverer delivers. Its methods may be called from any goroutine.
type Deliverer struct {
	config Config
	keys   *keyring.Ring

	passing  sync.Mutex // one pass at a time
	reported map[string]string
	mu       sync.Mutex // guards the map, and the Status in each state
	states   map[string]*state
}

// Open takes up what an earlier deliverer left in the folder.
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

// Pass delivers all that is due. What cannot be delivered now waits for a later
// pass, is reported and shows in Status; it is no error. An error says that the
// journal could not be read or the deliverer's own folder not be written. The
// other trails are delivered nevertheless.
func (d *Deliverer) Pass(ctx context.Context) error {
	d.passing.Lock()
	defer d.passing.Unlock()
	// The journal is looked at before the trails: an entry up to last was answered
	// before the trails were as All gives them, so a trail that is logging now was
	// not stopped before that entry.
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

// forgotten drops the states of trails that are no more.
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

// Status tells how the deliveries of a trail in a Region went.
func (d *Deliverer) Status(trailID, region string) trails.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.states[trailID]; s != nil {
		return s.Status[region]
	}
	return trails.Status{}
}

// PublicKeys are the keys that signed digests of a Region from from to until.
func (d *Deliverer) PublicKeys(region string, from, until time.Time) []digest.PublicKey {
	return d.keys.Public(region, from, until)
}

// Needed is the number of the oldest entry of the journal that is still to be
// delivered somewhere.
func (d *Deliverer) Needed() uint64 {
	needed := d.config.Journal.Last() + 1
	all := d.config.Trails.All()
	d.passing.Lock() // cursors move during a pass
	defer d.passing.Unlock()
	for _, t := range all {
		s := d.states[t.ID]
		if s == nil {
			return 1 // it was made since the last pass
		}
		needed = min(needed, s.Cursor+1, s.GroupCursor+1)
	}
	return needed
}

// folder is the trail's in the deliverer's folder.
func folder(id string) string { return url.PathEscape(id) }

// file names a file of the trail.
func (s *state) file(name string) string { return path.Join(folder(s.ID), name) }

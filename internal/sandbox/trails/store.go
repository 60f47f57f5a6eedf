package trails

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
)

// Config configures a Store. Only Dir and Now are required.
type Config struct {
	// Dir holds trails.json.
	Dir string
	// Now is the sandbox's clock.
	Now func() time.Time
	// Permit checks whether CloudTrail may use a resource. If it is nil, it always may.
	Permit permit.Checker
	// Keys finds KMS keys. If it is nil, keys are not checked.
	Keys Keys
	// Organizations finds the organizations of accounts. If it is nil, there are none.
	Organizations Organizations
	// Status returns the delivery status of a trail in a Region.
	Status func(trailID, region string) Status
	// PublicKeys returns a Region's signing keys that were valid between from and until.
	PublicKeys func(region string, from, until time.Time) []digest.PublicKey
	// History holds the events that LookupEvents searches.
	History History
}

// Keys finds a KMS key.
type Keys interface {
	// KeyARN returns the ARN of the key that id names in the account and Region: an
	// alias, a key ID or the ARN of either. It returns "" if there is none.
	KeyARN(ctx context.Context, account, region, id string) (arn string, err error)
}

// Organizations finds the organization of an account.
type Organizations interface {
	// Organization returns the zero Organization if the account is in none.
	Organization(ctx context.Context, account string) (Organization, error)
}

// Organization is what CloudTrail needs to know of an organization.
type Organization struct {
	ID         string
	Management string // the management account
	// AllFeatures is false if only consolidated billing is enabled.
	AllFeatures bool
	// Trusted says whether cloudtrail.amazonaws.com has service access.
	Trusted bool
	// Delegated are CloudTrail's delegated administrators.
	Delegated []string
}

// Store holds the trails of all accounts.
type Store struct {
	config Config
	events cloudtrail.Events
	// changing is held during a call that changes trails, which may wait for the
	// upstream. mu is held only while the list is read or replaced.
	changing sync.Mutex
	mu       sync.Mutex
	trails   []Trail // oldest first; replaced, never modified
}

// format is the format version of trails.json.
const format = 1

type file struct {
	Format int
	Trails []Trail
}

// Open reads the trails stored in c.Dir. Without trails.json the store is empty.
func Open(c Config) (*Store, error) {
	s := &Store{config: c, events: Recorded(none{})}
	if c.History != nil {
		s.events = Recorded(c.History)
	}
	path := s.path()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read trails: %w", err)
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("read trails %q: %w", path, err)
	}
	if f.Format != format {
		return nil, fmt.Errorf("read trails %q: format %d is not %d, the one this version knows", path, f.Format, format)
	}
	s.trails = f.Trails
	return s, nil
}

func (s *Store) path() string { return filepath.Join(s.config.Dir, "trails.json") }

// All returns every trail, including deleted ones. The caller must not modify the
// lists in a trail.
func (s *Store) All() []Trail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.trails)
}

// Forget removes a deleted trail after everything is delivered.
func (s *Store) Forget(id string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	left := slices.DeleteFunc(s.All(), func(t Trail) bool { return t.ID == id && !t.Deleted.IsZero() })
	return s.replace(left)
}

// live returns the trails that are not deleted.
func (s *Store) live() []Trail {
	return slices.DeleteFunc(s.All(), func(t Trail) bool { return !t.Deleted.IsZero() })
}

// put adds the trail, or replaces the one with its ID. The caller holds changing.
func (s *Store) put(t Trail) error {
	all := s.All()
	if i := slices.IndexFunc(all, func(other Trail) bool { return other.ID == t.ID }); i >= 0 {
		t.remember(all[i], s.config.Now())
		all[i] = t
	} else {
		all = append(all, t)
	}
	return s.replace(all)
}

// replace writes the list to disk and then publishes it. The caller holds changing.
func (s *Store) replace(all []Trail) error {
	text, err := json.Marshal(file{Format: format, Trails: all})
	if err != nil {
		return fmt.Errorf("write trails: %w", err)
	}
	if err := spool.Dir(filepath.Dir(s.path())).Write(filepath.Base(s.path()), append(text, '\n')); err != nil {
		return fmt.Errorf("write trails: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trails = all
	return nil
}

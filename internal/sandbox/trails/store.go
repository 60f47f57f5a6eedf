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
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
)

// Config is what a store needs of its surroundings. Only Dir and Now must be set.
type Config struct {
	// Dir holds trails.json.
	Dir string
	// Now is the sandbox's clock.
	Now func() time.Time
	// Permit says whether CloudTrail would be let in. Nil asks nobody.
	Permit permit.Checker
	// Keys finds KMS keys. Nil takes what it is told for a key.
	Keys Keys
	// Organizations knows the organizations of accounts. With nil there are none.
	Organizations Organizations
	// Status tells how deliveries of a trail in a Region went.
	Status func(trailID, region string) Status
	// PublicKeys are the keys that signed a Region's digests in a time.
	PublicKeys func(region string, from, until time.Time) []digest.PublicKey
	// History is what LookupEvents finds events in.
	History History
}

// Keys finds a KMS key.
type Keys interface {
	// KeyARN returns the ARN of the key that id means in its account and the Region:
	// an alias or its ARN, a key's id or its ARN. It is "" when there is none.
	KeyARN(ctx context.Context, account, region, id string) (arn string, err error)
}

// Organizations knows the organization of an account.
type Organizations interface {
	// Organization is the zero Organization when the account is in none.
	Organization(ctx context.Context, account string) (Organization, error)
}

// Organization is what CloudTrail asks of an organization.
type Organization struct {
	ID         string
	Management string // the management account
	// AllFeatures is false when only consolidated billing is on.
	AllFeatures bool
	// Trusted says that service access is on for cloudtrail.amazonaws.com.
	Trusted bool
	// Delegated are CloudTrail's delegated administrators.
	Delegated []string
}

// History is the recorded events.
type History interface {
	// Backwards yields entries from the newest on until yield returns false.
	Backwards(yield func(journal.Entry) bool) error
}

// Store holds the trails of all accounts.
type Store struct {
	config Config
	// changing is held while a call changes trails, which may ask the upstream
	// for long; mu only while the list is looked at or replaced.
	changing sync.Mutex
	mu       sync.Mutex
	trails   []Trail // never changed in place, oldest first
}

// format is that of trails.json.
const format = 1

type file struct {
	Format int
	Trails []Trail
}

// Open reads the trails a store left in the folder. A folder without any is an
// empty store.
func Open(c Config) (*Store, error) {
	s := &Store{config: c}
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

// All returns every trail, the deleted ones included. The lists in a trail are not
// to be changed.
func (s *Store) All() []Trail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.trails)
}

// Forget drops a deleted trail of which all is delivered.
func (s *Store) Forget(id string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	left := slices.DeleteFunc(s.All(), func(t Trail) bool { return t.ID == id && !t.Deleted.IsZero() })
	return s.replace(left)
}

// live are the trails that exist.
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

// replace writes the list and then shows it. The caller holds changing.
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

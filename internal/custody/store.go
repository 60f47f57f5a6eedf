package custody

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/verify"
)

const (
	maxPending = 4 << 20 // bytes before they are written
	maxDays    = 4       // read and held at a time
)

// store keeps entries about log files, in a file for each day of delivery.
type store struct {
	dir     string
	pending map[string][]byte // by day
	size    int
	digests map[string]string // the digest that the entries of a day end with
	days    map[string]*day
	mu      sync.Mutex // held while records are added
}

// The kinds of records in a file. Numbers are varints, texts have their length.
const (
	recordDigest  = 'D' // its key; the next log files are listed by it
	recordVouched = 'V' // key, and hash
	recordThere   = 'T' // id of the key: the archive lists it
	recordRefused = 'R' // id of the key, number of the state, and reason
)

type id [16]byte

func idOf(key string) (i id) {
	sum := sha256.Sum256([]byte(key))
	copy(i[:], sum[:])
	return i
}

func newStore(dir string) *store {
	return &store{dir: dir, pending: map[string][]byte{}, digests: map[string]string{}, days: map[string]*day{}}
}

// dayOf is the day under which a log file is kept, by its key alone.
func dayOf(key string) string {
	info, _ := archive.ParseKey(key)
	at := info.Delivered
	if at.IsZero() {
		at = info.Day
	}
	if at.IsZero() {
		return "undated"
	}
	return at.UTC().Format(time.DateOnly)
}

// vouch notes that a proven digest lists a log file.
func (s *store) vouch(key, digest string, hash [sha256.Size]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	day := dayOf(key)
	var record []byte
	if s.digests[day] != digest {
		s.digests[day] = digest
		record = appendText(append(record, recordDigest), digest)
	}
	record = append(appendText(append(record, recordVouched), key), hash[:]...)
	return s.add(day, record)
}

// there notes that the archive lists a log file.
func (s *store) there(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := idOf(key)
	return s.add(dayOf(key), append([]byte{recordThere}, i[:]...))
}

// refuse notes that nothing proves a log file.
func (s *store) refuse(key string, state verify.State, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := idOf(key)
	record := append([]byte{recordRefused}, i[:]...)
	record = append(record, byte(slices.Index(verify.States(), state)))
	return s.add(dayOf(key), appendText(record, reason))
}

func (s *store) add(day string, record []byte) error {
	s.pending[day] = append(s.pending[day], record...)
	if s.size += len(record); s.size < maxPending {
		return nil
	}
	return s.flush()
}

// flush writes what is pending.
func (s *store) flush() error {
	for day, records := range s.pending {
		f, err := os.OpenFile(s.path(day), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("keep what digests say: %w", err)
		}
		_, err = f.Write(records)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("keep what digests say: %w", err)
		}
	}
	clear(s.pending)
	s.size = 0
	return nil
}

func (s *store) path(day string) string { return filepath.Join(s.dir, "day-"+day) }

// entry is what is known of a log file.
type entry struct {
	state verify.State // Valid: a proven digest lists it
	text  string       // the key of that digest, or the reason
	hash  [sha256.Size]byte
	next  int // index of another entry of the same file; -1 for none
}

// day holds the entries of one day.
type day struct {
	entries []entry
	last    map[id]int // index of a file's last entry
}

func (d *day) add(i id, e entry) {
	e.next = -1
	if before, ok := d.last[i]; ok {
		e.next = before
	}
	d.last[i] = len(d.entries)
	d.entries = append(d.entries, e)
}

// find returns the entries about a log file.
func (s *store) find(ctx context.Context, key string) (found []entry, err error) {
	name := dayOf(key)
	d := s.days[name]
	if d == nil {
		if d, err = s.load(ctx, name); err != nil {
			return nil, err
		}
		if len(s.days) >= maxDays {
			clear(s.days)
		}
		s.days[name] = d
	}
	at, ok := d.last[idOf(key)]
	for ; ok && at >= 0; at = d.entries[at].next {
		found = append(found, d.entries[at])
	}
	return found, nil
}

// load reads the entries of a day.
func (s *store) load(ctx context.Context, name string) (*day, error) {
	d := &day{last: map[id]int{}}
	return d, s.each(ctx, name, func(r record) error {
		switch r.kind {
		case recordVouched:
			d.add(idOf(r.key), entry{state: verify.Valid, text: r.text, hash: r.hash})
		case recordRefused:
			d.add(r.id, entry{state: r.state, text: r.text})
		}
		return nil
	})
}

// vouched calls f with each log file of a day that a digest vouches for, in the order
// in which the digests came, and whether the archive lists it.
func (s *store) vouched(ctx context.Context, name string, f func(r record, there bool) error) error {
	there := map[id]bool{}
	err := s.each(ctx, name, func(r record) error {
		if r.kind == recordThere {
			there[r.id] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.each(ctx, name, func(r record) error {
		if r.kind != recordVouched {
			return nil
		}
		return f(r, there[idOf(r.key)])
	})
}

// names returns the days that have entries, in order.
func (s *store) names() ([]string, error) {
	files, err := filepath.Glob(s.path("*"))
	for i := range files {
		files[i] = strings.TrimPrefix(filepath.Base(files[i]), filepath.Base(s.path("")))
	}
	slices.Sort(files)
	return files, err
}

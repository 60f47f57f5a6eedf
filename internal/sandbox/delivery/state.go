package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

const (
	stateFile   = "state.json"
	stateFormat = 1
)

// state is how far the deliveries of a trail are.
type state struct {
	Format int
	ID     string

	// Cursor is the last entry of the journal that is in a log file or was not
	// wanted. GroupCursor is the same for the log group; GroupDone are the last
	// entries beyond it that some streams already have.
	Cursor      uint64
	GroupCursor uint64
	GroupDone   map[string]uint64

	// Serial is the name of the file spooled last.
	Serial uint64
	// Queue are the spooled files in the order in which to deliver them.
	Queue   []parcel
	Period  period
	Chains  []*chain
	Notices []notice
	Status  map[string]trails.Status // by Region

	dirty bool // not written since it changed
}

// parcel is an object on its way to a bucket.
type parcel struct {
	File    string // in the spool
	Bucket  string
	Prefix  string // the part of Key before AWSLogs
	Key     string
	Account string // of the chain it belongs to
	Region  string
	// Log is how digests list a log file, nil when the parcel is a digest.
	Log *digest.LogFile
	// Start and End are the interval in which a log file ought to be delivered,
	// zero when no digest will list it. End is zero until the interval is over.
	Start, End time.Time
	// Signature and Backfill are the metadata of a digest.
	Signature string
	Backfill  string
}

// period is a time in which digests are written without a break.
type period struct {
	Span   time.Time // when the trail began to log
	Start  time.Time // of the interval that is not over
	Active bool
	Off    bool // the trail was seen without validation
}

// chain is the digests of one account in one Region.
type chain struct {
	Account, Region string
	// Previous is nil before the starting digest of a period.
	Previous *link
	// PreviousBackfill is nil before the first backfill digest.
	PreviousBackfill *link
	// Listed are the files delivered in the interval that is not over.
	Listed []digest.LogFile
	// Late are the files delivered after the digest of their interval was signed.
	Late []late
}

// link is what a digest says of the one before it.
type link struct{ Bucket, Key, Hash, Signature string }

type late struct {
	Start, End time.Time
	Log        digest.LogFile
}

// load reads the state of a trail and removes what a killed process left beside
// it. It is nil when the process was killed before there was a state.
func load(f files, dir, folder string) (*state, error) {
	names, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil {
		return nil, err
	}
	name := folder + "/" + stateFile
	text, err := f.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.Remove(folder)
	}
	if err != nil {
		return nil, err
	}
	s := new(state)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	if s.Format != stateFormat {
		return nil, fmt.Errorf("read %q: format %d is not %d, the one this version knows", name, s.Format, stateFormat)
	}
	keep := map[string]bool{stateFile: true}
	for _, p := range s.Queue {
		keep[p.File] = true
	}
	for _, n := range names {
		if !keep[n.Name()] {
			if err := f.Remove(folder + "/" + n.Name()); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// commit writes the state if it has changed.
func (c *courier) commit() error {
	if !c.dirty {
		return nil
	}
	c.mu.Lock()
	text, err := json.Marshal(c.state)
	c.mu.Unlock()
	if err == nil {
		err = c.config.files.Write(c.file(stateFile), text)
	}
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	c.dirty = false
	return nil
}

// spool keeps the content of a parcel and returns the name of its file. The
// parcel counts from the commit on that has it in the queue.
func (c *courier) spool(content []byte) (name string, err error) {
	c.Serial++
	name = fmt.Sprintf("%d.gz", c.Serial)
	if err := c.config.files.Write(c.file(name), content); err != nil {
		return "", fmt.Errorf("spool: %w", err)
	}
	return name, nil
}

// chain returns that of an account in a Region, new if there was none.
func (s *state) chain(account, region string) *chain {
	for _, ch := range s.Chains {
		if ch.Account == account && ch.Region == region {
			return ch
		}
	}
	ch := &chain{Account: account, Region: region}
	s.Chains = append(s.Chains, ch)
	s.dirty = true
	return ch
}

// note records how an attempt went. code is "" for a success.
func (c *courier) note(region string, of func(*trails.Status) *trails.Delivered, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := c.state.Status[region]
	d := of(&status)
	d.LatestAttempt, d.Error = c.now, code
	if code == "" {
		d.Latest = c.now
	}
	if status == c.state.Status[region] {
		return
	}
	if c.state.Status == nil {
		c.state.Status = map[string]trails.Status{}
	}
	c.state.Status[region] = status
	c.dirty = true
}

func logs(s *trails.Status) *trails.Delivered          { return &s.Logs }
func digests(s *trails.Status) *trails.Delivered       { return &s.Digests }
func logGroup(s *trails.Status) *trails.Delivered      { return &s.LogGroup }
func notifications(s *trails.Status) *trails.Delivered { return &s.Notifications }

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

// state is the delivery progress of a trail.
type state struct {
	Format int
	ID     string

	// Cursor is the last journal entry that is in a log file or was not wanted.
	// GroupCursor is the same for the log group. GroupDone maps streams that are
	// ahead of GroupCursor to their last entry.
	Cursor      uint64
	GroupCursor uint64
	GroupDone   map[string]uint64

	// Serial is the number of the last spooled file.
	Serial uint64
	// Queue holds the spooled files in delivery order.
	Queue   []queued
	Period  period
	Chains  []*chain
	Notices []notice
	Status  map[string]trails.Status // by Region

	dirty bool // changed since it was last written
}

// queued is a log file or digest that is not in its bucket yet.
type queued struct {
	File    string // in the spool
	Bucket  string
	Prefix  string // the part of Key before AWSLogs
	Key     string
	Account string // of the chain it belongs to
	Region  string
	// Log is the digest entry of a log file, nil for a digest.
	Log *digest.LogFile
	// Start and End are the digest interval of a log file, zero if no digest will
	// list it. End is zero until the interval is over.
	Start, End time.Time
	// Signature and Backfill are the metadata of a digest.
	Signature string
	Backfill  string
}

// period is a time of uninterrupted digests.
type period struct {
	Span   time.Time // when the trail began to log
	Start  time.Time // of the current interval
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
	// Listed are the files delivered in the current interval.
	Listed []digest.LogFile
	// Late are the files delivered after the digest of their interval was signed.
	Late []late
}

// link identifies the previous digest of a chain.
type link struct{ Bucket, Key, Hash, Signature string }

type late struct {
	Start, End time.Time
	Log        digest.LogFile
}

// load reads the state of a trail and removes files that a killed process left
// behind. It returns nil if the process was killed before it wrote a state.
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
	for _, q := range s.Queue {
		keep[q.File] = true
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
func (p *pass) commit() error {
	if !p.dirty {
		return nil
	}
	p.mu.Lock()
	text, err := json.Marshal(p.state)
	p.mu.Unlock()
	if err == nil {
		err = p.config.files.Write(p.file(stateFile), text)
	}
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	p.dirty = false
	return nil
}

// spool writes content to a new file of the trail and returns its name. The file is
// kept after a restart only once a commit has it in the queue.
func (p *pass) spool(content []byte) (name string, err error) {
	p.Serial++
	name = fmt.Sprintf("%d.gz", p.Serial)
	if err := p.config.files.Write(p.file(name), content); err != nil {
		return "", fmt.Errorf("spool: %w", err)
	}
	return name, nil
}

// chain returns the chain of an account in a Region. It adds one if there is none.
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

// note records a delivery attempt in the status. code is "" for a success.
func (p *pass) note(region string, of func(*trails.Status) *trails.Delivered, code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := p.state.Status[region]
	d := of(&status)
	d.LatestAttempt, d.Error = p.now, code
	if code == "" {
		d.Latest = p.now
	}
	if status == p.state.Status[region] {
		return
	}
	if p.state.Status == nil {
		p.state.Status = map[string]trails.Status{}
	}
	p.state.Status[region] = status
	p.dirty = true
}

func logs(s *trails.Status) *trails.Delivered          { return &s.Logs }
func digests(s *trails.Status) *trails.Delivered       { return &s.Digests }
func logGroup(s *trails.Status) *trails.Delivered      { return &s.LogGroup }
func notifications(s *trails.Status) *trails.Delivered { return &s.Notifications }

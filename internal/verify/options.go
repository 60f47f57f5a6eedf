package verify

import (
	"time"

	"github.com/cerpac/trailkeeper/internal/anchor"
)

// Options say what is verified.
type Options struct {
	Accounts []string // only these; empty for all
	Regions  []string // only these; empty for all
	// Trails selects chains; empty for all. With some, nothing is said of log files
	// that no digest lists: another trail's may.
	Trails []Trail
	// Since and Until bound the time of delivery. Zero leaves a side open. With
	// Until, the archive must reach it.
	Since, Until time.Time
	// Now is the time of the run. Live says that the archive is the trail's
	// bucket, so that it must reach Now.
	Now  time.Time
	Live bool
	// Retention is how long objects are kept. Zero means that it is not known:
	// objects that are missing at the oldest end of a chain then count as expired.
	Retention   time.Duration
	DigestsOnly bool // do not read the log files
	// Partial says that the source has all digests and a few log files. Those that it
	// lacks are counted in Summary.Absent.
	Partial bool
	// Extract says that the source has a part of each chain: nothing is said of what
	// is before and after it, nor of a new start. With Anchors, its newest digest must
	// be among them.
	Extract bool
	// Stops, unless nil, is called with the key of each valid log file that tells of
	// a trail that was stopped. It is called concurrently.
	Stops func(key string)
	// ListedOnly is for callers that read the log files themselves: Run does not. A
	// log file is then Valid if a proven digest lists it. Whether it is in the archive,
	// and with the hash Expected, is for the caller to find out, by [Texts.Hash].
	ListedOnly bool
	// Anchors is the log of the heads that earlier runs saw, or nil. Checkpoints are
	// states that it must continue.
	Anchors     *anchor.Log
	Checkpoints []anchor.Checkpoint
	Workers     int // objects read at a time; at least 1
	Services
}

// Trail selects chains by the name of their trail, and by its home Region
// unless that is empty.
type Trail struct{ Name, HomeRegion string }

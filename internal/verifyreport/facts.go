// Package verifyreport writes a verification as one document: a page for people, or
// JSON.
package verifyreport

import (
	"time"

	"github.com/cerpac/trailkeeper/internal/verify"
)

// Facts say what was verified, by what, and with what.
type Facts struct {
	Tool    string    `json:"tool"`
	Version string    `json:"version"`
	Archive string    `json:"archive"`
	Time    time.Time `json:"time"` // of the run
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	// Anchors is the folder of the anchor log, and AnchorRoot the checkpoint that it
	// had before the run, as "SIZE ROOT".
	Anchors    string `json:"anchors,omitempty"`
	AnchorRoot string `json:"anchor_root,omitempty"`
	// DigestsOnly says that the log files were not read.
	DigestsOnly bool `json:"digests_only,omitempty"`
}

// Ending is what is known when the run is over.
type Ending struct {
	Keys    []verify.UsedKey
	Summary *verify.Summary // nil if the run was cut
}

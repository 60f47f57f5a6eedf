package bundle

import (
	"encoding/json"
	"fmt"
	"time"
)

// Names of members.
const (
	infoName    = "bundle.json"
	readmeName  = "README.txt"
	scriptName  = "check.sh"
	keysName    = "keys.json"
	tableName   = "digests.tsv"
	logsName    = "log-files.txt"
	unreadName  = "unread.jsonl"
	archiveName = "archive/" // folder of the objects, by key
	// HeadsName and CheckpointName are the log of anchors.
	HeadsName      = "anchors/heads.jsonl"
	CheckpointName = "anchors/checkpoint"
	// GivenName, with a number from 1 after it, is a checkpoint that the log continues.
	GivenName = "anchors/given/"
	// ResultName and FindingsName are the result of the verification: for people, and
	// as JSON Lines.
	ResultName   = "result.txt"
	FindingsName = "result.jsonl"
)

// Kind says what a bundle is for.
type Kind string

// The kinds of bundles.
const (
	// Verification has all digests that were verified, and repeats it.
	Verification Kind = "verification"
	// Proof has chosen events with what proves them.
	Proof Kind = "proof"
)

// formatVersion is the version of the format that is written, and the only one that
// is read.
const formatVersion = "trailkeeper-bundle/1"

// Info is the member bundle.json: what was verified. What is empty was not limited.
type Info struct {
	Format   string   `json:"format"`
	Kind     Kind     `json:"kind"`
	Program  string   `json:"program,omitempty"` // that wrote it, with its version
	Archive  string   `json:"archive"`           // as it was named
	Accounts []string `json:"accounts,omitempty"`
	Regions  []string `json:"regions,omitempty"`
	Trails   []string `json:"trails,omitempty"`
	// Since and Until bound the time of delivery.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Now is the time of the verification, where its result depends on it: the archive
	// was a bucket (Live), or RetentionDays are known.
	Now           time.Time `json:"now,omitzero"`
	Live          bool      `json:"live,omitempty"`
	RetentionDays int       `json:"retention_days,omitempty"`
	// Digests and LogFiles are the objects found, by state.
	Digests  map[string]int64 `json:"digests"`
	LogFiles map[string]int64 `json:"log_files"`
}

func (b *Bundle) readInfo() error {
	text, ok, err := b.Text(infoName)
	if err != nil {
		return err
	}
	if !ok {
		return &DamagedError{infoName, "is not in it"}
	}
	if err := json.Unmarshal(text, &b.Info); err != nil {
		return &DamagedError{infoName, err.Error()}
	}
	if b.Info.Format != formatVersion {
		return fmt.Errorf("format %q is not %q, the one that is known", b.Info.Format, formatVersion)
	}
	if k := b.Info.Kind; k != Verification && k != Proof {
		return fmt.Errorf("kind %q is not known", k)
	}
	return nil
}

package ingest

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// Report accounts for a run. Files.Listed is the sum of Read, Unchanged,
// Skipped, Failed and Unproven, and Events.Read the sum of Stored, Duplicates and
// Rejected, unless the run was interrupted.
type Report struct {
	Files scan.Files `json:"files"`
	// Members accounts for what is in archives such as zip and tar, each of
	// which is one of Files: Listed is the sum of the others.
	Members Members `json:"members,omitzero"`
	Events  struct {
		Read       int64 `json:"read"`
		Stored     int64 `json:"stored"`
		Duplicates int64 `json:"duplicates"` // the same event was already there
		Rejected   int64 `json:"rejected"`   // cannot be kept as events, listed in the quarantine
		Conflicts  int64 `json:"conflicts"`  // among those stored: another body has the same eventID
		Resumed    int64 `json:"resumed"`    // not among Read: events counted by an earlier run that did not reach the end of their file
	} `json:"events"`
	Reasons scan.Reasons `json:"reasons"`
	Bytes   scan.Bytes   `json:"bytes"`
	// Unproven accounts for the Files that lack the proof that was demanded.
	Unproven  scan.UnprovenFiles `json:"unproven,omitzero"`
	Committed lake.Totals        `json:"committed"` // by this run
	Lake      lake.Totals        `json:"lake"`      // by all runs

	// Proof is about the events of the lake, if proof was demanded.
	Proof *LakeProof `json:"proof,omitempty"`

	// Problems are the first files that failed and pieces that were rejected.
	Problems []Problem `json:"problems"`
	// Differing are the first events among Events.Conflicts.
	Differing []Problem `json:"differing"`
	// Unseen is the number of failed files that could not be accessed, rather
	// than being damaged.
	Unseen int64 `json:"unseen"`
	// Rebuilt are the identity files of the lake that were missing or damaged
	// and have been rebuilt from the events of their parts.
	Rebuilt []string `json:"rebuilt"`

	mu   sync.Mutex
	more int64 // problems beyond those listed
}

// MoreProblems returns the number of problems beyond those listed.
func (r *Report) MoreProblems() int64 { return r.more }

// Problem is a position in the archive where something is wrong.
type Problem = scan.Problem

// Members accounts for the files inside archives.
type Members = scan.Members

// maxConflicts is the maximum number of conflicts in a report. A query for ids
// with several rows finds all.
const maxConflicts = 20

func newReport() *Report {
	none := func() map[string]int64 { return map[string]int64{} }
	return &Report{
		Problems: []Problem{}, Differing: []Problem{}, Rebuilt: []string{},
		Reasons: scan.Reasons{Skipped: none(), Failed: none(), Rejected: none(), Pieces: none()},
	}
}

func (r *Report) locked(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// account takes over what became of the files.
func (r *Report) account(a *scan.Account) {
	r.locked(func() {
		r.Files, r.Members, r.Reasons, r.Bytes = a.Files, a.Members, a.Reasons, a.Bytes
		r.Unproven = a.Unproven
		r.Problems, r.more, r.Unseen = a.Problems, a.MoreProblems(), a.Unseen
		r.Events.Read += a.Records.Rejected
		r.Events.Rejected = a.Records.Rejected
	})
}

func (r *Report) conflict(p Problem) {
	r.locked(func() {
		if len(r.Differing) < maxConflicts {
			r.Differing = append(r.Differing, p)
		}
	})
}

// gathered adds counts of stored and known events. Workers call it rarely, as
// counting each event under the report's lock would block the others.
func (r *Report) gathered(events counts) {
	r.locked(func() {
		r.Events.Resumed += events.resumed
		r.Events.Read += events.Stored + events.Duplicates
		r.Events.Stored += events.Stored
		r.Events.Duplicates += events.Duplicates
		r.Events.Conflicts += events.Conflicts
	})
}

func (r *Report) committed(added lake.Totals) {
	r.locked(func() { r.Committed = r.Committed.Plus(added) })
}

func (r *Report) finish(w *lake.Writer) *Report {
	r.Lake = w.Totals()
	if r.Proof != nil {
		r.Proof.Without = w.Unproven()
	}
	r.Rebuilt = append(r.Rebuilt, w.Rebuilt()...)
	slices.SortFunc(r.Differing, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset))
	})
	return r
}

// Bad reports whether the archive holds files or pieces that are damaged.
func (r *Report) Bad() bool { return r.Files.Failed > r.Unseen || r.Events.Rejected > 0 }

package ingest

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// Report accounts for a run. Files.Listed is the sum of Read, Unchanged,
// Skipped and Failed, and Events.Read the sum of Stored, Duplicates and
// Rejected, unless the run was interrupted.
type Report struct {
	Files struct {
		Listed    int64 `json:"listed"`
		Read      int64 `json:"read"`      // to their end
		Unchanged int64 `json:"unchanged"` // since an earlier run read them
		Skipped   int64 `json:"skipped"`   // not log files, or not selected
		Failed    int64 `json:"failed"`    // not read to their end; what came before is kept
	} `json:"files"`
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
	Reasons struct {
		Skipped  map[string]int64 `json:"skipped"`
		Failed   map[string]int64 `json:"failed"`
		Rejected map[string]int64 `json:"rejected"`
		Pieces   map[string]int64 `json:"pieces"` // of files that were read which hold no event, and count as none
	} `json:"reasons"`
	Bytes struct {
		Stored int64 `json:"stored"` // of the files, as they are
		Plain  int64 `json:"plain"`  // uncompressed
	} `json:"bytes"`
	Committed lake.Totals `json:"committed"` // by this run
	Lake      lake.Totals `json:"lake"`      // by all runs

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

	mu       sync.Mutex
	problems int64 // of which Problems are the first
}

// MoreProblems returns the number of problems beyond those listed.
func (r *Report) MoreProblems() int64 { return r.problems - int64(len(r.Problems)) }

// Problem is a position in the archive where something is wrong.
type Problem struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // in the uncompressed file
	Cause  string `json:"cause"`
}

// maxProblems is the maximum number of problems in a report; the quarantine has
// all. It bounds the conflicts too, which a query for ids with several rows
// finds.
const maxProblems = 20

func newReport() *Report {
	r := &Report{Problems: []Problem{}, Differing: []Problem{}, Rebuilt: []string{}}
	r.Reasons.Skipped = map[string]int64{}
	r.Reasons.Failed = map[string]int64{}
	r.Reasons.Rejected = map[string]int64{}
	r.Reasons.Pieces = map[string]int64{}
	return r
}

func (r *Report) locked(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *Report) listed()    { r.locked(func() { r.Files.Listed++ }) }
func (r *Report) read()      { r.locked(func() { r.Files.Read++ }) }
func (r *Report) unchanged() { r.locked(func() { r.Files.Unchanged++ }) }

func (r *Report) skipped(reason string) {
	r.locked(func() {
		r.Files.Skipped++
		r.Reasons.Skipped[reason]++
	})
}

// failed counts a file, with its problem unless that is one of its members.
func (r *Report) failed(p *Problem, reason string, unseen bool) {
	r.locked(func() {
		r.Files.Failed++
		r.Reasons.Failed[reason]++
		if unseen {
			r.Unseen++
		}
		if p != nil {
			r.problem(*p)
		}
	})
}

func (r *Report) rejected(p Problem, reason string) {
	r.locked(func() {
		r.Events.Read++
		r.Events.Rejected++
		r.Reasons.Rejected[reason]++
		r.problem(p)
	})
}

func (r *Report) passedOver(reason string) {
	r.locked(func() { r.Reasons.Pieces[reason]++ })
}

func (r *Report) problem(p Problem) {
	r.problems++
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, p)
	}
}

func (r *Report) conflict(p Problem) {
	r.locked(func() {
		if len(r.Differing) < maxProblems {
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

func (r *Report) bytes(stored, plain int64) {
	r.locked(func() {
		r.Bytes.Stored += stored
		r.Bytes.Plain += plain
	})
}

func (r *Report) committed(added lake.Totals) {
	r.locked(func() { r.Committed = r.Committed.Plus(added) })
}

// toRead returns the number of listed files to be read.
func (r *Report) toRead() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Files.Listed - r.Files.Unchanged - r.Files.Skipped
}

func (r *Report) finish(w *lake.Writer) *Report {
	r.Lake = w.Totals()
	r.Rebuilt = append(r.Rebuilt, w.Rebuilt()...)
	for _, list := range [][]Problem{r.Problems, r.Differing} {
		slices.SortFunc(list, func(a, b Problem) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset))
		})
	}
	return r
}

// Bad reports whether the archive holds files or pieces that are damaged.
func (r *Report) Bad() bool { return r.Files.Failed > r.Unseen || r.Events.Rejected > 0 }

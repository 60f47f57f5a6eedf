package scan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cerpac/trailkeeper/finding"
)

// Account is what became of the files, members and records of a run. Its
// numbers add up, also after a run that ended early; see Check.
type Account struct {
	Files   Files
	Members Members
	Records struct {
		Read     int64 // that a consumer has taken or that were rejected
		Kept     int64 // by the consumer
		Rejected int64 // by the reader or the consumer
	}
	Reasons Reasons
	Bytes   Bytes
	// Unproven accounts for the Files of that name.
	Unproven UnprovenFiles

	// Problems are the first files and members that failed and pieces that were
	// rejected, by name and offset.
	Problems []Problem
	// Unseen is the number of failed files that could not be accessed, rather
	// than being damaged.
	Unseen int64

	mu       sync.Mutex
	problems int64 // of which Problems are the first
}

// Files accounts for the objects of an archive: Listed is the sum of the
// others.
type Files struct {
	Listed    int64 `json:"listed"`
	Read      int64 `json:"read"`               // to their end
	Unchanged int64 `json:"unchanged"`          // not chosen to be read
	Skipped   int64 `json:"skipped"`            // not log files, or not selected
	Failed    int64 `json:"failed"`             // not read to their end; what came before is kept
	Unproven  int64 `json:"unproven,omitempty"` // without proof, and not kept
	Unread    int64 `json:"-"`                  // because the run ended early
}

// Members accounts for the files inside archives such as zip and tar, each of
// which is one file of the archive: Listed is the sum of the others.
type Members struct {
	Listed  int64 `json:"listed"`
	Read    int64 `json:"read"`    // to their end
	Skipped int64 `json:"skipped"` // not log files
	Failed  int64 `json:"failed"`  // not read to their end; what came before is kept
	Reasons struct {
		Skipped map[string]int64 `json:"skipped,omitempty"`
		Failed  map[string]int64 `json:"failed,omitempty"`
	} `json:"reasons,omitzero"`
}

// Reasons are numbers by reason.
type Reasons struct {
	Skipped  map[string]int64 `json:"skipped"`
	Failed   map[string]int64 `json:"failed"`
	Rejected map[string]int64 `json:"rejected"`
	Pieces   map[string]int64 `json:"pieces"` // of files that were read which hold no event, and count as none
}

// Bytes are sizes of files that were read.
type Bytes struct {
	Stored int64 `json:"stored"` // as they are
	Plain  int64 `json:"plain"`  // uncompressed
}

// Problem is a position in the archive where something is wrong.
type Problem struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // in the uncompressed file
	Cause  string `json:"cause"`
	// Unseen reports that the file could not be accessed. It may not be damaged.
	Unseen bool `json:"-"`
}

// Message returns the problem as a message of a stream of findings.
func (p Problem) Message() finding.Message {
	return finding.Message{Problem: &finding.Problem{Location: p.File, Offset: p.Offset, Cause: p.Cause, Unseen: p.Unseen}}
}

// maxProblems is the maximum number of problems in an account.
const maxProblems = 20

func newAccount() *Account {
	return &Account{Problems: []Problem{}, Reasons: Reasons{
		Skipped: map[string]int64{}, Failed: map[string]int64{}, Rejected: map[string]int64{}, Pieces: map[string]int64{},
	}}
}

// MoreProblems returns the number of problems beyond those listed.
func (a *Account) MoreProblems() int64 { return a.problems - int64(len(a.Problems)) }

// Bad reports whether the archive holds files or pieces that are damaged.
func (a *Account) Bad() bool { return a.Files.Failed > a.Unseen || a.Records.Rejected > 0 }

// Check returns an error that names each sum which is not that of its parts.
func (a *Account) Check() error {
	var wrong []error
	equal := func(what string, sum, parts int64) {
		if sum != parts {
			wrong = append(wrong, fmt.Errorf("account for %s: %d are not %d", what, sum, parts))
		}
	}
	f, m := a.Files, a.Members
	equal("listed files", f.Listed, f.Read+f.Unchanged+f.Skipped+f.Failed+f.Unproven+f.Unread)
	equal("unproven files", f.Unproven, total(a.Unproven.States))
	equal("listed members", m.Listed, m.Read+m.Skipped+m.Failed)
	equal("records", a.Records.Read, a.Records.Kept+a.Records.Rejected)
	equal("skipped files", f.Skipped, total(a.Reasons.Skipped))
	equal("failed files", f.Failed, total(a.Reasons.Failed))
	equal("rejected records", a.Records.Rejected, total(a.Reasons.Rejected))
	equal("skipped members", m.Skipped, total(m.Reasons.Skipped))
	equal("failed members", m.Failed, total(m.Reasons.Failed))
	equal("listed problems", int64(len(a.Problems)), min(a.problems, maxProblems))
	equal("problems", a.problems, f.Failed-a.Reasons.Failed[membersFailed]+m.Failed+a.Records.Rejected)
	if a.Unseen > f.Failed {
		equal("files that could not be accessed", a.Unseen, f.Failed)
	}
	return errors.Join(wrong...)
}

func total(reasons map[string]int64) (n int64) {
	for _, count := range reasons {
		n += count
	}
	return n
}

func (a *Account) locked(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

func (a *Account) listed()    { a.locked(func() { a.Files.Listed++ }) }
func (a *Account) unread()    { a.locked(func() { a.Files.Unread++ }) }
func (a *Account) unchanged() { a.locked(func() { a.Files.Unchanged++ }) }

func (a *Account) skipped(reason string) {
	a.locked(func() {
		a.Files.Skipped++
		a.Reasons.Skipped[reason]++
	})
}

// toRead returns the number of files listed so far that are to be read.
func (a *Account) toRead() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.Files.Listed - a.Files.Unchanged - a.Files.Skipped - a.Files.Unproven
}

// sort puts the problems in an order that does not depend on the workers.
func (a *Account) sort() {
	slices.SortFunc(a.Unproven.Files, func(a, b Refused) int { return strings.Compare(a.File, b.File) })
	slices.SortFunc(a.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset))
	})
}

// add adds the account of one file, which the caller alone knows. Workers add
// up a file before they take the lock, as counting each record under it would
// block the others.
func (a *Account) add(file *Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, m := &a.Files, &a.Members
	f.Read += file.Files.Read
	f.Skipped += file.Files.Skipped
	f.Failed += file.Files.Failed
	f.Unproven += file.Files.Unproven
	a.Unproven.add(&file.Unproven)
	f.Unread += file.Files.Unread
	m.Listed += file.Members.Listed
	m.Read += file.Members.Read
	m.Skipped += file.Members.Skipped
	m.Failed += file.Members.Failed
	m.Reasons.Skipped = plus(m.Reasons.Skipped, file.Members.Reasons.Skipped)
	m.Reasons.Failed = plus(m.Reasons.Failed, file.Members.Reasons.Failed)
	a.Records.Read += file.Records.Read
	a.Records.Kept += file.Records.Kept
	a.Records.Rejected += file.Records.Rejected
	a.Bytes.Stored += file.Bytes.Stored
	a.Bytes.Plain += file.Bytes.Plain
	a.Reasons.Skipped = plus(a.Reasons.Skipped, file.Reasons.Skipped)
	a.Reasons.Failed = plus(a.Reasons.Failed, file.Reasons.Failed)
	a.Reasons.Rejected = plus(a.Reasons.Rejected, file.Reasons.Rejected)
	a.Reasons.Pieces = plus(a.Reasons.Pieces, file.Reasons.Pieces)
	a.Unseen += file.Unseen
	a.problems += file.problems
	a.Problems = append(a.Problems, file.Problems[:min(len(file.Problems), maxProblems-len(a.Problems))]...)
}

// plus adds numbers to those of a map, which is made when there are some.
func plus(to, more map[string]int64) map[string]int64 {
	if to == nil && len(more) > 0 {
		to = map[string]int64{}
	}
	for reason, n := range more {
		to[reason] += n
	}
	return to
}

// one counts a reason once more.
func one(of map[string]int64, reason string) map[string]int64 {
	if of == nil {
		of = map[string]int64{}
	}
	of[reason]++
	return of
}

func (a *Account) problem(p Problem) {
	a.problems++
	if len(a.Problems) < maxProblems {
		a.Problems = append(a.Problems, p)
	}
}

// file accounts for a file with its result.
func (a *Account) file(v Result) {
	switch v.Outcome {
	case Read:
		a.Files.Read++
	case Skipped:
		a.Files.Skipped++
		a.Reasons.Skipped = one(a.Reasons.Skipped, v.reason())
	case Failed:
		a.Files.Failed++
		a.Reasons.Failed = one(a.Reasons.Failed, v.reason())
		if v.Unseen {
			a.Unseen++
		}
		if v.Cause != "" {
			v.Problem.Unseen = v.Unseen
			a.problem(v.Problem)
		}
	case Unread:
		a.Files.Unread++
	}
}

// member accounts for a file inside an archive.
func (a *Account) member(v Result) {
	m := &a.Members
	m.Listed++
	switch v.Outcome {
	case Read:
		m.Read++
	case Skipped:
		m.Skipped++
		m.Reasons.Skipped = one(m.Reasons.Skipped, v.reason())
	case Failed:
		m.Failed++
		m.Reasons.Failed = one(m.Reasons.Failed, v.reason())
		v.Problem.Unseen = v.Unseen
		a.problem(v.Problem)
	}
}

func (a *Account) rejected(p Problem) {
	a.Records.Read++
	a.Records.Rejected++
	reason, _, _ := strings.Cut(p.Cause, ": ")
	a.Reasons.Rejected = one(a.Reasons.Rejected, reason)
	a.problem(p)
}

package verify

import (
	"context"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/internal/anchor"
)

// Counts are numbers of objects by state.
type Counts map[State]int64

// Total returns the number of objects in all states.
func (c Counts) Total() (n int64) {
	for _, count := range c {
		n += count
	}
	return n
}

// ChainSummary is what was found out about one chain.
type ChainSummary struct {
	Chain    Chain     `json:"chain"`
	Digests  Counts    `json:"digests"`
	LogFiles Counts    `json:"log_files"`
	From     time.Time `json:"from,omitzero"` // start of its first valid digest
	To       time.Time `json:"to,omitzero"`   // end of its last valid digest
}

// Summary is the account of a run. Each object that was read or missed is in one
// state of one chain.
type Summary struct {
	Chains []*ChainSummary `json:"chains"`
	// Digests and LogFiles are sums over all chains; Others counts results about
	// hours and whole chains.
	Digests  Counts `json:"digests"`
	LogFiles Counts `json:"log_files"`
	Others   Counts `json:"others"`
	// Bytes is the uncompressed size of the log files that were read.
	Bytes int64 `json:"bytes"`
	// Restarts counts new starts of chains that an event in the archive explains.
	Restarts int64 `json:"restarts"`
	// Uncovered counts log files of kinds that no digest lists, such as those of
	// Insights.
	Uncovered int64 `json:"uncovered"`
	// Absent counts log files that a partial source lacks: nothing is known of them.
	Absent int64 `json:"absent,omitempty"`
	// Ignored counts objects that are neither log files nor digests.
	Ignored int64 `json:"ignored"`

	// Notes say what else should be known of the run, such as what was not permitted
	// to be looked at.
	Notes []string `json:"notes,omitempty"`

	// Heads are the newest digests of the chains whose newest one is valid.
	Heads []anchor.Head `json:"-"`

	byChain map[Chain]*ChainSummary
	oldest  map[Chain]*oldest
}

// oldest are the log files that are missing at the oldest end of a chain. They
// have expired if there are others after them.
type oldest struct {
	present bool
	open    bool // the chain has lost its oldest digests
	held    []Result
}

// maxHeld bounds how many such log files are held back.
const maxHeld = 1 << 18

func newSummary() *Summary {
	return &Summary{Digests: Counts{}, LogFiles: Counts{}, Others: Counts{}, byChain: map[Chain]*ChainSummary{}, oldest: map[Chain]*oldest{}}
}

// report counts the results and passes them on, with the histories of damaged
// objects.
func (v *verifier) report(sum *Summary, handle func(Result) error) error {
	told, end := v.histories(sum, handle)
	counted := v.count(sum, told)
	if err := end(); err != nil {
		return err
	}
	return counted
}

// count takes the results in order, counts them and passes them on.
func (v *verifier) count(sum *Summary, told func(Result) error) error {
	pass := func(r Result) error {
		sum.add(r)
		return told(r)
	}
	for t := range v.tasks {
		r := t.result
		if t.later != nil {
			select {
			case r = <-t.later:
			case <-v.ctx.Done():
				return context.Cause(v.ctx)
			}
		}
		if r.State == "" { // absent
			continue
		}
		for _, r := range sum.hold(v, r) {
			if err := pass(r); err != nil {
				return err
			}
		}
	}
	for _, c := range sum.sorted() {
		for _, r := range sum.oldest[c.Chain].rest() {
			if err := pass(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// hold returns the results that are decided, now that r is known.
func (s *Summary) hold(v *verifier, r Result) []Result {
	o := s.oldest[r.Chain]
	if o == nil {
		o = &oldest{}
		s.oldest[r.Chain] = o
	}
	switch {
	case r.Object == DigestFile && r.Check == CheckHead:
		o.open = true
	case r.Object != LogFile || r.Check == CheckListed || o.present:
	case r.State != Missing:
		o.present = true
		return append(o.rest(), r)
	case v.opts.Retention > 0 || v.opts.Expires != nil:
		r.State = v.retained(r.Key, r.To)
	case o.open && len(o.held) < maxHeld:
		o.held = append(o.held, r)
		return nil
	}
	return []Result{r}
}

// rest returns what is held: expired if a log file of the chain is there.
func (o *oldest) rest() []Result {
	if o == nil {
		return nil
	}
	held := o.held
	o.held = nil
	for i := range held {
		if o.present {
			held[i].State, held[i].Check = Expired, CheckHead
			held[i].Reason = "not in the archive, as all log files before it: removed by retention rules or by hand"
		}
	}
	return held
}

func (s *Summary) add(r Result) {
	c := s.byChain[r.Chain]
	if c == nil {
		c = &ChainSummary{Chain: r.Chain, Digests: Counts{}, LogFiles: Counts{}}
		s.byChain[r.Chain] = c
	}
	switch r.Object {
	case DigestFile:
		c.Digests[r.State]++
		s.Digests[r.State]++
		if r.State == Valid {
			if c.From.IsZero() {
				c.From = r.From
			}
			c.To = r.To
		}
	case LogFile:
		n := max(1, r.Files)
		c.LogFiles[r.State] += n
		s.LogFiles[r.State] += n
	default:
		s.Others[r.State]++
	}
}

func (s *Summary) sorted() []*ChainSummary {
	list := make([]*ChainSummary, 0, len(s.byChain))
	for _, c := range s.byChain {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *ChainSummary) int { return a.Chain.Compare(b.Chain) })
	return list
}

// complete fills in what the run knows besides the results.
func (v *verifier) complete(s *Summary) {
	s.Chains = s.sorted()
	s.Notes = slices.Concat(s.Notes, v.copied(), v.liveNotes, v.expected())
	s.Heads = v.heads
	s.Bytes, s.Restarts, s.Ignored = v.bytes.Load(), v.explained, v.ignored
	s.Absent = v.absent.Load()
	for _, d := range v.lanes {
		s.Uncovered += d.other.files
	}
}

// Bad reports whether there is evidence against the archive, and Unknown whether
// something could not be decided.
func (s *Summary) Bad() bool { return s.any(State.Bad) }

// Unknown reports whether the state of something is not known.
func (s *Summary) Unknown() bool { return s.any(State.Unknown) }

func (s *Summary) any(is func(State) bool) bool {
	for _, counts := range []Counts{s.Digests, s.LogFiles, s.Others} {
		for state, n := range counts {
			if n > 0 && is(state) {
				return true
			}
		}
	}
	return false
}

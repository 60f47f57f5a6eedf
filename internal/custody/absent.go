package custody

import (
	"context"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// maxHeld bounds how many missing log files are held back as long as it is not known
// whether they have expired.
const maxHeld = 1 << 16

// absences finds the log files that digests vouch for and the archive does not list.
// Those of the oldest end of a chain that has lost its oldest digests have expired
// with these, if a later log file is there.
type absences struct {
	filter archive.Filter
	found  func(verify.Result) error
	cut    map[verify.Chain]bool            // chains that have lost their oldest digests
	there  map[verify.Chain]bool            // chains of which a log file is there
	held   map[verify.Chain][]verify.Result // of chains that are cut, as long as none is there
}

func newAbsences(opts Options) *absences {
	return &absences{filter: opts.Filter, found: opts.Found, cut: map[verify.Chain]bool{},
		there: map[verify.Chain]bool{}, held: map[verify.Chain][]verify.Result{}}
}

// report reports the missing log files of all days.
func (a *absences) report(ctx context.Context, s *store) error {
	names, err := s.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.vouched(ctx, name, a.take); err != nil {
			return err
		}
	}
	for _, held := range a.held {
		for _, r := range held {
			if err := a.found(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *absences) take(r record, there bool) error {
	info, _ := archive.ParseKey(r.text)
	chain := verify.ChainOf(info)
	if there {
		a.there[chain] = true
		delete(a.held, chain)
		return nil
	}
	if key, _ := archive.ParseKey(r.key); a.filter.Skip(key) != "" {
		return nil // not selected
	}
	missing := verify.Result{State: verify.Missing, Object: verify.LogFile, Chain: chain, Key: r.key, Digest: r.text,
		Check: verify.CheckRead, Reason: "not in the archive"}
	if a.cut[chain] && !a.there[chain] && len(a.held[chain]) < maxHeld {
		a.held[chain] = append(a.held[chain], missing)
		return nil
	}
	return a.found(missing)
}

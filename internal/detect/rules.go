// Package detect runs detection rules over the events of an archive or a lake, and gathers what they find.
package detect

import (
	"bytes"
	"slices"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/predicate"
	"github.com/cerpac/trailkeeper/sigma"
)

// Rules are rules that are ready to be asked of events. They are safe for concurrent
// use.
type Rules struct {
	set    *sigma.Set
	number func(sigma.Reference) int // of a rule or correlation, as in hit

	// Rules that can only be true of events with one of some names, or from one of some
	// services, by that text in lower case; and those that can be true of any event.
	byName, bySource map[string][]int
	anywhere         []int
	// fields are those of each rule whose values correlations need.
	fields [][]string
}

// New returns the rules of a set. Those that only correlations use are among them.
func New(set *sigma.Set) *Rules {
	rs := &Rules{set: set, number: numbers(set), byName: map[string][]int{}, bySource: map[string][]int{}}
	for i, rule := range set.Rules {
		names, byName := rule.Matches.Requires("eventName")
		sources, bySource := rule.Matches.Requires("eventSource")
		switch {
		case byName:
			index(rs.byName, names, i)
		case bySource:
			index(rs.bySource, sources, i)
		default:
			rs.anywhere = append(rs.anywhere, i)
		}
	}
	rs.fields = rs.neededFields()
	return rs
}

func index(by map[string][]int, texts []string, rule int) {
	slices.Sort(texts)
	for _, text := range slices.Compact(slices.Clone(texts)) {
		by[text] = append(by[text], rule)
	}
}

// eachHit calls hit with the number of each rule that is true of a record. lower is a buffer
// to be used again.
func (rs *Rules) eachHit(r *event.Record, lower *[]byte, hit func(rule int)) {
	try := func(rules []int) {
		for _, i := range rules {
			if rs.set.Rules[i].Matches.Match(r) {
				hit(i)
			}
		}
	}
	try(rs.anywhere)
	rs.candidates(r.Get(event.EventName), rs.byName, lower, try)
	rs.candidates(r.Get(event.EventSource), rs.bySource, lower, try)
}

// candidates calls try with the rules that can be true of a record because of one member.
func (rs *Rules) candidates(v event.Value, by map[string][]int, lower *[]byte, try func([]int)) {
	text, ok := v.Text()
	if ok {
		*lower = append((*lower)[:0], bytes.ToLower(text)...)
		try(by[string(*lower)])
		return
	}
	if !v.Present() || v.IsNull() {
		return // no text is equal to it
	}
	seen := map[int]bool{} // an odd record: the member is a number or an array
	for _, rules := range by {
		for _, i := range rules {
			if !seen[i] {
				seen[i] = true
				try([]int{i})
			}
		}
	}
}

// Candidates is true of each record that a rule can be true of. It is nil if that is
// any record.
func (rs *Rules) Candidates() *predicate.Predicate {
	if len(rs.anywhere) > 0 {
		return nil
	}
	var parts []*predicate.Predicate
	for member, by := range map[string]map[string][]int{"eventName": rs.byName, "eventSource": rs.bySource} {
		if len(by) == 0 {
			continue
		}
		var texts []string
		for text := range by {
			texts = append(texts, text)
		}
		slices.Sort(texts)
		isText := predicate.Where(predicate.At(member), predicate.HasPrefix(""))
		parts = append(parts, predicate.Where(predicate.At(member), predicate.Equal(texts...).Fold()), predicate.Not(isText))
	}
	return predicate.Any(parts...)
}

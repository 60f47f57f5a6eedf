package detect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/sigma"
)

// Finding is what one rule found of one principal on one day, or what one correlation
// was true of.
type Finding struct {
	ID       string           `json:"id"` // the same when the same is found again
	Rule     string           `json:"rule"`
	Title    string           `json:"title"`
	Author   string           `json:"author,omitempty"` // of the rule
	Severity finding.Severity `json:"severity"`
	Tags     []string         `json:"tags,omitempty"`

	Account   string    `json:"account,omitempty"`
	Region    string    `json:"region,omitempty"` // of all events, "" if they differ
	Principal string    `json:"principal,omitempty"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Count     int       `json:"count"`
	// Events are the ids of the first events, at most MaxEvents of them.
	Events    []string           `json:"events"`
	Omitted   int                `json:"events_omitted,omitempty"`
	Resources []finding.Resource `json:"resources,omitempty"` // at most maxResources

	meta   *sigma.Meta
	sample []finding.Event
}

// Limits of one finding.
const (
	MaxEvents    = 10_000
	maxResources = 20
	maxSample    = 10 // events that are told whole
)

// gather makes findings of hits, the most severe first and then in order of time.
func (rs *Rules) gather(hits []hit) []*Finding {
	type group struct{ rule, account, principal, day string }
	events := map[group][]*seenEvent{}
	metas := map[string]*sigma.Meta{}
	var all []*Finding
	for _, h := range hits {
		meta, alone := rs.meta(h.rule)
		switch {
		case !alone:
		case h.events != nil:
			all = append(all, newFinding(meta, h.events, h.events[0].ID))
		default:
			g := group{ruleID(meta), h.event.Account, h.event.Principal, h.event.Time.Format(time.DateOnly)}
			events[g] = append(events[g], h.event)
			metas[g.rule] = meta
		}
	}
	for g, found := range events {
		slices.SortFunc(found, order)
		all = append(all, newFinding(metas[g.rule], found, g.day))
	}
	slices.SortFunc(all, func(a, b *Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.First.Compare(b.First), strings.Compare(a.Rule, b.Rule), strings.Compare(a.ID, b.ID))
	})
	return all
}

// meta returns what a rule or correlation says of itself, and whether its hits are
// findings.
func (rs *Rules) meta(number int) (meta *sigma.Meta, alone bool) {
	if number < len(rs.set.Rules) {
		return &rs.set.Rules[number].Meta, rs.set.Rules[number].Alone
	}
	c := rs.set.Correlations[number-len(rs.set.Rules)]
	return &c.Meta, c.Alone
}

// ruleID returns what findings call a rule.
func ruleID(m *sigma.Meta) string { return cmp.Or(m.ID, m.Name, m.Title) }

// newFinding makes a finding of events in order. distinct tells it from others of the
// same rule and principal.
func newFinding(meta *sigma.Meta, events []*seenEvent, distinct string) *Finding {
	first, last := events[0], events[len(events)-1]
	f := &Finding{
		Rule: ruleID(meta), Title: meta.Title, Author: meta.Author, Severity: meta.Level, Tags: meta.Tags,
		Account: first.Account, Region: first.Region, Principal: first.Principal, First: first.Time, Last: last.Time,
		Count: len(events), Omitted: max(0, len(events)-MaxEvents), meta: meta,
	}
	seen := map[finding.Resource]bool{}
	for i, e := range events {
		if i < MaxEvents {
			f.Events = append(f.Events, e.ID)
		}
		if i < maxSample {
			f.sample = append(f.sample, e.Event)
		}
		f.Account, f.Region, f.Principal = common(f.Account, e.Account), common(f.Region, e.Region), common(f.Principal, e.Principal)
		for _, r := range e.resources {
			if !seen[r] && len(f.Resources) < maxResources {
				seen[r] = true
				f.Resources = append(f.Resources, r)
			}
		}
	}
	f.ID = finding.NewID(f.Rule, f.Account, f.Principal, distinct)
	return f
}

// common returns what two texts have in common: both of them, or nothing.
func common(a, b string) string {
	if a == b {
		return a
	}
	return ""
}

// Techniques returns the techniques of MITRE ATT&CK that the rule names.
func (f *Finding) Techniques() []string { return f.meta.Techniques() }

// Check returns the rule of the finding, for a stream of findings.
func (f *Finding) Check() finding.Check {
	c := finding.Check{ID: f.Rule, Title: f.Title, Description: f.meta.Description}
	if f.Author != "" {
		c.Description = strings.TrimSpace(c.Description + "\nRule by " + f.Author + ".")
	}
	if len(f.meta.References) > 0 {
		c.URL = f.meta.References[0]
	}
	for _, technique := range f.meta.Techniques() {
		c.References = append(c.References, finding.Reference{Catalogue: "MITRE ATT&CK", Number: technique})
	}
	return c
}

// Message returns the finding for a stream of findings. now is when it was found. One
// of several accounts or Regions is told as one of the first event's.
func (f *Finding) Message(now time.Time) finding.Finding {
	m := finding.Finding{
		ID: f.ID, Check: f.Rule, Verdict: finding.Bad, Severity: f.Severity, Title: f.Title, Description: f.meta.Description,
		Account: f.sample[0].Account, Region: f.sample[0].Region, Time: now, First: f.First, Last: f.Last, Resources: f.Resources,
		EvidenceOmitted: int64(f.Count - len(f.sample)),
	}
	for i := range f.sample {
		m.Evidence = append(m.Evidence, finding.Evidence{Event: &f.sample[i]})
	}
	return m
}

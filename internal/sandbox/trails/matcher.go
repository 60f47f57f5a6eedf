package trails

import (
	"cmp"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/predicate"
	"github.com/cerpac/trailkeeper/selector"
)

// categoryInsight is the event category of Insights events, which have selectors of
// their own.
const categoryInsight = "Insight"

// globalRegion is the Region of the events of global services. Since November 2021
// only trails that cover this Region get them, whatever IncludeGlobalServiceEvents
// says in other Regions.
const globalRegion = "us-east-1"

// Matcher decides which events a trail wants.
type Matcher struct {
	// Member reports whether another account is in the organization of an
	// organization trail. If it is nil, every account is.
	Member func(account string) bool

	earlier []scopeMatcher
	now     scopeMatcher
}

// scopeMatcher matches events by the selectors of one span of time.
type scopeMatcher struct {
	until    time.Time
	trail    Trail
	selected *predicate.Predicate
}

// NewMatcher returns a matcher for the trail's current and earlier configurations.
func NewMatcher(t Trail) *Matcher {
	m := &Matcher{now: scopeMatcher{trail: t, selected: t.selectors().Predicate()}}
	for _, s := range t.Earlier {
		earlier := s.in(t)
		m.earlier = append(m.earlier, scopeMatcher{until: s.Until, trail: earlier, selected: earlier.selectors().Predicate()})
	}
	return m
}

// Wants reports whether the trail's configuration at e.Time selects the event, by its
// account, Region and content. r is the decoded e.Record. It does not check whether
// the trail was logging; see LoggedAt.
func (m *Matcher) Wants(e *journal.Entry, r *event.Record) bool {
	for i := range m.earlier {
		if !e.Time.After(m.earlier[i].until) {
			return m.earlier[i].wants(e, r, m.Member)
		}
	}
	return m.now.wants(e, r, m.Member)
}

func (s *scopeMatcher) wants(e *journal.Entry, r *event.Record, member func(account string) bool) bool {
	if !s.covers(e, r, member) {
		return false
	}
	if e.Category == categoryInsight {
		return s.wantsInsight(r)
	}
	return s.selected.Match(r)
}

func (s *scopeMatcher) covers(e *journal.Entry, r *event.Record, member func(account string) bool) bool {
	t := &s.trail
	if e.Account != t.Account && (t.OrganizationID == "" || member != nil && !member(e.Account)) {
		return false
	}
	if t.MultiRegion {
		return true
	}
	return e.Region == t.Region && (t.GlobalEvents || e.Region != globalRegion || !isGlobal(r))
}

// isGlobal reports whether an event in us-east-1 is of a global service. Of STS only
// calls to its global endpoint are, not those to the Region's endpoint.
func isGlobal(r *event.Record) bool {
	switch string(r.Text(event.EventSource)) {
	case "iam.amazonaws.com", "cloudfront.amazonaws.com", "route53.amazonaws.com", "organizations.amazonaws.com":
		return true
	case "sts.amazonaws.com":
		return memberText(r.Get(event.TLSDetails), "clientProvidedHostHeader") != "sts."+globalRegion+".amazonaws.com"
	}
	return false
}

// memberText returns a string member of an object, "" if there is none.
func memberText(object event.Value, member string) (text string) {
	object.Members(func(name []byte, v event.Value) {
		if string(name) == member {
			value, _ := v.Text()
			text = string(value)
		}
	})
	return text
}

// wantsInsight reports whether the trail has this type of Insights turned on for the
// category of its source events.
func (s *scopeMatcher) wantsInsight(r *event.Record) bool {
	details := r.Get(event.InsightDetails)
	kind := memberText(details, "insightType")
	source := cmp.Or(memberText(details, "sourceEventCategory"), selector.Management)
	return slices.ContainsFunc(s.trail.InsightSelectors, func(s InsightSelector) bool {
		return s.InsightType == kind && slices.Contains(s.EventCategories, source)
	})
}

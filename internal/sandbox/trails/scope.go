package trails

import (
	"reflect"
	"slices"
	"time"
)

// maxEarlier is how many scopes a trail remembers. Older events than these, which
// can only wait for a bucket that is broken, are judged by the oldest of them.
const maxEarlier = 100

// Scope is which events a trail asks for.
type Scope struct {
	Until             time.Time // when the trail got another one
	MultiRegion       bool
	GlobalEvents      bool
	OrganizationID    string
	EventSelectors    []EventSelector
	AdvancedSelectors []AdvancedSelector
	InsightSelectors  []InsightSelector
}

func (t Trail) scope() Scope {
	return Scope{
		MultiRegion: t.MultiRegion, GlobalEvents: t.GlobalEvents, OrganizationID: t.OrganizationID,
		EventSelectors: t.EventSelectors, AdvancedSelectors: t.AdvancedSelectors, InsightSelectors: t.InsightSelectors,
	}
}

// in is the trail as it was when it had the scope.
func (s Scope) in(t Trail) Trail {
	t.MultiRegion, t.GlobalEvents, t.OrganizationID = s.MultiRegion, s.GlobalEvents, s.OrganizationID
	t.EventSelectors, t.AdvancedSelectors, t.InsightSelectors = s.EventSelectors, s.AdvancedSelectors, s.InsightSelectors
	return t
}

// remember adds the scope that the trail had until now, if it is another one.
func (t *Trail) remember(before Trail, now time.Time) {
	old := before.scope()
	if len(t.Logging) == 0 || reflect.DeepEqual(old, t.scope()) {
		return
	}
	old.Until = now
	t.Earlier = append(slices.Clip(t.Earlier), old)
	t.Earlier = t.Earlier[max(0, len(t.Earlier)-maxEarlier):]
}

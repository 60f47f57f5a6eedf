package trails

import (
	"reflect"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/selector"
)

// maxEarlier is how many earlier scopes a trail keeps. Events from before these are
// matched by the oldest one. Only a failing bucket makes events wait that long.
const maxEarlier = 100

// Scope is the part of a trail's configuration that selects events.
type Scope struct {
	Until             time.Time // when it was replaced
	MultiRegion       bool
	GlobalEvents      bool
	OrganizationID    string
	EventSelectors    []selector.Basic
	AdvancedSelectors []selector.Advanced
	InsightSelectors  []InsightSelector
}

func (t Trail) scope() Scope {
	return Scope{
		MultiRegion: t.MultiRegion, GlobalEvents: t.GlobalEvents, OrganizationID: t.OrganizationID,
		EventSelectors: t.EventSelectors, AdvancedSelectors: t.AdvancedSelectors, InsightSelectors: t.InsightSelectors,
	}
}

// in returns the trail with the scope's configuration.
func (s Scope) in(t Trail) Trail {
	t.MultiRegion, t.GlobalEvents, t.OrganizationID = s.MultiRegion, s.GlobalEvents, s.OrganizationID
	t.EventSelectors, t.AdvancedSelectors, t.InsightSelectors = s.EventSelectors, s.AdvancedSelectors, s.InsightSelectors
	return t
}

// remember keeps the scope of the trail before a change, if the change replaced it.
func (t *Trail) remember(before Trail, now time.Time) {
	old := before.scope()
	if len(t.Logging) == 0 || reflect.DeepEqual(old, t.scope()) {
		return
	}
	old.Until = now
	t.Earlier = append(slices.Clip(t.Earlier), old)
	t.Earlier = t.Earlier[max(0, len(t.Earlier)-maxEarlier):]
}

package trails

import (
	"context"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/selector"
)

type putSelectorsRequest struct {
	TrailName              string
	EventSelectors         []basicRequest
	AdvancedEventSelectors []selector.Advanced
}

// basicRequest is a basic selector as a request has it: without ReadWriteType it is of
// all events, but an empty ReadWriteType is refused.
type basicRequest struct {
	selector.Basic
	ReadWriteType *string
}

// selectors returns the trail's selectors; there are some.
func (t Trail) selectors() selector.Set {
	if len(t.EventSelectors)+len(t.AdvancedSelectors) == 0 {
		return selector.Default()
	}
	return selector.Set{EventSelectors: t.EventSelectors, AdvancedEventSelectors: t.AdvancedSelectors}
}

// selectorsView is the answer of PutEventSelectors and GetEventSelectors.
type selectorsView struct {
	TrailARN string
	selector.Set
}

func (t Trail) selectorsView() selectorsView { return selectorsView{t.ARN, t.selectors()} }

// putEventSelectors replaces all selectors of the trail, basic and advanced.
func (s *Store) putEventSelectors(ctx context.Context, c cloudtrail.Call, in putSelectorsRequest) (any, error) {
	t, err := s.own(ctx, c, in.TrailName)
	if err != nil {
		return nil, err
	}
	wanted, err := in.selectors()
	if err != nil {
		return nil, err
	}
	t.EventSelectors, t.AdvancedSelectors = wanted.EventSelectors, wanted.AdvancedEventSelectors
	return t.selectorsView(), s.put(t)
}

// selectors returns the complete selectors of a request that CloudTrail accepts.
func (in putSelectorsRequest) selectors() (selector.Set, error) {
	set := selector.Set{AdvancedEventSelectors: in.AdvancedEventSelectors}
	for _, r := range in.EventSelectors {
		if r.ReadWriteType != nil {
			r.Basic.ReadWriteType = *r.ReadWriteType
		}
		if r.ReadWriteType != nil && *r.ReadWriteType == "" {
			return set, refuseSelectors("Value  for ReadWriteType is invalid.")
		}
		set.EventSelectors = append(set.EventSelectors, r.Complete())
	}
	if len(set.EventSelectors)+len(set.AdvancedEventSelectors) == 0 {
		return set, refuseSelectors("At least one event selector must be specified.")
	}
	if problems := set.Check(); len(problems) > 0 {
		return set, refuseSelectors("%s", problems[0].Message())
	}
	return set, nil
}

func (s *Store) getEventSelectors(ctx context.Context, c cloudtrail.Call, in struct{ TrailName string }) (any, error) {
	t, err := s.find(ctx, c, in.TrailName)
	if err != nil {
		return nil, err
	}
	return t.selectorsView(), nil
}

func refuseSelectors(format string, args ...any) error {
	return cloudtrail.Refuse("InvalidEventSelectorsException", format, args...)
}

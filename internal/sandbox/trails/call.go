package trails

import (
	"context"
	"errors"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
)

// Handle answers a call. Its changes are on disk before it returns.
func (s *Store) Handle(ctx context.Context, c cloudtrail.Call) cloudtrail.Answer {
	answer, err := s.answer(ctx, c)
	if denied, ok := errors.AsType[*permit.Denial](err); ok {
		err = cloudtrail.Refuse(denied.Code, "%s", denied.Message)
	}
	if err != nil {
		return cloudtrail.Fail(err)
	}
	return cloudtrail.Succeed(answer)
}

func (s *Store) answer(ctx context.Context, c cloudtrail.Call) (any, error) {
	operate := operation(c.Operation)
	if operate == nil {
		return nil, cloudtrail.Refuse("UnsupportedOperationException", "The sandbox does not have the CloudTrail operation %s.", c.Operation)
	}
	return operate(s, ctx, c)
}

// operation returns the handler of an operation, nil for an unsupported one.
func operation(name string) func(*Store, context.Context, cloudtrail.Call) (any, error) {
	switch name {
	case "CreateTrail":
		return changing((*Store).createTrail)
	case "UpdateTrail":
		return changing((*Store).updateTrail)
	case "DeleteTrail":
		return changing((*Store).deleteTrail)
	case "StartLogging":
		return changing((*Store).startLogging)
	case "StopLogging":
		return changing((*Store).stopLogging)
	case "PutEventSelectors":
		return changing((*Store).putEventSelectors)
	case "PutInsightSelectors":
		return changing((*Store).putInsightSelectors)
	case "AddTags":
		return changing((*Store).addTags)
	case "RemoveTags":
		return changing((*Store).removeTags)
	case "GetTrail":
		return reading((*Store).getTrail)
	case "DescribeTrails":
		return reading((*Store).describeTrails)
	case "ListTrails":
		return reading((*Store).listTrails)
	case "GetTrailStatus":
		return reading((*Store).getTrailStatus)
	case "GetEventSelectors":
		return reading((*Store).getEventSelectors)
	case "GetInsightSelectors":
		return reading((*Store).getInsightSelectors)
	case "ListTags":
		return reading((*Store).listTags)
	case "LookupEvents":
		return reading((*Store).lookupEvents)
	case "ListPublicKeys":
		return reading((*Store).listPublicKeys)
	}
	return nil
}

// reading returns a handler that decodes the request's body and calls f.
func reading[In any](f func(*Store, context.Context, cloudtrail.Call, In) (any, error)) func(*Store, context.Context, cloudtrail.Call) (any, error) {
	return func(s *Store, ctx context.Context, c cloudtrail.Call) (any, error) {
		var in In
		if err := cloudtrail.Decode(c.Body, &in); err != nil {
			return nil, err
		}
		return f(s, ctx, c, in)
	}
}

// changing is like reading, for operations that change trails: they run one at a time.
func changing[In any](f func(*Store, context.Context, cloudtrail.Call, In) (any, error)) func(*Store, context.Context, cloudtrail.Call) (any, error) {
	return reading(func(s *Store, ctx context.Context, c cloudtrail.Call, in In) (any, error) {
		s.changing.Lock()
		defer s.changing.Unlock()
		return f(s, ctx, c, in)
	})
}

// nothing is an empty answer.
type nothing struct{}

package trails

import (
	"context"
	"slices"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/selector"
)

type insightsRequest struct {
	TrailName           *string
	EventDataStore      *string
	InsightsDestination *string
	InsightSelectors    *[]InsightSelector
}

// insightsView is the answer of PutInsightSelectors and GetInsightSelectors.
type insightsView struct {
	TrailARN         string
	InsightSelectors []InsightSelector
}

// trailName returns the trail of the request. It refuses event data stores, which the
// sandbox does not have.
func (in insightsRequest) trailName() (string, error) {
	switch {
	case in.TrailName != nil && (in.EventDataStore != nil || in.InsightsDestination != nil):
		return "", cloudtrail.Refuse("InvalidParameterCombinationException", "TrailName cannot be specified together with EventDataStore or InsightsDestination.")
	case in.TrailName != nil:
		return *in.TrailName, nil
	case in.EventDataStore != nil:
		return "", cloudtrail.Refuse("UnsupportedOperationException", "The sandbox has no event data stores.")
	}
	return "", cloudtrail.Refuse("InvalidParameterException", "TrailName or EventDataStore must be specified.")
}

// putInsightSelectors turns on the given types of Insights and turns off all others.
// The sandbox detects no Insights; it delivers injected Insights events accordingly.
func (s *Store) putInsightSelectors(ctx context.Context, c cloudtrail.Call, in insightsRequest) (any, error) {
	name, err := in.trailName()
	if err != nil {
		return nil, err
	}
	t, err := s.own(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if in.InsightSelectors == nil {
		return nil, cloudtrail.Refuse("InvalidInsightSelectorsException", "InsightSelectors must be specified.")
	}
	if t.InsightSelectors, err = completeInsights(*in.InsightSelectors); err != nil {
		return nil, err
	}
	if len(t.InsightSelectors) > 0 {
		if err := s.checkInsightPermits(ctx, t); err != nil {
			return nil, err
		}
	}
	return insightsView{t.ARN, t.InsightSelectors}, s.put(t)
}

// checkInsightPermits checks the bucket and the key again: Insights events go to a
// folder of their own.
func (s *Store) checkInsightPermits(ctx context.Context, t Trail) error {
	in := trailRequest{S3BucketName: &t.Bucket, KmsKeyID: &t.KeyARN}
	return s.checkPermits(ctx, t, in)
}

func completeInsights(selectors []InsightSelector) ([]InsightSelector, error) {
	const code = "InvalidInsightSelectorsException"
	complete := []InsightSelector{}
	for _, s := range selectors {
		if s.InsightType != "ApiCallRateInsight" && s.InsightType != "ApiErrorRateInsight" {
			return nil, cloudtrail.Refuse(code, "Value %s for InsightType is invalid.", s.InsightType)
		}
		if slices.ContainsFunc(complete, func(other InsightSelector) bool { return other.InsightType == s.InsightType }) {
			return nil, cloudtrail.Refuse(code, "InsightType %s is specified more than once.", s.InsightType)
		}
		if len(s.EventCategories) == 0 {
			s.EventCategories = []string{selector.Management}
		}
		for _, category := range s.EventCategories {
			if category != selector.Management && category != selector.Data {
				return nil, cloudtrail.Refuse(code, "Value %s for EventCategories is invalid.", category)
			}
		}
		complete = append(complete, s)
	}
	return complete, nil
}

func (s *Store) getInsightSelectors(ctx context.Context, c cloudtrail.Call, in insightsRequest) (any, error) {
	name, err := in.trailName()
	if err != nil {
		return nil, err
	}
	t, err := s.find(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if len(t.InsightSelectors) == 0 {
		return nil, cloudtrail.Refuse("InsightNotEnabledException", "Trail %s does not have Insights enabled. "+
			"Edit the trail settings to enable Insights, and then try the operation again.", t.ARN)
	}
	return insightsView{t.ARN, t.InsightSelectors}, nil
}

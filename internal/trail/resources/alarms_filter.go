package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// metricFilter counts the events of the log group that match a control. It carries no
// tags: whoever owns the log group owns it.
func (s *Set) metricFilter(w watch) converge.Resource {
	put := func(ctx context.Context) error {
		_, err := s.Account.Logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{
			LogGroupName: &s.Names.LogGroup, FilterName: &w.Filter, FilterPattern: &w.Pattern,
			MetricTransformations: []types.MetricTransformation{{
				MetricNamespace: &s.Spec.Alarms.Namespace, MetricName: &w.Metric,
				MetricValue: aws.String("1"), DefaultValue: aws.Float64(0),
			}},
		})
		return err
	}
	return converge.Resource{
		Kind: "metric filter", Name: w.Filter, Unwanted: w.unwanted,
		Want: func() (converge.State, error) {
			return converge.State{
				"pattern":          w.Pattern,
				"metric.namespace": s.Spec.Alarms.Namespace,
				"metric.name":      w.Metric,
				"metric.value":     "1",
				"metric.default":   0.0,
				// With any of these it would count less, or into another metric.
				"metric.dimensions": nil,
				"field_selection":   nil,
				"transformed_logs":  false,
			}, w.check()
		},
		Read: func(ctx context.Context) (converge.Actual, error) {
			found, err := s.findFilter(ctx, w.Filter)
			if found == nil || err != nil {
				return converge.Actual{}, err
			}
			actual := converge.Actual{Exists: true, Owned: s.refs.LogGroup != foreign, Adopted: s.refs.LogGroup == adopted, State: describeFilter(*found)}
			if actual.Adopted {
				actual.Note = "it belongs to a log group that existed before"
			}
			return actual, nil
		},
		Create: put,
		Parts: []converge.Part{{
			Fields: []string{"pattern", "metric.", "field_selection", "transformed_logs"}, Call: "logs:PutMetricFilter",
			Write: func(ctx context.Context, _ converge.Actual) error { return put(ctx) },
		}},
		Delete: func(ctx context.Context) error { return s.deleteFilter(ctx, w.Filter) },
		Retry: func(err error) string {
			if account.Missing(err) {
				return "CloudWatch Logs is still propagating the log group"
			}
			return ""
		},
	}
}

func describeFilter(f types.MetricFilter) converge.State {
	state := converge.State{
		"pattern":          aws.ToString(f.FilterPattern),
		"field_selection":  orNil(aws.ToString(f.FieldSelectionCriteria)),
		"transformed_logs": f.ApplyOnTransformedLogs,
	}
	if len(f.MetricTransformations) == 0 {
		return state
	}
	m := f.MetricTransformations[0] // there is at most one
	dimensions := m.Dimensions
	for _, field := range f.EmitSystemFieldDimensions {
		if dimensions == nil {
			dimensions = map[string]string{}
		}
		dimensions[field] = ""
	}
	state["metric.namespace"] = aws.ToString(m.MetricNamespace)
	state["metric.name"] = aws.ToString(m.MetricName)
	state["metric.value"] = aws.ToString(m.MetricValue)
	state["metric.dimensions"] = dimensions
	if m.DefaultValue != nil {
		state["metric.default"] = *m.DefaultValue
	}
	return state
}

// findFilter returns nil if there is none.
func (s *Set) findFilter(ctx context.Context, name string) (*types.MetricFilter, error) {
	pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(s.Account.Logs, &cloudwatchlogs.DescribeMetricFiltersInput{
		LogGroupName: &s.Names.LogGroup, FilterNamePrefix: &name,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if account.Missing(err) { // the log group
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, filter := range page.MetricFilters {
			if aws.ToString(filter.FilterName) == name {
				return &filter, nil
			}
		}
	}
	return nil, nil
}

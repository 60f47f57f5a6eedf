package resources

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/cerpac/trailkeeper/controls"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// leftoverAlarms are what an earlier configuration wanted and this one does not.
func (s *Set) leftoverAlarms() converge.Resource {
	var alarms, filters []string
	deleteAlarms := func(ctx context.Context) error {
		if len(alarms) == 0 {
			return nil
		}
		return s.deleteAlarms(ctx, alarms)
	}
	deleteFilters := func(ctx context.Context) error {
		for _, name := range filters {
			if err := s.deleteFilter(ctx, name); err != nil {
				return err
			}
		}
		return nil
	}
	return converge.Resource{
		Kind: "leftover alarms", Name: s.alarmPrefix() + "*",
		Want: func() (converge.State, error) { return converge.State{"alarms": nil, "filters": nil}, nil },
		Read: func(ctx context.Context) (actual converge.Actual, err error) {
			if alarms, err = s.unwantedAlarms(ctx); err != nil {
				return actual, err
			}
			if filters, err = s.unwantedFilters(ctx); err != nil {
				return actual, err
			}
			return converge.Actual{
				Exists: true, Owned: true,
				State: converge.State{"alarms": converge.Set(alarms), "filters": converge.Set(filters)},
			}, nil
		},
		Parts: []converge.Part{
			{Fields: []string{"alarms"}, Call: "cloudwatch:DeleteAlarms", Write: func(ctx context.Context, _ converge.Actual) error {
				return deleteAlarms(ctx)
			}},
			{Fields: []string{"filters"}, Call: "logs:DeleteMetricFilter", Write: func(ctx context.Context, _ converge.Actual) error {
				return deleteFilters(ctx)
			}},
		},
		Delete: func(ctx context.Context) error {
			if err := deleteAlarms(ctx); err != nil {
				return err
			}
			return deleteFilters(ctx)
		},
	}
}

// unwantedAlarms have our prefix and our tag.
func (s *Set) unwantedAlarms(ctx context.Context) (names []string, err error) {
	pages := cloudwatch.NewDescribeAlarmsPaginator(s.Account.Alarms, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(s.alarmPrefix()), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm},
	})
	watches := s.watches()
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, alarm := range page.MetricAlarms {
			name := aws.ToString(alarm.AlarmName)
			if slices.ContainsFunc(watches, func(w watch) bool { return s.alarmName(w.ID) == name }) {
				continue
			}
			tags, err := s.alarmTags(ctx, alarm.AlarmArn)
			if err != nil {
				return nil, err
			}
			if s.owns(tags) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// unwantedFilters have the name of a control that is not wanted.
func (s *Set) unwantedFilters(ctx context.Context) (names []string, err error) {
	filters, err := s.metricFilters(ctx, "")
	if err != nil {
		return nil, err
	}
	watches := s.watches()
	unwanted := slices.DeleteFunc(controls.All(), func(c controls.Control) bool {
		return slices.ContainsFunc(watches, func(w watch) bool { return w.ID == c.ID })
	})
	for _, filter := range filters {
		name := aws.ToString(filter.FilterName)
		if slices.ContainsFunc(unwanted, func(c controls.Control) bool { return c.Filter == name }) {
			names = append(names, name)
		}
	}
	return names, nil
}

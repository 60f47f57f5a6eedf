package resources

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// leftoverAlarms are alarms and metric filters that only an earlier configuration
// wanted.
func (s *Set) leftoverAlarms() []converge.Resource {
	return []converge.Resource{
		leftoverList("leftover metric filters", s.Names.LogGroup, s.ownFilters, s.deleteFilter),
		leftoverList("leftover alarms", s.Names.Trail, s.ownAlarms, s.deleteAlarm),
	}
}

// leftoverAlarmTopic is the topic that an earlier configuration created for alarms that
// are now disabled or notify another one.
func (s *Set) leftoverAlarmTopic() []converge.Resource {
	if s.Spec.Alarms.Enabled && s.Names.AlarmTopicARN == s.Names.OwnAlarmTopicARN {
		return nil
	}
	return []converge.Resource{leftover(snsTopic{Set: s, name: s.Names.OwnAlarmTopic, arn: s.Names.OwnAlarmTopicARN}.resource("alarm topic"), "its subscriptions go too")}
}

// ownFilters lists the filters of our log group that have the name of a control's
// filter.
func (s *Set) ownFilters(ctx context.Context) (names []string, err error) {
	watches := s.watches()
	pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(s.Account.Logs, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: &s.Names.LogGroup})
	for s.refs.LogGroup == made && pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if account.Missing(err) { // the log group
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, found := range page.MetricFilters {
			name := aws.ToString(found.FilterName)
			if slices.ContainsFunc(watches, func(w watch) bool { return w.Filter == name }) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

func (s *Set) deleteFilter(ctx context.Context, name string) error {
	_, err := s.Account.Logs.DeleteMetricFilter(ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: &s.Names.LogGroup, FilterName: &name})
	if account.Missing(err) {
		return nil
	}
	return err
}

// ownAlarms lists the alarms that have the name of a control's alarm and our tag.
func (s *Set) ownAlarms(ctx context.Context) (names []string, err error) {
	watches := s.watches()
	pages := cloudwatch.NewDescribeAlarmsPaginator(s.Account.Alarms, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(s.alarmPrefix())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, found := range page.MetricAlarms {
			name := aws.ToString(found.AlarmName)
			if !slices.ContainsFunc(watches, func(w watch) bool { return s.alarmName(w) == name }) {
				continue
			}
			tags, err := s.alarmTags(ctx, found.AlarmArn)
			if err != nil {
				return nil, err
			}
			if s.claimOf(tags) == made {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

func (s *Set) deleteAlarm(ctx context.Context, name string) error {
	_, err := s.Account.Alarms.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
	if account.Missing(err) {
		return nil
	}
	return err
}

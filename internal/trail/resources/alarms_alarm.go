package resources

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// alarm fires when a control's metric filter counts something.
func (s *Set) alarm(w watch) converge.Resource {
	name := s.alarmName(w)
	return converge.Resource{
		Kind: "alarm", Name: name, Unwanted: w.unwanted,
		Want: func() (converge.State, error) { return s.wantedAlarm(w), nil },
		Read: func(ctx context.Context) (converge.Actual, error) {
			out, err := s.Account.Alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
			if err != nil || len(out.MetricAlarms) == 0 {
				return converge.Actual{}, err
			}
			found := out.MetricAlarms[0]
			tags, err := s.alarmTags(ctx, found.AlarmArn)
			if err != nil {
				return converge.Actual{}, err
			}
			return s.found(tags, describeAlarm(found)), nil
		},
		Create: func(ctx context.Context) error { return s.putAlarm(ctx, w) },
		Parts: []converge.Part{
			{
				// EnableAlarmActions would be enough for actions_enabled, but it needs
				// a right that PutMetricAlarm does not.
				Fields: []string{
					"description", "actions.", "metric.", "statistic", "period", "evaluation_periods", "datapoints_to_alarm",
					"threshold", "comparison", "treat_missing_data",
				},
				Call:  "cloudwatch:PutMetricAlarm",
				Write: func(ctx context.Context, _ converge.Actual) error { return s.putAlarm(ctx, w) },
			},
			{Fields: []string{"tags"}, Call: "cloudwatch:TagResource", Write: func(ctx context.Context, now converge.Actual) error {
				return s.tagAlarm(ctx, name, s.tagsFor(now))
			}},
		},
		Delete: func(ctx context.Context) error { return s.deleteAlarm(ctx, name) },
	}
}

func (s *Set) putAlarm(ctx context.Context, w watch) error {
	_, err := s.Account.Alarms.PutMetricAlarm(ctx, s.alarmInput(w))
	return err
}

func (s *Set) alarmInput(w watch) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(s.alarmName(w)), AlarmDescription: aws.String(w.description()),
		ActionsEnabled: aws.Bool(true), AlarmActions: []string{s.Names.AlarmTopicARN},
		Namespace: &s.Spec.Alarms.Namespace, MetricName: &w.Metric, Statistic: types.StatisticSum,
		Period: aws.Int32(int32(w.period)), EvaluationPeriods: aws.Int32(1),
		Threshold: &w.threshold, ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold,
		TreatMissingData: aws.String("notBreaching"),
		Tags:             alarmTags(s.wantedTags()),
	}
}

// wantedAlarm is alarmInput in the form that describeAlarm returns.
func (s *Set) wantedAlarm(w watch) converge.State {
	return converge.State{
		"description":               w.description(),
		"actions.enabled":           true,
		"actions.alarm":             converge.Set{s.Names.AlarmTopicARN},
		"actions.ok":                nil,
		"actions.insufficient_data": nil,
		"metric.namespace":          s.Spec.Alarms.Namespace,
		"metric.name":               w.Metric,
		"metric.dimensions":         nil,
		"metric.unit":               nil,
		"metric.expressions":        nil,
		"statistic":                 string(types.StatisticSum),
		"period":                    w.period,
		"evaluation_periods":        1,
		"datapoints_to_alarm":       1,
		"threshold":                 w.threshold,
		"comparison":                string(types.ComparisonOperatorGreaterThanOrEqualToThreshold),
		"treat_missing_data":        "notBreaching",
		"tags":                      s.wantedTags(),
	}
}

func describeAlarm(a types.MetricAlarm) converge.State {
	dimensions, expressions := map[string]string{}, converge.Set{}
	for _, d := range a.Dimensions {
		dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	for _, q := range a.Metrics {
		expressions = append(expressions, cmp.Or(aws.ToString(q.Expression), aws.ToString(q.Id)))
	}
	datapoints := a.DatapointsToAlarm
	if datapoints == nil { // the default is all of them
		datapoints = a.EvaluationPeriods
	}
	return converge.State{
		"description":               aws.ToString(a.AlarmDescription),
		"actions.enabled":           aws.ToBool(a.ActionsEnabled),
		"actions.alarm":             converge.Set(a.AlarmActions),
		"actions.ok":                converge.Set(a.OKActions),
		"actions.insufficient_data": converge.Set(a.InsufficientDataActions),
		"metric.namespace":          orNil(aws.ToString(a.Namespace)),
		"metric.name":               orNil(aws.ToString(a.MetricName)),
		"metric.dimensions":         dimensions,
		"metric.unit":               orNil(string(a.Unit)),
		"metric.expressions":        expressions,
		"statistic":                 orNil(cmp.Or(string(a.Statistic), aws.ToString(a.ExtendedStatistic))),
		"period":                    int(aws.ToInt32(a.Period)),
		"evaluation_periods":        int(aws.ToInt32(a.EvaluationPeriods)),
		"datapoints_to_alarm":       int(aws.ToInt32(datapoints)),
		"threshold":                 aws.ToFloat64(a.Threshold),
		"comparison":                string(a.ComparisonOperator),
		"treat_missing_data":        cmp.Or(aws.ToString(a.TreatMissingData), "missing"),
	}
}

func (w watch) description() string { return w.Label() + " - " + w.Title }

func (s *Set) alarmARN(name string) *string {
	return aws.String(s.Account.ARN("cloudwatch", "alarm:"+name))
}

func (s *Set) alarmTags(ctx context.Context, arn *string) (map[string]string, error) {
	out, err := s.Account.Alarms.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: arn})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range out.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags, nil
}

// tagAlarm tags an existing alarm: PutMetricAlarm tags only new ones.
func (s *Set) tagAlarm(ctx context.Context, name string, tags map[string]string) error {
	_, err := s.Account.Alarms.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: s.alarmARN(name), Tags: alarmTags(tags)})
	return err
}

// alarmTags returns tags in CloudWatch's type, sorted by key.
func alarmTags(tags map[string]string) (list []types.Tag) {
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	slices.SortFunc(list, func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
	return list
}

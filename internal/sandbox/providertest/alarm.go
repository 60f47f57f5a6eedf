package providertest

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// aws_cloudwatch_metric_alarm
// create: DescribeAlarms, which must not find it (6); PutMetricAlarm
// read: DescribeAlarms by name and AlarmTypes MetricAlarm; ListTagsForResource
// update: PutMetricAlarm; delete: DeleteAlarms; gone is an empty list
func metricAlarm(p *provider) resource {
	put := func(enabled bool, threshold float64) error {
		_, err := p.alarms.PutMetricAlarm(p.ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String(filterName), AlarmDescription: aws.String("the root user was used"),
			ActionsEnabled: &enabled, AlarmActions: []string{p.topicARN()},
			ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold,
			EvaluationPeriods:  aws.Int32(1), MetricName: aws.String("RootUsage"), Namespace: aws.String("LogMetrics"),
			Period: aws.Int32(300), Statistic: types.StatisticSum, Threshold: &threshold, TreatMissingData: aws.String("notBreaching"),
			Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}},
		})
		return err
	}
	return resource{
		kind: "aws_cloudwatch_metric_alarm",
		create: func() error {
			if _, err := p.readAlarm(); err == nil {
				return errExists
			}
			return put(true, 1)
		},
		read: p.readAlarm,
		want: state{
			"actions_enabled": true, "alarm_actions": []string{p.topicARN()}, "ok_actions": 0, "insufficient_data_actions": 0,
			"alarm_description": "the root user was used", "arn": p.arn("cloudwatch", region, "alarm:"+filterName),
			"comparison_operator": "GreaterThanOrEqualToThreshold", "datapoints_to_alarm": int32(0), "dimensions": 0,
			"evaluate_low_sample_count_percentiles": "", "evaluation_periods": int32(1), "extended_statistic": "",
			"metric_name": "RootUsage", "metric_query": 0, "namespace": "LogMetrics", "period": int32(300), "statistic": "Sum",
			"threshold": 1.0, "threshold_metric_id": "", "treat_missing_data": "notBreaching", "unit": "",
			"tags": map[string]string{"Name": "trail"},
		},
		update: func() error { return put(false, 2) },
		change: state{"actions_enabled": false, "threshold": 2.0},
		remove: func() error {
			_, err := p.alarms.DeleteAlarms(p.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{filterName}})
			return ignore(err, "ResourceNotFound", "ResourceNotFoundException")
		},
	}
}

func (p *provider) readAlarm() (state, error) {
	described, err := p.alarms.DescribeAlarms(p.ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: []string{filterName}, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm},
	})
	if err != nil {
		return nil, err
	}
	if len(described.MetricAlarms) != 1 {
		return nil, errGone
	}
	a := described.MetricAlarms[0]
	listed, err := p.alarms.ListTagsForResource(p.ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range listed.Tags {
		tags[*tag.Key] = *tag.Value
	}
	treat := "missing"
	if a.TreatMissingData != nil {
		treat = *a.TreatMissingData
	}
	return state{
		"actions_enabled": aws.ToBool(a.ActionsEnabled), "alarm_actions": a.AlarmActions, "ok_actions": len(a.OKActions),
		"insufficient_data_actions": len(a.InsufficientDataActions), "alarm_description": aws.ToString(a.AlarmDescription),
		"arn": *a.AlarmArn, "comparison_operator": string(a.ComparisonOperator), "datapoints_to_alarm": aws.ToInt32(a.DatapointsToAlarm),
		"dimensions": len(a.Dimensions), "evaluate_low_sample_count_percentiles": aws.ToString(a.EvaluateLowSampleCountPercentile),
		"evaluation_periods": aws.ToInt32(a.EvaluationPeriods), "extended_statistic": aws.ToString(a.ExtendedStatistic),
		"metric_name": aws.ToString(a.MetricName), "metric_query": len(a.Metrics), "namespace": aws.ToString(a.Namespace),
		"period": aws.ToInt32(a.Period), "statistic": string(a.Statistic), "threshold": aws.ToFloat64(a.Threshold),
		"threshold_metric_id": aws.ToString(a.ThresholdMetricId), "treat_missing_data": treat, "unit": string(a.Unit), "tags": tags,
	}, nil
}

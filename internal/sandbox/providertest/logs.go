package providertest

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// aws_cloudwatch_log_group
// create: CreateLogGroup; PutRetentionPolicy
// read: DescribeLogGroups by prefix, all pages, for the group of that name;
// ListTagsForResource of the ARN without :*
// update: PutRetentionPolicy or DeleteRetentionPolicy; DescribeLogGroups and
// PutLogGroupDeletionProtection of its logGroupArn; AssociateKmsKey or
// DisassociateKmsKey; TagResource, UntagResource
// delete: DeleteLogGroup, again while OperationAbortedException
func logGroup(p *provider) resource {
	return resource{
		kind:   "aws_cloudwatch_log_group",
		create: p.createLogGroup,
		read:   p.readLogGroup,
		want: state{
			"arn": p.logGroupARN(), "retention_in_days": int32(90), "kms_key_id": p.keyARN, "log_group_class": "STANDARD",
			"deletion_protection_enabled": true, "tags": map[string]string{"Name": "trail"},
		},
		update: p.updateLogGroup,
		change: state{"retention_in_days": int32(0), "kms_key_id": "", "deletion_protection_enabled": false},
		remove: func() error {
			_, err := p.logs.DeleteLogGroup(p.ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(logGroupName)})
			return ignore(err, "ResourceNotFoundException")
		},
	}
}

func (p *provider) createLogGroup() error {
	_, err := p.logs.CreateLogGroup(p.ctx, &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName: aws.String(logGroupName), LogGroupClass: types.LogGroupClassStandard, KmsKeyId: &p.keyARN,
		DeletionProtectionEnabled: aws.Bool(true), Tags: map[string]string{"Name": "trail"},
	})
	if err != nil {
		return err
	}
	_, err = p.logs.PutRetentionPolicy(p.ctx, &cloudwatchlogs.PutRetentionPolicyInput{
		LogGroupName: aws.String(logGroupName), RetentionInDays: aws.Int32(90),
	})
	return err
}

func (p *provider) updateLogGroup() error {
	_, err := p.logs.DeleteRetentionPolicy(p.ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: aws.String(logGroupName)})
	if err != nil {
		return err
	}
	group, err := p.findLogGroup()
	if err != nil {
		return err
	}
	_, err = p.logs.PutLogGroupDeletionProtection(p.ctx, &cloudwatchlogs.PutLogGroupDeletionProtectionInput{
		LogGroupIdentifier: group.LogGroupArn, DeletionProtectionEnabled: aws.Bool(false),
	})
	if err != nil {
		return err
	}
	_, err = p.logs.DisassociateKmsKey(p.ctx, &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: aws.String(logGroupName)})
	return err
}

func (p *provider) findLogGroup() (*types.LogGroup, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(p.logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(logGroupName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.ctx)
		if err != nil {
			return nil, err
		}
		for _, group := range page.LogGroups {
			if *group.LogGroupName == logGroupName {
				return &group, nil
			}
		}
	}
	return nil, errGone
}

func (p *provider) readLogGroup() (state, error) {
	group, err := p.findLogGroup()
	if err != nil {
		return nil, err
	}
	arn := strings.TrimSuffix(*group.Arn, ":*")
	tags, err := p.logs.ListTagsForResource(p.ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	return state{
		"arn": arn, "retention_in_days": aws.ToInt32(group.RetentionInDays), "kms_key_id": aws.ToString(group.KmsKeyId),
		"log_group_class": string(group.LogGroupClass), "deletion_protection_enabled": aws.ToBool(group.DeletionProtectionEnabled),
		"tags": tags.Tags,
	}, nil
}

// aws_cloudwatch_log_metric_filter
// create, update: PutMetricFilter; read: DescribeMetricFilters by group and
// prefix; delete: DeleteMetricFilter
func metricFilter(p *provider) resource {
	const pattern = `{$.a.b="One" && $.a.c NOT EXISTS && $.d !="Two"}`
	const changed = `{($.e="*Three") || ($.e="Four*")}`
	put := func(pattern string) error {
		_, err := p.logs.PutMetricFilter(p.ctx, &cloudwatchlogs.PutMetricFilterInput{
			FilterName: aws.String(filterName), FilterPattern: &pattern, LogGroupName: aws.String(logGroupName),
			MetricTransformations: []types.MetricTransformation{{
				MetricName: aws.String("RootUsage"), MetricNamespace: aws.String("LogMetrics"), MetricValue: aws.String("1"),
				DefaultValue: aws.Float64(0), Unit: types.StandardUnitNone,
			}},
		})
		return err
	}
	return resource{
		kind:   "aws_cloudwatch_log_metric_filter",
		create: func() error { return put(pattern) },
		read:   p.readMetricFilter,
		want: state{
			"pattern": pattern, "log_group_name": logGroupName, "metric": "LogMetrics/RootUsage=1", "default_value": aws.Float64(0),
			"unit": types.StandardUnitNone, "dimensions": 0, "apply_on_transformed_logs": false,
		},
		update: func() error { return put(changed) },
		change: state{"pattern": changed},
		remove: func() error {
			_, err := p.logs.DeleteMetricFilter(p.ctx, &cloudwatchlogs.DeleteMetricFilterInput{
				FilterName: aws.String(filterName), LogGroupName: aws.String(logGroupName),
			})
			return ignore(err, "ResourceNotFoundException")
		},
	}
}

func (p *provider) readMetricFilter() (state, error) {
	pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(p.logs, &cloudwatchlogs.DescribeMetricFiltersInput{
		LogGroupName: aws.String(logGroupName), FilterNamePrefix: aws.String(filterName),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.ctx)
		if err != nil {
			return nil, goneIf(err, "ResourceNotFoundException")
		}
		for _, filter := range page.MetricFilters {
			if *filter.FilterName != filterName {
				continue
			}
			m := filter.MetricTransformations[0]
			return state{
				"pattern": *filter.FilterPattern, "log_group_name": *filter.LogGroupName,
				"metric":        aws.ToString(m.MetricNamespace) + "/" + aws.ToString(m.MetricName) + "=" + aws.ToString(m.MetricValue),
				"default_value": m.DefaultValue, "unit": m.Unit, "dimensions": len(m.Dimensions),
				"apply_on_transformed_logs": filter.ApplyOnTransformedLogs,
			}, nil
		}
	}
	return nil, errGone
}

package providertest

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
)

// aws_config_configuration_recorder: PutConfigurationRecorder;
// DescribeConfigurationRecorders by name; DeleteConfigurationRecorder
func configRecorder(p *provider) resource {
	return resource{
		kind: "aws_config_configuration_recorder",
		create: func() error {
			_, err := p.config.PutConfigurationRecorder(p.ctx, &configservice.PutConfigurationRecorderInput{
				ConfigurationRecorder: &types.ConfigurationRecorder{
					Name: aws.String("default"), RoleARN: aws.String(p.roleARN()),
					RecordingGroup: &types.RecordingGroup{AllSupported: true, IncludeGlobalResourceTypes: true},
				},
			})
			return err
		},
		read: func() (state, error) {
			out, err := p.config.DescribeConfigurationRecorders(p.ctx, &configservice.DescribeConfigurationRecordersInput{
				ConfigurationRecorderNames: []string{"default"},
			})
			if err != nil {
				return nil, goneIf(err, "NoSuchConfigurationRecorderException")
			}
			if len(out.ConfigurationRecorders) != 1 {
				return nil, errGone
			}
			recorder := out.ConfigurationRecorders[0]
			return state{
				"name": *recorder.Name, "role_arn": *recorder.RoleARN, "all_supported": recorder.RecordingGroup.AllSupported,
				"include_global_resource_types": recorder.RecordingGroup.IncludeGlobalResourceTypes,
				"resource_types":                len(recorder.RecordingGroup.ResourceTypes),
			}, nil
		},
		want: state{"name": "default", "role_arn": p.roleARN(), "all_supported": true, "include_global_resource_types": true, "resource_types": 0},
		remove: func() error {
			_, err := p.config.DeleteConfigurationRecorder(p.ctx, &configservice.DeleteConfigurationRecorderInput{
				ConfigurationRecorderName: aws.String("default"),
			})
			return ignore(err, "NoSuchConfigurationRecorderException")
		},
	}
}

// aws_config_delivery_channel: PutDeliveryChannel, again while
// InsufficientDeliveryPolicyException; DescribeDeliveryChannels by name;
// DeleteDeliveryChannel, again while a recorder runs
func configDeliveryChannel(p *provider) resource {
	return resource{
		kind: "aws_config_delivery_channel",
		create: func() error {
			_, err := p.config.PutDeliveryChannel(p.ctx, &configservice.PutDeliveryChannelInput{
				DeliveryChannel: &types.DeliveryChannel{Name: aws.String("default"), S3BucketName: aws.String(bucketName)},
			})
			return err
		},
		read: func() (state, error) {
			out, err := p.config.DescribeDeliveryChannels(p.ctx, &configservice.DescribeDeliveryChannelsInput{
				DeliveryChannelNames: []string{"default"},
			})
			if err != nil {
				return nil, goneIf(err, "NoSuchDeliveryChannelException")
			}
			if len(out.DeliveryChannels) != 1 {
				return nil, errGone
			}
			channel := out.DeliveryChannels[0]
			return state{
				"name": *channel.Name, "s3_bucket_name": *channel.S3BucketName, "s3_key_prefix": aws.ToString(channel.S3KeyPrefix),
				"sns_topic_arn": aws.ToString(channel.SnsTopicARN), "snapshot_delivery_properties": channel.ConfigSnapshotDeliveryProperties != nil,
			}, nil
		},
		want: state{"name": "default", "s3_bucket_name": bucketName, "s3_key_prefix": "", "sns_topic_arn": "", "snapshot_delivery_properties": false},
		remove: func() error {
			_, err := p.config.DeleteDeliveryChannel(p.ctx, &configservice.DeleteDeliveryChannelInput{DeliveryChannelName: aws.String("default")})
			return ignore(err, "NoSuchDeliveryChannelException")
		},
	}
}

// aws_config_configuration_recorder_status: StartConfigurationRecorder or Stop;
// DescribeConfigurationRecorderStatus by name; delete is Stop, it still has a status
func configRecorderStatus(p *provider) resource {
	stop := func() error {
		_, err := p.config.StopConfigurationRecorder(p.ctx, &configservice.StopConfigurationRecorderInput{
			ConfigurationRecorderName: aws.String("default"),
		})
		return ignore(err, "NoSuchConfigurationRecorderException")
	}
	return resource{
		kind: "aws_config_configuration_recorder_status",
		create: func() error {
			_, err := p.config.StartConfigurationRecorder(p.ctx, &configservice.StartConfigurationRecorderInput{
				ConfigurationRecorderName: aws.String("default"),
			})
			return err
		},
		read: func() (state, error) {
			out, err := p.config.DescribeConfigurationRecorderStatus(p.ctx, &configservice.DescribeConfigurationRecorderStatusInput{
				ConfigurationRecorderNames: []string{"default"},
			})
			if err != nil {
				return nil, goneIf(err, "NoSuchConfigurationRecorderException")
			}
			if len(out.ConfigurationRecordersStatus) != 1 {
				return nil, errGone
			}
			return state{"is_enabled": out.ConfigurationRecordersStatus[0].Recording}, nil
		},
		want: state{"is_enabled": true}, remove: stop, remains: true,
	}
}

// aws_config_config_rule: PutConfigRule, again while
// InsufficientPermissionsException; DescribeConfigRules by name, all pages;
// ListTagsForResource; DeleteConfigRule, again while ResourceInUseException, then
// DescribeConfigRules until NoSuchConfigRuleException
func configRule(p *provider) resource {
	put := func(frequency types.MaximumExecutionFrequency) error {
		_, err := p.config.PutConfigRule(p.ctx, &configservice.PutConfigRuleInput{
			ConfigRule: &types.ConfigRule{
				ConfigRuleName: aws.String("provider-cloudtrail-enabled"), Description: aws.String("is a trail on"),
				InputParameters: aws.String(`{"s3BucketName":"` + bucketName + `"}`), MaximumExecutionFrequency: frequency,
				Source: &types.Source{Owner: types.OwnerAws, SourceIdentifier: aws.String("CLOUD_TRAIL_ENABLED")},
			},
			Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}},
		})
		return err
	}
	return resource{
		kind:   "aws_config_config_rule",
		create: func() error { return put(types.MaximumExecutionFrequencyTwentyFourHours) },
		read:   p.readConfigRule,
		want: state{
			"name": "provider-cloudtrail-enabled", "description": "is a trail on", "input_parameters": document(`{"s3BucketName":"` + bucketName + `"}`),
			"maximum_execution_frequency": "TwentyFour_Hours", "owner": "AWS", "source_identifier": "CLOUD_TRAIL_ENABLED", "scope": false,
			"source_detail": 0, "tags": map[string]string{"Name": "trail"},
		},
		update: func() error { return put(types.MaximumExecutionFrequencySixHours) },
		change: state{"maximum_execution_frequency": "Six_Hours"},
		remove: func() error {
			_, err := p.config.DeleteConfigRule(p.ctx, &configservice.DeleteConfigRuleInput{ConfigRuleName: aws.String("provider-cloudtrail-enabled")})
			if err != nil {
				return ignore(err, "NoSuchConfigRuleException")
			}
			return p.untilGone("the rule", p.readConfigRule)
		},
	}
}

func (p *provider) readConfigRule() (state, error) {
	var rules []types.ConfigRule
	pages := configservice.NewDescribeConfigRulesPaginator(p.config, &configservice.DescribeConfigRulesInput{
		ConfigRuleNames: []string{"provider-cloudtrail-enabled"},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.ctx)
		if err != nil {
			return nil, goneIf(err, "NoSuchConfigRuleException")
		}
		rules = append(rules, page.ConfigRules...)
	}
	if len(rules) != 1 {
		return nil, errGone
	}
	rule := rules[0]
	listed, err := p.config.ListTagsForResource(p.ctx, &configservice.ListTagsForResourceInput{ResourceArn: rule.ConfigRuleArn})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range listed.Tags {
		tags[*tag.Key] = *tag.Value
	}
	return state{
		"arn": *rule.ConfigRuleArn, "rule_id": *rule.ConfigRuleId, "name": *rule.ConfigRuleName, "description": aws.ToString(rule.Description),
		"input_parameters":            document(aws.ToString(rule.InputParameters)),
		"maximum_execution_frequency": string(rule.MaximumExecutionFrequency), "owner": string(rule.Source.Owner),
		"source_identifier": aws.ToString(rule.Source.SourceIdentifier), "scope": rule.Scope != nil,
		"source_detail": len(rule.Source.SourceDetails), "tags": tags,
	}, nil
}

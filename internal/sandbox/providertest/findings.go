package providertest

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guardtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

// aws_guardduty_detector
// create: CreateDetector; read: GetDetector; update: UpdateDetector; delete:
// DeleteDetector; gone is BadRequestException "The request is rejected because the
// input detectorId is not owned by the current account."
func detector(p *provider) resource {
	var id string
	return resource{
		kind: "aws_guardduty_detector",
		create: func() error {
			out, err := p.guard.CreateDetector(p.ctx, &guardduty.CreateDetectorInput{
				Enable: aws.Bool(true), FindingPublishingFrequency: guardtypes.FindingPublishingFrequencyFifteenMinutes,
				Tags: map[string]string{"Name": "trail"},
			})
			if err == nil {
				id = *out.DetectorId
			}
			return err
		},
		read: func() (state, error) {
			got, err := p.guard.GetDetector(p.ctx, &guardduty.GetDetectorInput{DetectorId: &id})
			if err != nil && strings.Contains(err.Error(), "The request is rejected because the input detectorId is not owned by the current account.") {
				return nil, goneIf(err, "BadRequestException")
			}
			if err != nil {
				return nil, err
			}
			return state{
				"enable": got.Status == guardtypes.DetectorStatusEnabled, "finding_publishing_frequency": string(got.FindingPublishingFrequency),
				"tags": got.Tags,
			}, nil
		},
		want: state{"enable": true, "finding_publishing_frequency": "FIFTEEN_MINUTES", "tags": map[string]string{"Name": "trail"}},
		update: func() error {
			_, err := p.guard.UpdateDetector(p.ctx, &guardduty.UpdateDetectorInput{
				DetectorId: &id, Enable: aws.Bool(true), FindingPublishingFrequency: guardtypes.FindingPublishingFrequencyOneHour,
			})
			return err
		},
		change: state{"finding_publishing_frequency": "ONE_HOUR"},
		remove: func() error {
			_, err := p.guard.DeleteDetector(p.ctx, &guardduty.DeleteDetectorInput{DetectorId: &id})
			return err
		},
	}
}

// aws_securityhub_account
// create: EnableSecurityHub; UpdateSecurityHubConfiguration; DescribeHub until
// AutoEnableControls is so; read: DescribeHub by ARN; update:
// UpdateSecurityHubConfiguration; delete: DisableSecurityHub
// gone is ResourceNotFoundException, or InvalidAccessException "not subscribed to
// AWS Security Hub"
func securityHub(p *provider) resource {
	read := func() (state, error) {
		got, err := p.hub.DescribeHub(p.ctx, &securityhub.DescribeHubInput{HubArn: aws.String(p.arn("securityhub", region, "hub/default"))})
		if err != nil {
			return nil, hubGone(err)
		}
		return state{
			"arn": *got.HubArn, "auto_enable_controls": aws.ToBool(got.AutoEnableControls),
			"control_finding_generator": string(got.ControlFindingGenerator),
		}, nil
	}
	return resource{
		kind: "aws_securityhub_account",
		create: func() error {
			_, err := p.hub.EnableSecurityHub(p.ctx, &securityhub.EnableSecurityHubInput{
				EnableDefaultStandards: aws.Bool(false), ControlFindingGenerator: types.ControlFindingGeneratorStandardControl,
			})
			if err != nil {
				return err
			}
			_, err = p.hub.UpdateSecurityHubConfiguration(p.ctx, &securityhub.UpdateSecurityHubConfigurationInput{AutoEnableControls: aws.Bool(false)})
			if err != nil {
				return err
			}
			return p.until("auto_enable_controls", 1, func() (bool, error) {
				got, err := read()
				return got["auto_enable_controls"] == false, err
			})
		},
		read: read,
		want: state{
			"arn": p.arn("securityhub", region, "hub/default"), "auto_enable_controls": false, "control_finding_generator": "STANDARD_CONTROL",
		},
		update: func() error {
			_, err := p.hub.UpdateSecurityHubConfiguration(p.ctx, &securityhub.UpdateSecurityHubConfigurationInput{
				AutoEnableControls: aws.Bool(true), ControlFindingGenerator: types.ControlFindingGeneratorSecurityControl,
			})
			return err
		},
		change: state{"auto_enable_controls": true, "control_finding_generator": "SECURITY_CONTROL"},
		remove: func() error {
			_, err := p.hub.DisableSecurityHub(p.ctx, &securityhub.DisableSecurityHubInput{})
			return ignore(err, "ResourceNotFoundException")
		},
	}
}

func hubGone(err error) error {
	if code(err) == "InvalidAccessException" && !strings.Contains(err.Error(), "not subscribed to AWS Security Hub") {
		return err
	}
	return goneIf(err, "ResourceNotFoundException", "InvalidAccessException")
}

// aws_securityhub_standards_subscription
// create: BatchEnableStandards; GetEnabledStandards by ARN while PENDING, until
// READY or INCOMPLETE; read: GetEnabledStandards by ARN, FAILED is gone
// delete: BatchDisableStandards; GetEnabledStandards while DELETING, until none
func standardsSubscription(p *provider) resource {
	standard := "arn:aws:securityhub:" + region + "::standards/cis-aws-foundations-benchmark/v/1.4.0"
	var arn string
	status := func() (types.StandardsStatus, state, error) {
		out, err := p.hub.GetEnabledStandards(p.ctx, &securityhub.GetEnabledStandardsInput{StandardsSubscriptionArns: []string{arn}})
		if err != nil {
			return "", nil, hubGone(err)
		}
		if len(out.StandardsSubscriptions) != 1 || out.StandardsSubscriptions[0].StandardsStatus == types.StandardsStatusFailed {
			return "", nil, errGone
		}
		s := out.StandardsSubscriptions[0]
		return s.StandardsStatus, state{"standards_arn": *s.StandardsArn}, nil
	}
	read := func() (state, error) {
		_, read, err := status()
		return read, err
	}
	return resource{
		kind: "aws_securityhub_standards_subscription",
		create: func() error {
			out, err := p.hub.BatchEnableStandards(p.ctx, &securityhub.BatchEnableStandardsInput{
				StandardsSubscriptionRequests: []types.StandardsSubscriptionRequest{{StandardsArn: &standard}},
			})
			if err != nil {
				return err
			}
			arn = *out.StandardsSubscriptions[0].StandardsSubscriptionArn
			return p.until("the standard", 1, func() (bool, error) {
				now, _, err := status()
				return now == types.StandardsStatusReady || now == types.StandardsStatusIncomplete, err
			})
		},
		read: read,
		want: state{"standards_arn": standard},
		remove: func() error {
			_, err := p.hub.BatchDisableStandards(p.ctx, &securityhub.BatchDisableStandardsInput{StandardsSubscriptionArns: []string{arn}})
			if err != nil {
				return err
			}
			return p.untilGone("the standard", read)
		},
	}
}

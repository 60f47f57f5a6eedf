package resources

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// rule is one of AWS Config's managed rules.
type rule struct {
	identifier string
	parameters map[string]string
	periodic   bool // AWS Config evaluates it on a schedule
}

// name is the identifier in lower case, as AWS names most rules in its documentation
// and as our Terraform module does.
func (r rule) name() string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(r.identifier), "_", "-"), "cloud-trail", "cloudtrail")
}

// configRules come after the trail that they check.
func (s *Set) configRules() []converge.Resource {
	if !s.Spec.ConfigRules.Enabled {
		return []converge.Resource{s.leftoverRules()}
	}
	list := []converge.Resource{s.recorder()}
	for _, r := range s.rules() {
		list = append(list, s.configRule(r))
	}
	return append(list, s.leftoverRules())
}

// rules lists the rules of the spec, or all that the configured trail complies with.
func (s *Set) rules() (list []rule) {
	fitting := s.fittingRules()
	if len(s.Spec.ConfigRules.Rules) == 0 {
		return fitting
	}
	for _, identifier := range s.Spec.ConfigRules.Rules {
		at := slices.IndexFunc(fitting, func(r rule) bool { return r.identifier == identifier })
		if at >= 0 {
			list = append(list, fitting[at])
		} else {
			list = append(list, rule{identifier: identifier})
		}
	}
	return list
}

// fittingRules gives CLOUD_TRAIL_ENABLED no log group: AWS does not say whether it
// compares the ARN with or without the trail's :* suffix.
func (s *Set) fittingRules() []rule {
	here := map[string]string{"s3BucketName": s.Names.Bucket}
	if s.Spec.Notifies() {
		here["snsTopicArn"] = s.Names.TopicARN
	}
	list := []rule{
		{"CLOUD_TRAIL_ENABLED", here, true},
		{"CLOUD_TRAIL_CLOUD_WATCH_LOGS_ENABLED", nil, true},
		{"CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED", nil, true},
	}
	if s.Spec.Selectors().RecordsManagement() {
		all := map[string]string{"readWriteType": "ALL", "includeManagementEvents": "true"}
		list = append(list, rule{"MULTI_REGION_CLOUD_TRAIL_ENABLED", all, true})
	}
	if s.Spec.Encrypted() {
		list = append(list, rule{"CLOUD_TRAIL_ENCRYPTION_ENABLED", nil, true})
	}
	return list
}

// recorder is only read: AWS Config accepts no rules without a recorder, and evaluates
// none while it is stopped. It records, and costs, far more than the trail, so apply
// does not create one.
func (s *Set) recorder() converge.Resource {
	return converge.Resource{
		Kind: "configuration recorder", Name: s.Account.Region,
		Want: func() (converge.State, error) { return converge.State{}, nil },
		Read: func(ctx context.Context) (converge.Actual, error) {
			out, err := s.Account.Config.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
			if err != nil {
				return converge.Actual{}, err
			}
			actual := converge.Actual{Exists: len(out.ConfigurationRecordersStatus) > 0, Shared: recorderStays}
			if !actual.Exists {
				actual.Note = "AWS Config has no configuration recorder in " + s.Account.Region + ", and takes no rules without one: " + recorderAdvice
				return actual, nil
			}
			for _, status := range out.ConfigurationRecordersStatus {
				if !status.Recording {
					actual.Note = "the recorder " + aws.ToString(status.Name) + " is stopped: until it is started, rules evaluate nothing"
				}
			}
			return actual, nil
		},
		Stays: recorderStays,
	}
}

const (
	recorderStays  = "it is not the trail's"
	recorderAdvice = "turn AWS Config on there, or set config_rules.enabled to false"
)

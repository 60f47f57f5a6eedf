package resources_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// attack is a way to blind or weaken a trail.
type attack struct {
	// field is what the plan shows: a kind and a path, or a kind alone of what is gone.
	field string
	do    func(ctx context.Context, s *resources.Set) error
}

// weakenings leave everything in its place.
func weakenings() []attack {
	return []attack{
		{"trail/logging", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Trails.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &s.Names.Trail})
			return err
		}},
		{"trail/event_selectors", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Trails.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{
				TrailName: &s.Names.Trail,
				EventSelectors: []cloudtrailtypes.EventSelector{{
					ReadWriteType: cloudtrailtypes.ReadWriteTypeReadOnly, IncludeManagementEvents: aws.Bool(true),
					ExcludeManagementEventSources: []string{"kms.amazonaws.com"},
				}},
			})
			return err
		}},
		{"trail/multi_region", update(func(in *cloudtrail.UpdateTrailInput) { in.IsMultiRegionTrail = aws.Bool(false) })},
		{"trail/log_validation", update(func(in *cloudtrail.UpdateTrailInput) { in.EnableLogFileValidation = aws.Bool(false) })},
		{"trail/log_group", update(func(in *cloudtrail.UpdateTrailInput) {
			in.CloudWatchLogsLogGroupArn, in.CloudWatchLogsRoleArn = aws.String(""), aws.String("")
		})},
		{"trail/topic", update(func(in *cloudtrail.UpdateTrailInput) { in.SnsTopicName = aws.String("") })},
		{"trail/kms_key", update(func(in *cloudtrail.UpdateTrailInput) { in.KmsKeyId = aws.String("") })},
		{"bucket/lifecycle.retention.expiration_days", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.S3.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
				Bucket: &s.Names.Bucket,
				LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{{
					ID: aws.String("gone"), Status: s3types.ExpirationStatusEnabled,
					Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(1)},
				}}},
			})
			return err
		}},
		{"bucket/policy", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &s.Names.Bucket})
			return err
		}},
		{"bucket/versioning", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
				Bucket: &s.Names.Bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended},
			})
			return err
		}},
		{"bucket/public_access.block_public_acls", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &s.Names.Bucket})
			return err
		}},
		{"bucket/access_log.bucket", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.S3.PutBucketLogging(ctx, &s3.PutBucketLoggingInput{
				Bucket: &s.Names.Bucket, BucketLoggingStatus: &s3types.BucketLoggingStatus{},
			})
			return err
		}},
		{"log group/retention_days", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &s.Names.LogGroup, RetentionInDays: aws.Int32(1)})
			return err
		}},
		{"role/policy", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &s.Names.Role, PolicyName: &s.Names.RolePolicy})
			return err
		}},
		{"role/trust", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
				RoleName:       &s.Names.Role,
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole"}}`),
			})
			return err
		}},
		{"topic/policy", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{
				TopicArn: &s.Names.TopicARN, AttributeName: aws.String("Policy"),
				AttributeValue: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"SNS:Publish","Resource":"` + s.Names.TopicARN + `"}}`),
			})
			return err
		}},
		{"alarm/actions.enabled", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Alarms.DisableAlarmActions(ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{alarm(s)}})
			return err
		}},
		{"KMS key/state", func(ctx context.Context, s *resources.Set) error {
			key, err := s.Account.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &s.Names.KeyAlias})
			if err == nil {
				_, err = s.Account.KMS.DisableKey(ctx, &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId})
			}
			return err
		}},
	}
}

// removals take things away.
func removals() []attack {
	return []attack{
		{"trail", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Trails.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: &s.Names.Trail})
			return err
		}},
		{"metric filter", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Logs.DeleteMetricFilter(ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: &s.Names.LogGroup, FilterName: aws.String("RootAccountUsage")})
			return err
		}},
		{"log group", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &s.Names.LogGroup})
			return err
		}},
		{"role", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &s.Names.Role, PolicyName: &s.Names.RolePolicy})
			if err == nil {
				_, err = s.Account.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &s.Names.Role})
			}
			return err
		}},
		{"topic", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.SNS.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &s.Names.TopicARN})
			return err
		}},
		{"alarm", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Alarms.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{alarm(s)}})
			return err
		}},
		{"bucket", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &s.Names.Bucket})
			return err
		}},
	}
}

func update(change func(*cloudtrail.UpdateTrailInput)) func(context.Context, *resources.Set) error {
	return func(ctx context.Context, s *resources.Set) error {
		in := &cloudtrail.UpdateTrailInput{Name: &s.Names.Trail}
		change(in)
		_, err := s.Account.Trails.UpdateTrail(ctx, in)
		return err
	}
}

func alarm(s *resources.Set) string {
	return s.Spec.Env + "-" + s.Spec.ProjectID + "-cis-root-account-usage"
}

// Whatever an intruder does to the trail shows in the plan, and apply undoes it.
func TestAttacks(t *testing.T) {
	box := deploytest.Open(t)
	spec := full("prod")
	box.Apply(t, spec)
	for name, attacks := range map[string][]attack{"weakened": weakenings(), "removed": removals()} {
		t.Run(name, func(t *testing.T) {
			set := box.Set(t, spec)
			for _, a := range attacks {
				if err := a.do(t.Context(), set); err != nil {
					t.Fatalf("%s: %v", a.field, err)
				}
			}
			changes := box.Plan(t, spec).Changes()
			for _, a := range attacks {
				if !slices.ContainsFunc(changes, func(c converge.Change) bool { return a.shows(c) }) {
					t.Errorf("the plan does not show %s", a.field)
				}
			}
			box.Apply(t, spec)
			mustBeEmpty(t, box, spec)
		})
	}
	mustDeliver(t, box, spec)
}

func (a attack) shows(c converge.Change) bool {
	kind, path, part := strings.Cut(a.field, "/")
	if c.Kind != kind || !part {
		return c.Kind == kind && c.Action == converge.Create
	}
	return c.Action == converge.Update && slices.ContainsFunc(c.Fields, func(f converge.FieldChange) bool { return f.Path == path })
}

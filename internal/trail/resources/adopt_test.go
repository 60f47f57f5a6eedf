package resources_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

const leftInPlace = "adopted: left in place"

// prior are things with the names of a trail's that somebody else made before, by kind.
func prior() []struct {
	kind string
	make func(ctx context.Context, s *resources.Set) error
} {
	type thing = struct {
		kind string
		make func(ctx context.Context, s *resources.Set) error
	}
	return []thing{
		{"KMS key", func(ctx context.Context, s *resources.Set) error {
			key, err := s.Account.KMS.CreateKey(ctx, &kms.CreateKeyInput{})
			if err == nil {
				_, err = s.Account.KMS.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &s.Names.KeyAlias, TargetKeyId: key.KeyMetadata.KeyId})
			}
			return err
		}},
		{"access log bucket", func(ctx context.Context, s *resources.Set) error { return priorBucket(ctx, s, s.Names.AccessLogBucket) }},
		{"bucket", func(ctx context.Context, s *resources.Set) error { return priorBucket(ctx, s, s.Names.Bucket) }},
		{"log group", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &s.Names.LogGroup})
			return err
		}},
		{"role", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &s.Names.Role, AssumeRolePolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`)})
			return err
		}},
		{"topic", func(ctx context.Context, s *resources.Set) error { return priorTopic(ctx, s, s.Names.Topic) }},
		{"trail", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{
				Bucket: &s.Names.Bucket, Policy: aws.String(s.Spec.BucketPolicy(s.Account.Place).String()),
			})
			if err == nil {
				_, err = s.Account.Trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{
					Name: &s.Names.Trail, S3BucketName: &s.Names.Bucket, S3KeyPrefix: &s.Spec.KeyPrefix,
				})
			}
			return err
		}},
		{"alarm topic", func(ctx context.Context, s *resources.Set) error { return priorTopic(ctx, s, s.Names.AlarmTopic) }},
		{"metric filter", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{
				LogGroupName: &s.Names.LogGroup, FilterName: aws.String("RootAccountUsage"), FilterPattern: aws.String("root"),
				MetricTransformations: []logstypes.MetricTransformation{{MetricNamespace: aws.String("theirs"), MetricName: aws.String("theirs"), MetricValue: aws.String("1")}},
			})
			return err
		}},
		{"alarm", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Alarms.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String(alarm(s)), Namespace: aws.String("theirs"), MetricName: aws.String("theirs"),
				Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
				ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
			})
			return err
		}},
		{"Config rule", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.Config.PutConfigRule(ctx, &configservice.PutConfigRuleInput{ConfigRule: &configtypes.ConfigRule{
				ConfigRuleName: aws.String("cloudtrail-enabled"),
				Source:         &configtypes.Source{Owner: configtypes.OwnerAws, SourceIdentifier: aws.String("CLOUD_TRAIL_ENABLED")},
			}})
			return err
		}},
		{"GuardDuty detector", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.GuardDuty.CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(false)})
			return err
		}},
		{"Security Hub", func(ctx context.Context, s *resources.Set) error {
			_, err := s.Account.SecurityHub.EnableSecurityHub(ctx, &securityhub.EnableSecurityHubInput{})
			return err
		}},
	}
}

func priorBucket(ctx context.Context, s *resources.Set, name string) error {
	_, err := s.Account.S3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: &name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: deploytest.Region},
	})
	return err
}

func priorTopic(ctx context.Context, s *resources.Set, name string) error {
	_, err := s.Account.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
	return err
}

func adopting() converge.Options {
	options := deploytest.Options()
	options.Adopt = true
	return options
}

// Whatever there was before a trail took it over is there after its destroy, of every
// kind, and so it is when somebody takes away the mark of it.
func TestAdoptedStays(t *testing.T) {
	box := deploytest.Open(t)
	spec := full("old")
	spec.ConfigRules.Enabled = true
	set := box.Set(t, spec)
	recordConfiguration(t, set)
	var kinds []string
	for _, thing := range prior() {
		if err := thing.make(t.Context(), set); err != nil {
			t.Fatalf("%s: %v", thing.kind, err)
		}
		kinds = append(kinds, thing.kind)
	}
	key := keyID(t, set)
	if result, err := converge.Apply(t.Context(), set.All(), adopting()); err != nil {
		t.Fatalf("adopt: %v\nbefore: %q", err, result.Done)
	}
	mustBeEmpty(t, box, spec)
	if done := box.Apply(t, spec); len(done) > 0 {
		t.Errorf("an apply after the adoption says %q", done)
	}
	result := box.Destroy(t, spec)
	for _, kind := range kinds {
		why := leftInPlace
		if kind == "GuardDuty detector" || kind == "Security Hub" { // which are shared, and never taken over
			why = "this one existed before"
		}
		if !slices.ContainsFunc(result.Stays, func(s string) bool { return strings.HasPrefix(s, kind+" ") && strings.Contains(s, why) }) {
			t.Errorf("destroy does not say that the %s stays: %q", kind, result.Stays)
		}
		if slices.ContainsFunc(result.Done, func(s string) bool {
			return kind != "alarm" && kind != "Config rule" && strings.HasPrefix(s, "deleted "+kind+" ")
		}) {
			t.Errorf("destroy did %q", result.Done)
		}
	}
	mustStay(t, box, spec, key)
	untag(t, set)
	box.Destroy(t, spec)
	mustStay(t, box, spec, key)
}

// mustStay looks for all that prior makes.
func mustStay(t *testing.T, box *deploytest.Box, spec trail.Spec, key *string) {
	t.Helper()
	set := box.Set(t, spec)
	left := map[string]bool{}
	for _, c := range box.Plan(t, spec).Changes() {
		if c.Action != converge.Create {
			left[c.Kind+" "+c.Name] = true
		}
	}
	for _, thing := range []string{
		"KMS key " + set.Names.KeyAlias, "access log bucket " + set.Names.AccessLogBucket, "bucket " + set.Names.Bucket,
		"log group " + set.Names.LogGroup, "role " + set.Names.Role, "topic " + set.Names.Topic, "trail " + set.Names.Trail,
		"alarm topic " + set.Names.AlarmTopic, "metric filter RootAccountUsage", "alarm " + alarm(set), "Config rule cloudtrail-enabled",
		"GuardDuty detector " + deploytest.Region, "Security Hub " + deploytest.Region,
	} {
		if !left[thing] {
			t.Errorf("%s is gone", thing)
		}
	}
	described, err := set.Account.KMS.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})
	if err != nil || !described.KeyMetadata.Enabled {
		t.Errorf("the key is %+v, %v", described, err)
	}
}

// untag removes the mark of adoption, as an attacker would.
func untag(t *testing.T, s *resources.Set) {
	t.Helper()
	mark := []string{trail.AdoptedTag}
	_, err := s.Account.KMS.UntagResource(t.Context(), &kms.UntagResourceInput{KeyId: keyID(t, s), TagKeys: mark})
	if err == nil {
		_, err = s.Account.S3.DeleteBucketTagging(t.Context(), &s3.DeleteBucketTaggingInput{Bucket: &s.Names.Bucket})
	}
	if err == nil {
		_, err = s.Account.Logs.UntagResource(t.Context(), &cloudwatchlogs.UntagResourceInput{ResourceArn: &s.Names.LogGroupARN, TagKeys: mark})
	}
	if err == nil {
		_, err = s.Account.IAM.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: &s.Names.Role, TagKeys: mark})
	}
	if err == nil {
		_, err = s.Account.SNS.UntagResource(t.Context(), &sns.UntagResourceInput{ResourceArn: &s.Names.TopicARN, TagKeys: mark})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// recordConfiguration makes the recorder that AWS Config's rules need.
func recordConfiguration(t *testing.T, s *resources.Set) {
	t.Helper()
	_, err := s.Account.Config.PutConfigurationRecorder(t.Context(), &configservice.PutConfigurationRecorderInput{
		ConfigurationRecorder: &configtypes.ConfigurationRecorder{
			Name: aws.String("default"), RoleARN: aws.String("arn:aws:iam::" + deploytest.Account + ":role/config"),
			RecordingGroup: &configtypes.RecordingGroup{AllSupported: true},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

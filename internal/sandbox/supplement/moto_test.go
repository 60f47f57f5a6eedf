package supplement_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestMoto(t *testing.T) {
	s := start(t)
	for name, test := range map[string]func(*sandbox){
		"log groups": logGroups, "metric filters": metricFilters, "alarm actions": alarmActions, "role": role,
		"security hub": securityHub, "findings": findings, "config rule": configRule, "object lock": objectLock,
	} {
		t.Run(name, func(t *testing.T) {
			sub := *s
			sub.T = t
			test(&sub)
		})
	}
}

func logGroups(s *sandbox) {
	name, other := aws.String("protected"), aws.String("protected-too")
	describe := func() logstypes.LogGroup {
		out, err := cloudwatchlogs.NewFromConfig(s.aws).DescribeLogGroups(s.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: name})
		s.must(err)
		return out.LogGroups[0]
	}
	logs := cloudwatchlogs.NewFromConfig(s.aws)
	for _, group := range []*string{name, other} {
		_, err := logs.CreateLogGroup(s.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group, KmsKeyId: aws.String("arn:aws:kms:x:y:key/first")})
		s.must(err)
	}
	_, err := logs.AssociateKmsKey(s.Context(), &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: name, KmsKeyId: aws.String("arn:aws:kms:x:y:key/second")})
	s.must(err)
	_, err = logs.AssociateKmsKey(s.Context(), &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: name, KmsKeyId: aws.String("alias")})
	s.refused(err, "InvalidParameterException")
	_, err = logs.AssociateKmsKey(s.Context(), &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: aws.String("prot"), KmsKeyId: aws.String("arn:aws:kms:x:y:key/1")})
	s.refused(err, "ResourceNotFoundException")
	_, err = logs.PutLogGroupDeletionProtection(s.Context(), &cloudwatchlogs.PutLogGroupDeletionProtectionInput{
		LogGroupIdentifier: describe().LogGroupArn, DeletionProtectionEnabled: aws.Bool(true),
	})
	s.must(err)
	_, err = logs.DeleteLogGroup(s.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: name})
	s.refused(err, "ValidationException")

	s.restart()
	logs = cloudwatchlogs.NewFromConfig(s.aws)
	if group := describe(); aws.ToString(group.KmsKeyId) != "arn:aws:kms:x:y:key/second" || !aws.ToBool(group.DeletionProtectionEnabled) || group.LogGroupClass != "STANDARD" {
		s.Errorf("after a restart: %+v", group)
	}
	out := s.cli("logs", "describe-log-groups", "--log-group-name-prefix", *other)
	if !strings.Contains(out, `"deletionProtectionEnabled": false`) || !strings.Contains(out, "key/first") {
		s.Errorf("another group: %s", out)
	}
	_, err = logs.DisassociateKmsKey(s.Context(), &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: name})
	s.must(err)
	if group := describe(); group.KmsKeyId != nil {
		s.Errorf("without a key: %+v", group)
	}
	if out := s.cli("logs", "put-log-group-deletion-protection", "--log-group-identifier", *name, "--no-deletion-protection-enabled"); out != "" {
		s.Errorf("unprotect: %s", out)
	}
	// A new group of that name has nothing of the old one.
	_, err = logs.DeleteLogGroup(s.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: name})
	s.must(err)
	_, err = logs.DeleteLogGroup(s.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: name})
	s.refused(err, "ResourceNotFoundException")
	_, err = logs.CreateLogGroup(s.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: name, KmsKeyId: aws.String("arn:aws:kms:x:y:key/new")})
	s.must(err)
	if group := describe(); aws.ToString(group.KmsKeyId) != "arn:aws:kms:x:y:key/new" {
		s.Errorf("a new group: %+v", group)
	}
	_, err = logs.CreateLogGroup(s.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: name, DeletionProtectionEnabled: aws.Bool(true)})
	s.refused(err, "ResourceAlreadyExistsException")
}

func metricFilters(s *sandbox) {
	logs := cloudwatchlogs.NewFromConfig(s.aws)
	group := aws.String("filtered")
	put := func(pattern string, name *string) error {
		_, err := logs.PutMetricFilter(s.Context(), &cloudwatchlogs.PutMetricFilterInput{
			LogGroupName: group, FilterName: name, FilterPattern: &pattern,
			MetricTransformations: []logstypes.MetricTransformation{{MetricName: aws.String("m"), MetricNamespace: aws.String("n"), MetricValue: aws.String("1")}},
		})
		return err
	}
	s.refused(put("{ $.a = 1 }", aws.String("filter")), "ResourceNotFoundException")
	_, err := logs.CreateLogGroup(s.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	s.must(err)
	s.must(put("{ $.a = 1 }", aws.String("filter")))
	s.must(put("{ $.c = 1 }", aws.String("filter-2")))
	s.must(put("{ $.b = 1 }", aws.String("filter")))
	s.refused(put("{ $.b EXISTS }", aws.String("filter")), "InvalidParameterException")
	described, err := logs.DescribeMetricFilters(s.Context(), &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: group})
	s.must(err)
	patterns := map[string]string{}
	for _, filter := range described.MetricFilters {
		patterns[*filter.FilterName] += *filter.FilterPattern
	}
	if len(patterns) != 2 || patterns["filter"] != "{ $.b = 1 }" || patterns["filter-2"] != "{ $.c = 1 }" {
		s.Errorf("filters: %v", patterns)
	}

	tested, err := logs.TestMetricFilter(s.Context(), &cloudwatchlogs.TestMetricFilterInput{
		FilterPattern:    aws.String(`{ $.eventName = "Stop*" }`),
		LogEventMessages: []string{`{"eventName":"StartLogging"}`, `{"eventName":"StopLogging"}`, `StopLogging`},
	})
	s.must(err)
	if len(tested.Matches) != 1 || tested.Matches[0].EventNumber != 2 || tested.Matches[0].ExtractedValues["$.eventName"] != "StopLogging" {
		s.Errorf("matches: %+v", tested.Matches)
	}
	var matches struct {
		Matches []struct{ ExtractedValues map[string]string }
	}
	out := s.cli("logs", "test-metric-filter", "--filter-pattern", "[ip, ..., size]", "--log-event-messages", "10.0.0.1 GET 7")
	if err := json.Unmarshal([]byte(out), &matches); err != nil || len(matches.Matches) != 1 || matches.Matches[0].ExtractedValues["$size"] != "7" {
		s.Errorf("test-metric-filter: %s", out)
	}
	if out := s.cli("logs", "test-metric-filter", "--filter-pattern", "{ $.a IS NOT NULL }", "--log-event-messages", "x"); !strings.Contains(out, "InvalidParameterException") {
		s.Errorf("a wrong pattern: %s", out)
	}
}

// The SDK speaks CBOR, the CLI JSON, older clients send forms.
func alarmActions(s *sandbox) {
	alarms := cloudwatch.NewFromConfig(s.aws)
	_, err := alarms.PutMetricAlarm(s.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("alarm"), MetricName: aws.String("m"), Namespace: aws.String("n"), Period: aws.Int32(300), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(-0.5), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, Statistic: cwtypes.StatisticSum,
		AlarmActions: []string{"arn:aws:sns:us-east-1:123456789012:topic"}, Dimensions: []cwtypes.Dimension{{Name: aws.String("d"), Value: aws.String("v")}},
		TreatMissingData: aws.String("notBreaching"), Tags: []cwtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
	})
	s.must(err)
	_, err = alarms.SetAlarmState(s.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("alarm"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("a test"),
	})
	s.must(err)
	describe := func() cwtypes.MetricAlarm {
		out, err := alarms.DescribeAlarms(s.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"alarm"}})
		s.must(err)
		return out.MetricAlarms[0]
	}
	before := describe()
	steps := []struct {
		how  string
		do   func()
		want bool
	}{
		{"CBOR", func() {
			_, err := alarms.DisableAlarmActions(s.Context(), &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{"alarm", "no such alarm"}})
			s.must(err)
		}, false},
		{"JSON", func() {
			if out := s.cli("cloudwatch", "enable-alarm-actions", "--alarm-names", "alarm"); out != "" {
				s.Errorf("enable-alarm-actions: %s", out)
			}
		}, true},
		{"a form", func() {
			body := strings.NewReader("Action=DisableAlarmActions&Version=2010-08-01&AlarmNames.member.1=alarm")
			r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url, body)
			s.must(err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0")
			answer, err := http.DefaultClient.Do(r)
			s.must(err)
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK || answer.Header.Get("X-Amzn-RequestId") == "" {
				s.Errorf("a form: %v", answer)
			}
		}, false},
	}
	for _, step := range steps {
		step.do()
		got := describe()
		if aws.ToBool(got.ActionsEnabled) != step.want {
			s.Errorf("%s: actions enabled: %v", step.how, aws.ToBool(got.ActionsEnabled))
		}
		if got.StateValue != before.StateValue || *got.StateReason != *before.StateReason || *got.Threshold != -0.5 ||
			len(got.Dimensions) != 1 || len(got.AlarmActions) != 1 || got.StateUpdatedTimestamp.IsZero() {
			s.Errorf("%s: the alarm was %+v and is %+v", step.how, before, got)
		}
	}
	tags, err := alarms.ListTagsForResource(s.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: before.AlarmArn})
	s.must(err)
	if len(tags.Tags) != 1 {
		s.Errorf("tags: %+v", tags.Tags)
	}
	_, err = alarms.SetAlarmState(s.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("no such alarm"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("a test"),
	})
	s.refused(err, "ResourceNotFound")
	_, err = alarms.PutMetricData(s.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("n"), MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1.5), Timestamp: before.StateUpdatedTimestamp}},
	})
	s.must(err)
	points, err := alarms.GetMetricStatistics(s.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("n"), MetricName: aws.String("m"), Period: aws.Int32(60), Statistics: []cwtypes.Statistic{cwtypes.StatisticSum},
		StartTime: aws.Time(before.StateUpdatedTimestamp.Add(-1e11)), EndTime: aws.Time(before.StateUpdatedTimestamp.Add(1e11)),
	})
	s.must(err)
	if len(points.Datapoints) != 1 || *points.Datapoints[0].Sum != 1.5 {
		s.Errorf("statistics: %+v", points.Datapoints)
	}
}

func role(s *sandbox) {
	client := iam.NewFromConfig(s.aws)
	name := aws.String("described")
	_, err := client.CreateRole(s.Context(), &iam.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`),
		Description: aws.String("<kept> & whole"), MaxSessionDuration: aws.Int32(7200),
	})
	s.must(err)
	for _, input := range []*iam.UpdateRoleInput{
		{RoleName: name}, {RoleName: name, MaxSessionDuration: aws.Int32(3700)}, {RoleName: name, Description: aws.String("<kept> & whole")},
	} {
		_, err = client.UpdateRole(s.Context(), input)
		s.must(err)
	}
	got, err := client.GetRole(s.Context(), &iam.GetRoleInput{RoleName: name})
	s.must(err)
	if aws.ToString(got.Role.Description) != "<kept> & whole" || *got.Role.MaxSessionDuration != 3700 {
		s.Errorf("role: %q for %d s", aws.ToString(got.Role.Description), *got.Role.MaxSessionDuration)
	}
	_, err = client.UpdateRole(s.Context(), &iam.UpdateRoleInput{RoleName: aws.String("no-such-role")})
	s.refused(err, "NoSuchEntity")
}

// configRule needs a recorder, as on AWS.
func configRule(s *sandbox) {
	config := configservice.NewFromConfig(s.aws)
	put := func() error {
		_, err := config.PutConfigRule(s.Context(), &configservice.PutConfigRuleInput{ConfigRule: &configtypes.ConfigRule{
			ConfigRuleName: aws.String("trail-on"), Source: &configtypes.Source{Owner: configtypes.OwnerAws, SourceIdentifier: aws.String("CLOUD_TRAIL_ENABLED")},
		}})
		return err
	}
	s.refused(put(), "NoAvailableConfigurationRecorderException")
	_, err := config.PutConfigurationRecorder(s.Context(), &configservice.PutConfigurationRecorderInput{ConfigurationRecorder: &configtypes.ConfigurationRecorder{
		Name: aws.String("default"), RoleARN: aws.String("arn:aws:iam::123456789012:role/config"),
	}})
	s.must(err)
	s.must(put())
	s.must(put())
}

// objectLock of a bucket that holds objects can be changed, while it is versioned.
func objectLock(s *sandbox) {
	client := s3.NewFromConfig(s.aws, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("locked-later")
	create := func() {
		_, err := client.CreateBucket(s.Context(), &s3.CreateBucketInput{Bucket: bucket})
		s.must(err)
		_, err = client.PutObject(s.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a")})
		s.must(err)
	}
	put := func(days int32) error {
		_, err := client.PutObjectLockConfiguration(s.Context(), &s3.PutObjectLockConfigurationInput{
			Bucket: bucket, ObjectLockConfiguration: &s3types.ObjectLockConfiguration{
				ObjectLockEnabled: s3types.ObjectLockEnabledEnabled,
				Rule:              &s3types.ObjectLockRule{DefaultRetention: &s3types.DefaultRetention{Mode: s3types.ObjectLockRetentionModeGovernance, Days: &days}},
			},
		})
		return err
	}
	get := func() (*s3.GetObjectLockConfigurationOutput, error) {
		return client.GetObjectLockConfiguration(s.Context(), &s3.GetObjectLockConfigurationInput{Bucket: bucket})
	}
	create()
	s.refused(put(1), "InvalidBucketState")
	_, err := client.PutBucketVersioning(s.Context(), &s3.PutBucketVersioningInput{
		Bucket: bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	})
	s.must(err)
	_, err = get()
	s.refused(err, "ObjectLockConfigurationNotFoundError")
	for _, days := range []int32{400, 7} {
		s.must(put(days))
		s.restart()
		client = s3.NewFromConfig(s.aws, func(o *s3.Options) { o.UsePathStyle = true })
		out, err := get()
		s.must(err)
		if got := *out.ObjectLockConfiguration.Rule.DefaultRetention.Days; got != days {
			s.Errorf("%d days, want %d", got, days)
		}
	}
	if put(-1) == nil {
		s.Error("a retention of -1 days was taken")
	}
	versions, err := client.ListObjectVersions(s.Context(), &s3.ListObjectVersionsInput{Bucket: bucket})
	s.must(err)
	for _, v := range versions.Versions {
		_, err := client.DeleteObject(s.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: v.Key, VersionId: v.VersionId})
		s.must(err)
	}
	_, err = client.DeleteBucket(s.Context(), &s3.DeleteBucketInput{Bucket: bucket})
	s.must(err)
	create()
	_, err = get()
	s.refused(err, "ObjectLockConfigurationNotFoundError")
}

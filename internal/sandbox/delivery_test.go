package sandbox_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/policy"
)

// TestEveryKindOfDelivery has a trail with all there is: KMS, log group, topic.
func TestEveryKindOfDelivery(t *testing.T) {
	b := open(t, sandbox.Config{})
	c := b.customer("test", "")
	c.makeBucket(t)
	c.makeLogGroup(t)
	topicARN, queue := c.makeTopic(t)
	keyARN := c.makeKey(t)
	c.makeTrail(t, func(in *cloudtrail.CreateTrailInput) {
		in.CloudWatchLogsLogGroupArn, in.CloudWatchLogsRoleArn = aws.String(groupARN), aws.String(roleARN)
		in.SnsTopicName, in.KmsKeyId = &topicARN, &keyARN
	})
	c.makeUser(t, "alice")
	c.deliver(t)

	if names := c.delivered(t); !slices.Contains(names, "StartLogging") || !slices.Contains(names, "CreateUser") {
		t.Errorf("the bucket has only %q", names)
	}
	keys := c.keys(t, logFolder)
	head := ok[*s3.HeadObjectOutput](t)(c.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &keys[0]}))
	if aws.ToString(head.SSEKMSKeyId) != keyARN || head.ServerSideEncryption != "aws:kms" {
		t.Errorf("%s is encrypted with %q %q", keys[0], head.ServerSideEncryption, aws.ToString(head.SSEKMSKeyId))
	}
	events := ok[*cloudwatchlogs.FilterLogEventsOutput](t)(c.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(logGroup), LogStreamNames: []string{account + "_CloudTrail_" + region},
	}))
	if !slices.ContainsFunc(events.Events, func(e logtypes.FilteredLogEvent) bool {
		return strings.Contains(*e.Message, `"eventName":"CreateUser"`)
	}) {
		t.Errorf("the log stream has %d events and not CreateUser", len(events.Events))
	}
	if told := c.notified(t, queue); !slices.Equal(told, keys) {
		t.Errorf("the topic told of\n%q, the bucket has\n%q", told, keys)
	}
}

// TestLockedBucket delivers to a bucket with Object Lock, which refuses objects
// without a checksum.
func TestLockedBucket(t *testing.T) {
	b := open(t, sandbox.Config{})
	c := b.customer("test", "")
	c.makeBucket(t)
	ok[*s3.PutObjectLockConfigurationOutput](t)(c.s3.PutObjectLockConfiguration(t.Context(), &s3.PutObjectLockConfigurationInput{
		Bucket: aws.String(bucket),
		ObjectLockConfiguration: &s3types.ObjectLockConfiguration{
			ObjectLockEnabled: s3types.ObjectLockEnabledEnabled,
			Rule:              &s3types.ObjectLockRule{DefaultRetention: &s3types.DefaultRetention{Mode: s3types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)}},
		},
	}))
	c.makeTrail(t, nil)
	b.must(t, "advance?by=2m", "")
	if status := c.status(t); aws.ToString(status.LatestDeliveryError)+aws.ToString(status.LatestDigestDeliveryError) != "" {
		t.Errorf("delivery error %q, digest error %q", aws.ToString(status.LatestDeliveryError), aws.ToString(status.LatestDigestDeliveryError))
	}
	if names := c.delivered(t); !slices.Contains(names, "StartLogging") {
		t.Errorf("delivered %q", names)
	}
}

// TestBrokenAndMended breaks what a trail delivers to, and mends it.
func TestBrokenAndMended(t *testing.T) {
	b := open(t, sandbox.Config{})
	c := b.customer("test", "")
	c.makeBucket(t)
	c.makeLogGroup(t)
	c.makeTrail(t, func(in *cloudtrail.CreateTrailInput) {
		in.CloudWatchLogsLogGroupArn, in.CloudWatchLogsRoleArn = aws.String(groupARN), aws.String(roleARN)
	})
	ok[*s3.DeleteBucketPolicyOutput](t)(c.s3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String(bucket)}))
	ok[*iam.DeleteRolePolicyOutput](t)(c.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String("cloudwatch")}))
	c.makeUser(t, "mallory")
	b.must(t, "advance?by=3m", "")
	status := c.status(t)
	if got := aws.ToString(status.LatestDeliveryError); got != "AccessDenied" {
		t.Errorf("delivery error %q", got)
	}
	if got := aws.ToString(status.LatestDigestDeliveryError); got != "AccessDenied" {
		t.Errorf("digest error %q", got)
	}
	if aws.ToString(status.LatestCloudWatchLogsDeliveryError) == "" {
		t.Error("no log group error")
	}
	if keys := c.keys(t, "AWSLogs/"); len(keys) != 0 {
		t.Errorf("delivered in spite of the policy: %q", keys)
	}

	c.letIn(t)
	c.letWrite(t)
	c.deliver(t)
	status = c.status(t)
	if aws.ToString(status.LatestDeliveryError)+aws.ToString(status.LatestDigestDeliveryError)+aws.ToString(status.LatestCloudWatchLogsDeliveryError) != "" {
		text, _ := json.Marshal(status)
		t.Errorf("after mending: %s", text)
	}
	if names := c.delivered(t); !slices.Contains(names, "CreateUser") || !slices.Contains(names, "DeleteBucketPolicy") {
		t.Errorf("delivered after mending: %q", names)
	}
	backfilled := slices.ContainsFunc(c.keys(t, "AWSLogs/"+account+"/CloudTrail-Digest/"), func(key string) bool { return strings.HasSuffix(key, "_backfill.json.gz") })
	if !backfilled {
		t.Error("no backfill digest lists what was held up")
	}
	output, code := b.cli(t, "cloudtrail", "validate-logs", "--trail-arn", trailARN, "--verbose", "--start-time", "2020-01-01T00:00:00Z", "--end-time", "2099-01-01T00:00:00Z")
	if code != 0 || !strings.Contains(output, "backfill digest files valid") {
		t.Errorf("validate-logs: exit %d\n%s", code, output)
	}
}

// TestStateOutlivesTheSandbox ends a sandbox with undelivered events.
func TestStateOutlivesTheSandbox(t *testing.T) {
	config := sandbox.Config{State: t.TempDir()}
	var before uint64
	t.Run("first", func(t *testing.T) {
		b := open(t, config)
		c := b.customer("test", "")
		c.makeBucket(t)
		c.makeTrail(t, nil)
		b.must(t, "advance?by=1h", "")
		c.makeUser(t, "alice")
		ok[*s3.ListBucketsOutput](t)(c.s3.ListBuckets(t.Context(), nil))
		before = b.events(t)
	})
	b := open(t, config) // in front of another moto_server: the bucket is gone
	c := b.customer("test", "")
	if b.events(t) != before {
		t.Errorf("%d events survived of %d", b.events(t), before)
	}
	if found := c.lookup(t, "us-east-1", "CreateUser"); len(found) != 1 {
		t.Errorf("looked up %d events", len(found))
	}
	c.deliver(t)
	if got := aws.ToString(c.status(t).LatestDeliveryError); got != "NoSuchBucket" {
		t.Errorf("without the bucket: %q", got)
	}
	c.makeBucket(t)
	c.deliver(t)
	if names := c.delivered(t); !slices.Contains(names, "CreateUser") {
		t.Errorf("delivered once the bucket is back: %q", names)
	}
}

// TestWhoCalled follows keys and sessions.
func TestWhoCalled(t *testing.T) {
	b := open(t, sandbox.Config{})
	root := b.customer("test", "")
	root.makeUser(t, "alice")
	id, _ := root.makeAccessKey(t, "alice")
	session := ok[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(b.config(id, "")).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + account + ":role/admin"), RoleSessionName: aws.String("shift"),
	})).Credentials
	ok[*s3.ListBucketsOutput](t)(b.customer(*session.AccessKeyId, *session.SessionToken).s3.ListBuckets(t.Context(), nil))
	for _, test := range []struct{ region, event, want string }{
		{"us-east-1", "CreateUser", `"type":"Root"`},
		{region, "AssumeRole", `"userName":"alice"`},
		{region, "ListBuckets", `"arn":"arn:aws:sts::123456789012:assumed-role/admin/shift"`},
	} {
		found := root.lookup(t, test.region, test.event)
		if len(found) != 1 || !strings.Contains(found[0], test.want) {
			t.Errorf("%s: found %q; want one with %s", test.event, found, test.want)
		}
	}
}

// lookup is the records that LookupEvents finds by name.
func (c *customer) lookup(t *testing.T, region, name string) []string {
	t.Helper()
	out := ok[*cloudtrail.LookupEventsOutput](t)(c.trail.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &name}},
	}, func(o *cloudtrail.Options) { o.Region = region }))
	var records []string
	for _, e := range out.Events {
		records = append(records, *e.CloudTrailEvent)
	}
	return records
}

// TestStrictPropagation has the client retry, as one must on AWS.
func TestStrictPropagation(t *testing.T) {
	b := open(t, sandbox.Config{Propagation: 1e9})
	c := b.customer("test", "")
	c.makeBucket(t)
	c.makeLogGroup(t)
	create := func() error {
		_, err := c.trail.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{
			Name: aws.String(trail), S3BucketName: aws.String(bucket),
			CloudWatchLogsLogGroupArn: aws.String(groupARN), CloudWatchLogsRoleArn: aws.String(roleARN),
		})
		return err
	}
	tries := 0
	for err := create(); err != nil; err = create() {
		var refused smithy.APIError
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.ErrorCode(), "InvalidCloudWatchLogs") {
			t.Fatal(err)
		}
		tries++
	}
	if tries == 0 {
		t.Error("a fresh role was accepted at once")
	}
}

func (c *customer) makeTopic(t *testing.T) (topicARN, queueURL string) {
	t.Helper()
	topicARN = *ok[*sns.CreateTopicOutput](t)(c.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("deliveries")})).TopicArn
	document := policy.New(cloudTrailMay("AWSCloudTrailSNSPolicy20131101", "SNS:Publish", topicARN)).String()
	ok[*sns.SetTopicAttributesOutput](t)(c.sns.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{
		TopicArn: &topicARN, AttributeName: aws.String("Policy"), AttributeValue: &document,
	}))
	queueURL = *ok[*sqs.CreateQueueOutput](t)(c.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("deliveries")})).QueueUrl
	ok[*sns.SubscribeOutput](t)(c.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: &topicARN, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:" + region + ":" + account + ":deliveries"),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	}))
	return topicARN, queueURL
}

// notified is the keys of which the topic told, sorted.
func (c *customer) notified(t *testing.T, queueURL string) []string {
	t.Helper()
	var keys []string
	for {
		got := ok[*sqs.ReceiveMessageOutput](t)(c.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queueURL, MaxNumberOfMessages: 10}))
		if len(got.Messages) == 0 {
			slices.Sort(keys)
			return keys
		}
		for _, m := range got.Messages {
			var told struct {
				S3Bucket    string   `json:"s3Bucket"`
				S3ObjectKey []string `json:"s3ObjectKey"`
			}
			if err := json.Unmarshal([]byte(*m.Body), &told); err != nil || told.S3Bucket != bucket {
				t.Errorf("message %s: %v", *m.Body, err)
			}
			keys = append(keys, told.S3ObjectKey...)
		}
	}
}

func (c *customer) makeKey(t *testing.T) (arn string) {
	t.Helper()
	encrypt := cloudTrailMay("Allow CloudTrail to encrypt logs", "kms:GenerateDataKey*", "*")
	encrypt.Condition = policy.Conditions{
		"StringLike":   {"kms:EncryptionContext:aws:cloudtrail:arn": {"arn:aws:cloudtrail:*:" + account + ":trail/*"}},
		"StringEquals": {"aws:SourceArn": {trailARN}},
	}
	administer := policy.Statement{
		Sid: "Enable IAM User Permissions", Effect: policy.Allow, Principal: policy.AWS("arn:aws:iam::" + account + ":root"),
		Action: policy.Values{"kms:*"}, Resource: policy.Values{"*"},
	}
	document := policy.New(administer, encrypt, cloudTrailMay("Allow CloudTrail access", "kms:DescribeKey", "*")).String()
	made := ok[*kms.CreateKeyOutput](t)(c.kms.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: &document}))
	return *made.KeyMetadata.Arn
}

package sandbox_test

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/policy"
	"github.com/cerpac/trailkeeper/unpack"
)

const (
	bucket   = "production-cerpac-cloudtrail-logs"
	trail    = "production-cerpac-audit-trail"
	logGroup = "/aws/cloudtrail/" + trail
	role     = "production-cerpac-cloudtrail-cloudwatch-role"
	trailARN = "arn:aws:cloudtrail:" + region + ":" + account + ":trail/" + trail
	roleARN  = "arn:aws:iam::" + account + ":role/" + role
	groupARN = "arn:aws:logs:" + region + ":" + account + ":log-group:" + logGroup + ":*"
)

// customer is an account holder's view of the sandbox: SDK clients that nobody here
// wrote.
type customer struct {
	*box
	trail *cloudtrail.Client
	s3    *s3.Client
	iam   *iam.Client
	logs  *cloudwatchlogs.Client
	sns   *sns.Client
	sqs   *sqs.Client
	kms   *kms.Client
}

func (b *box) customer(key, token string) *customer {
	config := b.config(key, token)
	trails := config
	if admin := b.Admin(); admin != nil { // nobody else may
		trails.Credentials = credentials.NewStaticCredentialsProvider(admin.AccessKey, admin.Secret, "")
	}
	return &customer{
		box: b, trail: cloudtrail.NewFromConfig(trails),
		s3:  s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }),
		iam: iam.NewFromConfig(config), logs: cloudwatchlogs.NewFromConfig(config),
		sns: sns.NewFromConfig(config), sqs: sqs.NewFromConfig(config), kms: kms.NewFromConfig(config),
	}
}

// ok ends the test when an SDK call did not work.
func ok[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func cloudTrailMay(sid, action, resource string) policy.Statement {
	return policy.Statement{
		Sid: sid, Effect: policy.Allow, Principal: policy.Service("cloudtrail.amazonaws.com"),
		Action: policy.Values{action}, Resource: policy.Values{resource},
	}
}

// makeBucket makes the trail's bucket with a policy that lets CloudTrail in.
func (c *customer) makeBucket(t *testing.T) {
	t.Helper()
	ok[*s3.CreateBucketOutput](t)(c.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(bucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}))
	ok[*s3.PutBucketVersioningOutput](t)(c.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: aws.String(bucket), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	}))
	c.letIn(t)
}

func (c *customer) letIn(t *testing.T) {
	t.Helper()
	acl := cloudTrailMay("AWSCloudTrailAclCheck20150319", "s3:GetBucketAcl", "arn:aws:s3:::"+bucket)
	acl.Condition = policy.Conditions{"StringEquals": {"aws:SourceArn": {trailARN}}}
	write := cloudTrailMay("AWSCloudTrailWrite20150319", "s3:PutObject", "arn:aws:s3:::"+bucket+"/AWSLogs/"+account+"/*")
	write.Condition = policy.Conditions{"StringEquals": {"aws:SourceArn": {trailARN}, "s3:x-amz-acl": {"bucket-owner-full-control"}}}
	secure := policy.Statement{
		Sid: "DenyInsecureTransport", Effect: policy.Deny, Principal: policy.Everyone(), Action: policy.Values{"s3:*"},
		Resource:  policy.Values{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"},
		Condition: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}
	document := policy.New(acl, write, secure).String()
	ok[*s3.PutBucketPolicyOutput](t)(c.s3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: &document}))
}

// makeLogGroup makes the log group and the role CloudTrail writes to it with.
func (c *customer) makeLogGroup(t *testing.T) {
	t.Helper()
	ok[*cloudwatchlogs.CreateLogGroupOutput](t)(c.logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(logGroup)}))
	trust := policy.New(policy.Statement{
		Effect: policy.Allow, Principal: policy.Service("cloudtrail.amazonaws.com"), Action: policy.Values{"sts:AssumeRole"},
	}).String()
	ok[*iam.CreateRoleOutput](t)(c.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(role), AssumeRolePolicyDocument: &trust}))
	c.letWrite(t)
}

func (c *customer) letWrite(t *testing.T) {
	t.Helper()
	write := policy.New(policy.Statement{
		Sid: "Streams", Effect: policy.Allow, Action: policy.Values{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resource: policy.Values{"arn:aws:logs:" + region + ":" + account + ":log-group:" + logGroup + ":log-stream:" + account + "_CloudTrail_" + region + "*"},
	}).String()
	ok[*iam.PutRolePolicyOutput](t)(c.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String(role), PolicyName: aws.String("cloudwatch"), PolicyDocument: &write,
	}))
}

// makeTrail makes and starts the trail. change may be nil.
func (c *customer) makeTrail(t *testing.T, change func(*cloudtrail.CreateTrailInput)) {
	t.Helper()
	in := &cloudtrail.CreateTrailInput{
		Name: aws.String(trail), S3BucketName: aws.String(bucket),
		IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true),
	}
	if change != nil {
		change(in)
	}
	ok[*cloudtrail.CreateTrailOutput](t)(c.trail.CreateTrail(t.Context(), in))
	ok[*cloudtrail.StartLoggingOutput](t)(c.trail.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: aws.String(trail)}))
}

func (c *customer) makeUser(t *testing.T, name string) {
	t.Helper()
	ok[*iam.CreateUserOutput](t)(c.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
}

func (c *customer) makeAccessKey(t *testing.T, user string) (id, secret string) {
	t.Helper()
	key := ok[*iam.CreateAccessKeyOutput](t)(c.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &user})).AccessKey
	return *key.AccessKeyId, *key.SecretAccessKey
}

func (c *customer) status(t *testing.T) *cloudtrail.GetTrailStatusOutput {
	t.Helper()
	return ok[*cloudtrail.GetTrailStatusOutput](t)(c.trail.GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: aws.String(trail)}))
}

func (c *customer) keys(t *testing.T, prefix string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(c.s3, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: &prefix})
	for pages.HasMorePages() {
		for _, object := range ok[*s3.ListObjectsV2Output](t)(pages.NextPage(t.Context())).Contents {
			keys = append(keys, *object.Key)
		}
	}
	return keys
}

func (c *customer) object(t *testing.T, key string) []byte {
	t.Helper()
	out := ok[*s3.GetObjectOutput](t)(c.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key}))
	defer out.Body.Close()
	return ok[[]byte](t)(io.ReadAll(out.Body))
}

const logFolder = "AWSLogs/" + account + "/CloudTrail/"

// delivered is the names of the events in the bucket's log files, sorted.
func (c *customer) delivered(t *testing.T) []string {
	t.Helper()
	var names []string
	var packed unpack.Walker
	var reader logfile.Reader
	for _, key := range c.keys(t, logFolder) {
		visit := logfile.Visitor{
			Record: func(_ int64, r *event.Record) error {
				names = append(names, string(r.Text(event.EventName)))
				return nil
			},
			Reject: func(_ int64, text []byte, cause string) error {
				t.Errorf("%s: %s: %s", key, cause, text)
				return nil
			},
		}
		err := packed.Walk(t.Context(), bytes.NewReader(c.object(t, key)), func(_ string, text io.Reader) error { return reader.Read(t.Context(), text, visit) })
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	slices.Sort(names)
	return names
}

package sandbox_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/sandbox"
)

// TestCommandsOfTheAWSCLI runs what a troubleshooting guide of CloudTrail tells
// people to type.
func TestCommandsOfTheAWSCLI(t *testing.T) {
	b := open(t, sandbox.Config{})
	c := b.customer("test", "")
	c.makeBucket(t)
	c.makeLogGroup(t)
	c.makeTrail(t, nil)
	c.makeUser(t, "john.doe")
	id, _ := c.makeAccessKey(t, "john.doe")
	john := b.customer(id, "")
	ok[*s3.ListBucketsOutput](t)(john.s3.ListBuckets(t.Context(), nil))
	c.deliver(t)

	// The role alone is not enough: AWS takes it together with the log group.
	half, code := b.cli(t, "cloudtrail", "update-trail", "--name", trail, "--cloud-watch-logs-role-arn", roleARN)
	if code == 0 || !strings.Contains(half, "InvalidCloudWatchLogs") {
		t.Errorf("update-trail with half of the pair: exit %d\n%s", code, half)
	}
	for _, test := range []struct {
		command string
		want    []string // all in the output
	}{
		{"cloudtrail get-trail-status --name " + trail, []string{`"IsLogging": true`, `"LatestDeliveryTime"`}},
		{"cloudtrail start-logging --name " + trail, nil},
		{"s3api get-bucket-policy --bucket " + bucket, []string{"AWSCloudTrailWrite20150319", "DenyInsecureTransport"}},
		{"cloudtrail lookup-events --max-results 10", []string{`"EventName": "StartLogging"`, `"EventName": "ListBuckets"`}},
		{"iam get-role-policy --role-name " + role + " --policy-name cloudwatch", []string{"logs:PutLogEvents"}},
		{"logs describe-log-groups --log-group-name-prefix /aws/cloudtrail/", []string{logGroup}},
		{"cloudtrail update-trail --name " + trail + " --cloud-watch-logs-log-group-arn " + groupARN + " --cloud-watch-logs-role-arn " + roleARN,
			[]string{`"CloudWatchLogsRoleArn": "` + roleARN + `"`, `"LogFileValidationEnabled": true`}},
		{"s3api list-object-versions --bucket " + bucket + " --prefix AWSLogs/", []string{`"Key": "AWSLogs/123456789012/CloudTrail/eu-west-2/`, `"IsLatest": true`}},
		{"cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=john.doe --start-time 2026-01-01T00:00:00Z --end-time 2099-01-01T00:00:00Z",
			[]string{`"Username": "john.doe"`, `"EventName": "ListBuckets"`}},
	} {
		output := b.succeed(t, strings.Fields(test.command)...)
		for _, want := range test.want {
			if !strings.Contains(output, want) {
				t.Errorf("aws %s: no %s in\n%s", test.command, want, output)
			}
		}
	}
	byID := b.succeed(t, "cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=EventId,AttributeValue="+anEventID(t, c))
	if n := strings.Count(byID, `"EventId"`); n != 1 {
		t.Errorf("lookup by id found %d events\n%s", n, byID)
	}
}

func anEventID(t *testing.T, c *customer) string {
	t.Helper()
	found := ok[*cloudtrail.LookupEventsOutput](t)(c.trail.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1)}))
	if len(found.Events) != 1 {
		t.Fatalf("looked up %d events", len(found.Events))
	}
	return *found.Events[0].EventId
}

// TestValidateLogs lets `aws cloudtrail validate-logs` judge an hour of intervals.
func TestValidateLogs(t *testing.T) {
	b := open(t, sandbox.Config{Start: time.Date(2026, 1, 11, 8, 0, 0, 0, time.UTC)})
	c := b.customer("test", "")
	c.makeBucket(t)
	c.makeTrail(t, nil)
	for range 12 {
		ok[*s3.ListBucketsOutput](t)(c.s3.ListBuckets(t.Context(), nil))
		b.must(t, "advance?by=5m", "")
	}
	digests, logs := c.keys(t, "AWSLogs/"+account+"/CloudTrail-Digest/"+region+"/"), c.keys(t, logFolder+region+"/")
	if len(digests) != 60 || len(logs) < 12 {
		t.Fatalf("an hour left %d digests and %d log files", len(digests), len(logs))
	}
	b.validate(t, 0, `60/60 digest files valid`, `(\d+)/\d+ log files valid`)

	changed, deleted, lost := logs[3], logs[6], digests[30]
	original := c.object(t, changed)
	c.put(t, changed, archivetest.Gzip(t, []byte(`{"Records":[]}`)))
	b.validate(t, 1, regexp.QuoteMeta(changed)+`\tINVALID: hash value doesn't match`)
	c.put(t, changed, original)
	b.validate(t, 0, `60/60 digest files valid`)
	c.remove(t, deleted)
	b.validate(t, 1, regexp.QuoteMeta(deleted)+`\tINVALID: not found`)
	c.remove(t, lost)
	b.validate(t, 1, regexp.QuoteMeta(lost)+`\tINVALID: not found`)
}

// validate runs validate-logs, of which each pattern must match a line.
func (b *box) validate(t *testing.T, wantCode int, patterns ...string) {
	t.Helper()
	output, code := b.cli(t, "cloudtrail", "validate-logs", "--trail-arn", trailARN, "--verbose",
		"--start-time", "2026-01-11T00:00:00Z", "--end-time", "2026-01-12T00:00:00Z")
	if code != wantCode {
		t.Errorf("validate-logs: exit %d, not %d\n%s", code, wantCode, output)
	}
	for _, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(output) {
			t.Errorf("validate-logs: no %s in\n%s", pattern, output)
		}
	}
}

func (c *customer) put(t *testing.T, key string, body []byte) {
	t.Helper()
	ok[*s3.PutObjectOutput](t)(c.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(string(body))}))
}

func (c *customer) remove(t *testing.T, key string) {
	t.Helper()
	ok[*s3.DeleteObjectOutput](t)(c.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key}))
}

// TestStatusOfATrailNobodyBroke compares all of GetTrailStatus.
func TestStatusOfATrailNobodyBroke(t *testing.T) {
	b := open(t, sandbox.Config{})
	c := b.customer("test", "")
	c.makeBucket(t)
	c.makeLogGroup(t)
	c.makeTrail(t, func(in *cloudtrail.CreateTrailInput) {
		in.CloudWatchLogsLogGroupArn, in.CloudWatchLogsRoleArn = aws.String(groupARN), aws.String(roleARN)
	})
	b.must(t, "advance?by=2m", "")
	status := c.status(t)
	if !*status.IsLogging || status.LatestDeliveryTime == nil || status.LatestDigestDeliveryTime == nil || status.LatestCloudWatchLogsDeliveryTime == nil || status.StartLoggingTime == nil {
		text, _ := json.Marshal(status)
		t.Errorf("status: %s", text)
	}
	for name, problem := range map[string]*string{
		"delivery": status.LatestDeliveryError, "digest": status.LatestDigestDeliveryError,
		"log group": status.LatestCloudWatchLogsDeliveryError, "notification": status.LatestNotificationError,
	} {
		if aws.ToString(problem) != "" {
			t.Errorf("%s: error %q", name, *problem)
		}
	}
	if names := c.delivered(t); !slices.Contains(names, "StartLogging") {
		t.Errorf("StartLogging itself was not delivered, only %q", names)
	}
}

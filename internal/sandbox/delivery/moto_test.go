package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/s3archive"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

const (
	kmsKey   = "arn:aws:kms:eu-west-1:123456789012:key/6b1b0d9b-8d4c-4a3e-9b52-2f7c3f7f9f10"
	topic    = "arn:aws:sns:eu-west-1:123456789012:files"
	logsARN  = "arn:aws:logs:eu-west-1:123456789012:log-group:trail:*"
	motoUser = "123456789012"
)

// emulated is a world whose bucket, log group and topic are moto's.
type emulated struct {
	*world
	endpoint string
	clients  *upstream.Clients
	s3       *s3.Client
	permit   *gate
}

// gate is a permit checker that can deny access to the bucket.
type gate struct{ shut bool }

func (g *gate) Bucket(context.Context, permit.Trail) error {
	if g.shut {
		return &permit.Denial{Code: "InsufficientS3BucketPolicyException", Status: "AccessDenied"}
	}
	return nil
}
func (*gate) Key(context.Context, permit.Trail) error      { return nil }
func (*gate) Topic(context.Context, permit.Trail) error    { return nil }
func (*gate) LogGroup(context.Context, permit.Trail) error { return nil }

func emulate(t *testing.T) *emulated {
	t.Helper()
	e := &emulated{endpoint: mototest.Start(t), world: newWorld(t), permit: new(gate)}
	e.clients = upstream.New(upstream.Options{Endpoint: e.endpoint, Account: motoUser, Moto: true, Getenv: os.Getenv})
	ctx := t.Context()
	var err error
	if e.s3, err = e.clients.S3(ctx, motoUser, home); err != nil {
		t.Fatal(err)
	}
	_, err = e.s3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: aws.String("logs"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: home},
	})
	if err != nil {
		t.Fatal(err)
	}
	tr := trail()
	tr.Account, tr.ARN = motoUser, strings.ReplaceAll(tr.ARN, account, motoUser)
	tr.KeyARN, tr.TopicARN, tr.LogGroupARN, tr.Prefix = kmsKey, topic, logsARN, "audit"
	e.trails = append(e.trails, tr)
	e.start(0)
	c := e.config()
	c.Permit = e.permit
	c.Report = func(err error) { t.Log(err) }
	c.Objects, c.Streams, c.Notifier = ToAWS(e.clients, time.Now)
	if e.d, err = Open(c); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *emulated) happen(region string) {
	e.events++
	e.append(motoUser, region, "Management", fmt.Sprintf("event-%d", e.events), "")
}

// topicAndGroup makes a topic with a queue behind it and a log group.
func (e *emulated) topicAndGroup() (queue *sqs.Client, queueURL *string, logs *cloudwatchlogs.Client) {
	t, ctx := e.t, e.t.Context()
	t.Helper()
	topics, err := e.clients.SNS(ctx, motoUser, home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("files")}); err != nil {
		t.Fatal(err)
	}
	queue = sqs.New(sqs.Options{Region: home, BaseEndpoint: &e.endpoint, Credentials: topics.Options().Credentials})
	made, err := queue.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("files")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: aws.String(topic), Protocol: aws.String("sqs"), Endpoint: aws.String(strings.Replace(topic, "sns", "sqs", 1)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if logs, err = e.clients.Logs(ctx, motoUser, home); err != nil {
		t.Fatal(err)
	}
	if _, err := logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("trail")}); err != nil {
		t.Fatal(err)
	}
	return queue, made.QueueUrl, logs
}

func TestOnMoto(t *testing.T) {
	e := emulate(t)
	e.happen(home)
	e.pass() // no topic and no group yet
	s := e.d.Status("t1", home)
	if s.Logs.Error != "" || s.LogGroup.Error != "ResourceNotFoundException" || s.Notifications.Error != "NotFound" {
		t.Errorf("status is %+v", s)
	}
	queue, queueURL, logs := e.topicAndGroup()
	e.happen(home)
	e.pass()
	s = e.d.Status("t1", home)
	if s.LogGroup.Error != "" || s.LogGroup.Latest.IsZero() || s.Notifications.Error != "" || s.Notifications.Latest.IsZero() {
		t.Errorf("status is %+v", s)
	}
	ctx := t.Context()
	events, err := logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String("trail"), LogStreamName: aws.String(motoUser + "_CloudTrail_" + home), StartFromHead: aws.Bool(true),
	})
	if err != nil || len(events.Events) != 2 || !strings.Contains(*events.Events[0].Message, `"event-1"`) {
		t.Errorf("log events %+v, %v", events, err)
	}
	listed, err := e.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("logs")})
	if err != nil || len(listed.Contents) != 2 {
		t.Fatalf("objects %+v, %v", listed, err)
	}
	received, err := queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queueURL, MaxNumberOfMessages: 10})
	if err != nil || len(received.Messages) != 2 {
		t.Fatalf("messages %+v, %v", received, err)
	}
	for _, object := range listed.Contents {
		e.checkObject(*object.Key)
		found := slices.ContainsFunc(received.Messages, func(m sqstypes.Message) bool {
			var envelope struct {
				Message string
				Subject *string
			}
			err := json.Unmarshal([]byte(*m.Body), &envelope)
			return err == nil && envelope.Subject == nil &&
				envelope.Message == fmt.Sprintf(`{"s3Bucket":"logs","s3ObjectKey":[%q]}`, *object.Key)
		})
		if !found {
			t.Errorf("no message of %s", *object.Key)
		}
	}
	bucket := e.trails[0].Bucket
	e.trails[0].Bucket = "nowhere"
	e.happen(home)
	e.pass()
	if s := e.d.Status("t1", home); s.Logs.Error != "NoSuchBucket" {
		t.Errorf("status is %+v", s)
	}
	e.trails[0].Bucket = bucket
}

// checkObject looks at the headers of a log file.
func (e *emulated) checkObject(key string) {
	e.t.Helper()
	head, err := e.s3.HeadObject(e.t.Context(), &s3.HeadObjectInput{Bucket: aws.String("logs"), Key: &key})
	if err != nil {
		e.t.Fatal(err)
	}
	if aws.ToString(head.ContentType) != "application/json" || aws.ToString(head.ContentEncoding) != "gzip" ||
		head.ServerSideEncryption != "aws:kms" || aws.ToString(head.SSEKMSKeyId) != kmsKey {
		e.t.Errorf("%s: %+v", key, head)
	}
}

// TestValidateLogs lets the AWS CLI judge an hour of digests, and find what was
// changed afterwards.
func TestValidateLogs(t *testing.T) {
	cli, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed, so its validate-logs has not judged the digests")
	}
	e := emulate(t)
	e.topicAndGroup()
	for minute := range 60 {
		e.happen(home)
		if minute%7 == 0 {
			e.happen(elsehere)
		}
		e.permit.shut = minute == 20 || minute == 21
		e.pass()
		e.advance(interval)
	}
	e.stop(0)
	e.advance(interval)
	e.pass()
	cloudTrail := e.cloudTrail()
	validate := func(region string) string { return e.validateLogs(cli, cloudTrail, region) }
	expect := func(out string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Fatalf("%q is not in\n%s", want, out)
			}
		}
	}
	out := validate(home)
	expect(out, "60/60 digest files valid", "1/1 backfill digest files valid", "60/60 log files valid")
	expect(validate(elsehere), "digest files valid", "9/9 log files valid")
	e.wantIngested()

	logs, digests := e.objects(home)
	e.replace(logs[30])
	expect(validate(home), logs[30]+"\tINVALID: hash value doesn't match")
	e.remove(logs[30])
	expect(validate(home), logs[30]+"\tINVALID: not found", "1/60 log files INVALID")
	e.remove(digests[30])
	expect(validate(home), digests[30]+"\tINVALID: not found", "1/60 digest files INVALID")
}

// objects are the keys of a Region's log files and normal digests, in order.
func (e *emulated) objects(region string) (logs, digests []string) {
	e.t.Helper()
	pages := s3.NewListObjectsV2Paginator(e.s3, &s3.ListObjectsV2Input{Bucket: aws.String("logs")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(e.t.Context())
		if err != nil {
			e.t.Fatal(err)
		}
		for _, o := range page.Contents {
			key, err := archive.ParseKey(*o.Key)
			switch {
			case err != nil:
				e.t.Fatal(err)
			case key.Region != region || key.Backfill:
			case key.Kind == archive.Digest:
				digests = append(digests, *o.Key)
			default:
				logs = append(logs, *o.Key)
			}
		}
	}
	return logs, digests
}

func (e *emulated) replace(key string) {
	e.t.Helper()
	changed, err := compress([]byte(`{"Records":[{}]}`))
	if err == nil {
		_, err = e.s3.PutObject(e.t.Context(), &s3.PutObjectInput{Bucket: aws.String("logs"), Key: &key, Body: bytes.NewReader(changed)})
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *emulated) remove(key string) {
	e.t.Helper()
	if _, err := e.s3.DeleteObject(e.t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("logs"), Key: &key}); err != nil {
		e.t.Fatal(err)
	}
}

// wantIngested reads the bucket as trailkeeper does.
func (e *emulated) wantIngested() {
	t := e.t
	t.Helper()
	source, err := s3archive.New(t.Context(), "s3://logs/audit", s3archive.Options{Endpoint: e.endpoint})
	if err != nil {
		t.Fatal(err)
	}
	report, err := ingest.Run(t.Context(), ingest.Options{Source: source, Lake: folderstore.New(t.TempDir(), 0), Memory: ingest.MinMemory})
	if err != nil {
		t.Fatal(err)
	}
	if report.Events.Stored != int64(e.events) || report.Events.Read != report.Events.Stored || report.Files.Failed != 0 {
		t.Errorf("ingest reports %+v of %d events", report, e.events)
	}
}

// cloudTrail answers what validate-logs asks of CloudTrail.
func (e *emulated) cloudTrail() string {
	tr := e.trails[0]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any
		switch operation := r.Header.Get("X-Amz-Target"); {
		case strings.HasSuffix(operation, ".ListPublicKeys"):
			region := strings.Split(r.Header.Get("Authorization"), "/")[2]
			var in struct{ StartTime, EndTime digest.Time }
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			answer = digest.PublicKeyList{PublicKeyList: e.d.PublicKeys(region, in.StartTime.Time, in.EndTime.Time)}
		case strings.HasSuffix(operation, ".DescribeTrails"):
			answer = map[string]any{"trailList": []any{map[string]any{
				"Name": tr.Name, "S3BucketName": tr.Bucket, "S3KeyPrefix": tr.Prefix, "TrailARN": tr.ARN,
				"HomeRegion": tr.Region, "IsMultiRegionTrail": true,
			}}}
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(answer) // the CLI complains when it gets none
	}))
	e.t.Cleanup(server.Close)
	return server.URL
}

func (e *emulated) validateLogs(cli, cloudTrail, region string) string {
	e.t.Helper()
	cmd := exec.CommandContext(e.t.Context(), cli, "cloudtrail", "validate-logs", "--verbose", "--trail-arn", e.trails[0].ARN,
		"--region", region, "--start-time", "2026-11-20T09:00:00Z", "--end-time", "2026-11-20T12:00:00Z")
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }),
		"AWS_ENDPOINT_URL="+e.endpoint, "AWS_ENDPOINT_URL_CLOUDTRAIL="+cloudTrail,
		"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_CONFIG_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		e.t.Fatal(err)
	}
	return string(out)
}

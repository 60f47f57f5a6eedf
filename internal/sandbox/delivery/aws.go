package delivery

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/cerpac/trailkeeper/arn"
)

// Clients returns clients that act in an account and Region.
type Clients interface {
	S3(ctx context.Context, account, region string) (*s3.Client, error)
	Logs(ctx context.Context, account, region string) (*cloudwatchlogs.Client, error)
	SNS(ctx context.Context, account, region string) (*sns.Client, error)
}

// ToAWS delivers with the AWS SDK. now is the upstream's clock, which may differ
// from the sandbox's: log groups reject events whose time is far from it.
func ToAWS(clients Clients, now func() time.Time) (Objects, Streams, Notifier) {
	return buckets{clients}, logGroups{clients, now}, topics{clients}
}

type buckets struct{ clients Clients }

func (b buckets) Put(ctx context.Context, o Object) error {
	client, err := b.clients.S3(ctx, o.Account, o.Region)
	if err != nil {
		return err
	}
	sum := md5.Sum(o.Body) // required by buckets with Object Lock, supported by every store
	in := &s3.PutObjectInput{
		Bucket: &o.Bucket, Key: &o.Key, Body: bytes.NewReader(o.Body), Metadata: o.Metadata,
		ContentMD5:  aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		ACL:         s3types.ObjectCannedACLBucketOwnerFullControl,
		ContentType: aws.String("application/json"), ContentEncoding: aws.String("gzip"),
	}
	if o.KeyARN != "" {
		text, err := json.Marshal(map[string]string{"aws:cloudtrail:arn": o.TrailARN})
		if err != nil {
			return fmt.Errorf("encode encryption context: %w", err)
		}
		in.ServerSideEncryption = s3types.ServerSideEncryptionAwsKms
		in.SSEKMSKeyId = &o.KeyARN
		in.SSEKMSEncryptionContext = aws.String(base64.StdEncoding.EncodeToString(text))
	}
	_, err = client.PutObject(ctx, in)
	return err
}

type logGroups struct {
	clients Clients
	now     func() time.Time
}

func (l logGroups) Put(ctx context.Context, s Stream, events []string) error {
	client, err := l.clients.Logs(ctx, s.Account, s.Region)
	if err != nil {
		return err
	}
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &s.Group, LogStreamName: &s.Name}
	at := aws.Int64(l.now().UnixMilli())
	for i := range events {
		in.LogEvents = append(in.LogEvents, logstypes.InputLogEvent{Message: &events[i], Timestamp: at})
	}
	out, err := client.PutLogEvents(ctx, in)
	var missing *logstypes.ResourceNotFoundException
	if errors.As(err, &missing) {
		_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &s.Group, LogStreamName: &s.Name})
		if err != nil {
			return err
		}
		out, err = client.PutLogEvents(ctx, in)
	}
	if err == nil && out.RejectedLogEventsInfo != nil {
		return errors.New("the log group rejects the time of the events")
	}
	return err
}

type topics struct{ clients Clients }

func (t topics) Publish(ctx context.Context, topicARN, message string) error {
	topic, err := arn.Parse(topicARN)
	if err != nil {
		return fmt.Errorf("publish to topic: %w", err)
	}
	client, err := t.clients.SNS(ctx, topic.AccountID, topic.Region)
	if err != nil {
		return err
	}
	_, err = client.Publish(ctx, &sns.PublishInput{TopicArn: &topicARN, Message: &message})
	return err
}

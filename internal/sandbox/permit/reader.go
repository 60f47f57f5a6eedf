package permit

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/access"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

// reader reads policies from the upstream. It implements access.Destinations and
// access.Guards.
type reader struct{ clients *upstream.Clients }

// found returns access.ErrNotFound for an error with that AWS code, and otherwise the
// error with what was done.
func found(err error, missing, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if code(err) == missing {
		return access.ErrNotFound
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// code returns the AWS error code of err, or "".
func code(err error) string {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return answer.ErrorCode()
	}
	return ""
}

// Bucket implements access.Destinations.
func (r reader) Bucket(ctx context.Context, t access.Trail) (b access.Bucket, err error) {
	client, err := r.clients.S3(ctx, t.Account, t.Region)
	if err != nil {
		return b, err
	}
	held, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &t.Bucket})
	if code(err) == "NoSuchBucketPolicy" {
		return b, nil
	}
	if err := found(err, "NoSuchBucket", "read policy of bucket %q", t.Bucket); err != nil {
		return b, err
	}
	b.Policy = upstream.BucketPolicy(aws.ToString(held.Policy))
	// An upstream without requester pays returns an error or an empty answer.
	payment, err := client.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: &t.Bucket})
	b.RequesterPays = err == nil && payment.Payer == types.PayerRequester
	return b, nil
}

// Topic implements access.Destinations.
func (r reader) Topic(ctx context.Context, name string) (access.Topic, error) {
	topic, err := arn.Parse(name)
	if err != nil {
		return access.Topic{}, err
	}
	client, err := r.clients.SNS(ctx, topic.AccountID, topic.Region)
	if err != nil {
		return access.Topic{}, err
	}
	held, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &name})
	if err := found(err, "NotFound", "read policy of topic %q", name); err != nil {
		return access.Topic{}, err
	}
	return access.Topic{Policy: held.Attributes["Policy"], Key: held.Attributes["KmsMasterKeyId"]}, nil
}

// LogGroup implements access.Destinations.
func (r reader) LogGroup(ctx context.Context, t access.Trail, name string) error {
	client, err := r.clients.Logs(ctx, t.Account, t.Region)
	if err != nil {
		return err
	}
	// Groups are sorted by name, so the exact name comes before names that it begins.
	found, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	if err != nil {
		return fmt.Errorf("find log group %q: %w", name, err)
	}
	if len(found.LogGroups) == 0 || aws.ToString(found.LogGroups[0].LogGroupName) != name {
		return access.ErrNotFound
	}
	return nil
}

// Key implements access.Guards.
func (r reader) Key(ctx context.Context, name string) (access.Key, error) {
	named, err := arn.Parse(name)
	if err != nil {
		return access.Key{}, err
	}
	client, err := r.clients.KMS(ctx, named.AccountID, named.Region)
	if err != nil {
		return access.Key{}, err
	}
	described, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &name})
	if err := found(err, "NotFoundException", "describe key %q", name); err != nil {
		return access.Key{}, err
	}
	key := access.Key{ARN: aws.ToString(described.KeyMetadata.Arn), State: string(described.KeyMetadata.KeyState)}
	if key.State != "Enabled" {
		return key, nil
	}
	held, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: described.KeyMetadata.KeyId, PolicyName: aws.String("default")})
	if err != nil {
		return key, fmt.Errorf("read policy of key %q: %w", name, err)
	}
	key.Policy = aws.ToString(held.Policy)
	return key, nil
}

// Encryption implements access.Guards.
func (r reader) Encryption(ctx context.Context, t access.Trail) (e access.Encryption, err error) {
	client, err := r.clients.S3(ctx, t.Account, t.Region)
	if err != nil {
		return e, err
	}
	location, err := client.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &t.Bucket})
	if err := found(err, "NoSuchBucket", "locate bucket %q", t.Bucket); err != nil {
		return e, err
	}
	e.Region = string(location.LocationConstraint)
	if e.Region == "" {
		e.Region = "us-east-1"
	}
	held, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &t.Bucket})
	if code(err) == "ServerSideEncryptionConfigurationNotFoundError" {
		return e, nil
	}
	if err != nil {
		return e, fmt.Errorf("read encryption of bucket %q: %w", t.Bucket, err)
	}
	for _, rule := range held.ServerSideEncryptionConfiguration.Rules {
		e.BucketKey = e.BucketKey || aws.ToBool(rule.BucketKeyEnabled)
	}
	return e, nil
}

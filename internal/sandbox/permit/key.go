package permit

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"
)

// Key checks that CloudTrail may encrypt with the trail's key.
func (c *checker) Key(ctx context.Context, t Trail) error {
	bucket, err := c.encryption(ctx, t)
	if err != nil {
		return err
	}
	named, err := arn.Parse(t.KeyARN)
	if err != nil || bucket.region != "" && bucket.region != named.Region {
		return missingKey(t, t.KeyARN, fmt.Sprintf("key %q is not in the Region of the bucket, %q", t.KeyARN, bucket.region))
	}
	key, err := c.key(ctx, t, t.KeyARN)
	if err != nil {
		return err
	}
	requests := key.requests(t, "aws:cloudtrail:arn", t.ARN, "kms:GenerateDataKey")
	if bucket.bucketKey {
		requests = append(requests, key.requests(t, "aws:cloudtrail:arn", t.ARN, "kms:Decrypt")...)
	}
	return key.admits(t, accessDenied, append(requests, request(t, "kms:DescribeKey", key.arn)))
}

// heldKey is a usable key with its policy.
type heldKey struct{ name, arn, policy string }

// key reads a key by its ARN or the ARN of an alias.
func (c *checker) key(ctx context.Context, t Trail, name string) (heldKey, error) {
	named, err := arn.Parse(name)
	if err != nil {
		return heldKey{}, missingKey(t, name, fmt.Sprintf("key %q has no ARN", name))
	}
	client, err := c.clients.KMS(ctx, named.AccountID, named.Region)
	if err != nil {
		return heldKey{}, err
	}
	described, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &name})
	if code(err) == "NotFoundException" {
		return heldKey{}, missingKey(t, name, fmt.Sprintf("key %q does not exist", name))
	}
	if err != nil {
		return heldKey{}, fmt.Errorf("describe key %q: %w", name, err)
	}
	metadata := described.KeyMetadata
	if metadata.KeyState != types.KeyStateEnabled {
		return heldKey{}, unusable(name, metadata.KeyState)
	}
	held, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: metadata.KeyId, PolicyName: aws.String("default")})
	if err != nil {
		return heldKey{}, fmt.Errorf("read policy of key %q: %w", name, err)
	}
	return heldKey{name, aws.ToString(metadata.Arn), aws.ToString(held.Policy)}, nil
}

// requests returns policy requests for the key with one encryption context pair.
func (k heldKey) requests(t Trail, name, value string, actions ...string) []policy.Request {
	requests := make([]policy.Request, len(actions))
	for i, action := range actions {
		requests[i] = request(t, action, k.arn)
		requests[i].Context["kms:EncryptionContext:"+name] = []string{value}
		requests[i].Context["kms:EncryptionContextKeys"] = []string{name}
	}
	return requests
}

// admits returns a *Denial unless the key's policy allows all requests.
func (k heldKey) admits(t Trail, status string, requests []policy.Request) error {
	why := denied([]string{k.policy}, requests...)
	if why == "" {
		return nil
	}
	return &Denial{
		Code:    "InsufficientEncryptionPolicyException",
		Message: fmt.Sprintf("Insufficient permissions to access S3 bucket %s or KMS key %s.", t.Bucket, k.name),
		Status:  status,
		Why:     fmt.Sprintf("key %q: %s", k.name, why),
	}
}

func missingKey(t Trail, name, why string) error {
	return &Denial{
		Code:    "KmsKeyNotFoundException",
		Message: fmt.Sprintf("KMS key %s does not exist, or is not in the same Region as S3 bucket %s.", name, t.Bucket),
		Status:  keyNotFound,
		Why:     why,
	}
}

func unusable(name string, state types.KeyState) error {
	status := keyInvalidState
	if state == types.KeyStateDisabled {
		status = keyDisabled
	}
	return &Denial{
		Code:    "KmsException",
		Message: fmt.Sprintf("KMS key %s is not enabled: its state is %s.", name, state),
		Status:  status,
		Why:     fmt.Sprintf("key %q is in the state %s", name, state),
	}
}

// bucketEncryption is how the bucket affects the use of the key.
type bucketEncryption struct {
	region    string // "" without a bucket
	bucketKey bool   // CloudTrail then needs to decrypt
}

func (c *checker) encryption(ctx context.Context, t Trail) (bucketEncryption, error) {
	if t.Bucket == "" {
		return bucketEncryption{}, nil
	}
	client, err := c.clients.S3(ctx, t.Account, t.Region)
	if err != nil {
		return bucketEncryption{}, err
	}
	location, err := client.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &t.Bucket})
	if code(err) == "NoSuchBucket" {
		return bucketEncryption{}, nil // Bucket reports this
	}
	if err != nil {
		return bucketEncryption{}, fmt.Errorf("locate bucket %q: %w", t.Bucket, err)
	}
	found := bucketEncryption{region: string(location.LocationConstraint)}
	if found.region == "" {
		found.region = "us-east-1"
	}
	held, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &t.Bucket})
	if code(err) == "ServerSideEncryptionConfigurationNotFoundError" {
		return found, nil
	}
	if err != nil {
		return found, fmt.Errorf("read encryption of bucket %q: %w", t.Bucket, err)
	}
	for _, rule := range held.ServerSideEncryptionConfiguration.Rules {
		found.bucketKey = found.bucketKey || aws.ToBool(rule.BucketKeyEnabled)
	}
	return found, nil
}

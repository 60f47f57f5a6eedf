package permit

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
	"github.com/cerpac/trailkeeper/policy"
)

// Bucket checks that CloudTrail may read the ACL of the bucket and write to the
// trail's folder in it. It needs both.
func (c *checker) Bucket(ctx context.Context, t Trail) error {
	client, err := c.clients.S3(ctx, t.Account, t.Region)
	if err != nil {
		return err
	}
	insufficient := func(why string) error {
		return &Denial{
			Code:    "InsufficientS3BucketPolicyException",
			Message: "Incorrect S3 bucket policy is detected for bucket: " + t.Bucket,
			Status:  accessDenied,
			Why:     fmt.Sprintf("bucket %q: %s", t.Bucket, why),
		}
	}
	held, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &t.Bucket})
	switch code(err) {
	case "":
	case "NoSuchBucket":
		return &Denial{
			Code:    "S3BucketDoesNotExistException",
			Message: fmt.Sprintf("S3 bucket %s does not exist!", t.Bucket),
			Status:  noSuchBucket,
			Why:     fmt.Sprintf("bucket %q does not exist", t.Bucket),
		}
	case "NoSuchBucketPolicy":
		return insufficient("it has no policy")
	}
	if err != nil {
		return fmt.Errorf("read policy of bucket %q: %w", t.Bucket, err)
	}
	if why := denied([]string{upstream.BucketPolicy(aws.ToString(held.Policy))}, bucketRequests(t)...); why != "" {
		return insufficient(why)
	}
	// An upstream without requester pays returns an error or an empty answer.
	payment, err := client.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: &t.Bucket})
	if err == nil && payment.Payer == types.PayerRequester {
		return insufficient("its requesters pay")
	}
	return nil
}

func bucketRequests(t Trail) []policy.Request {
	trail, _ := arn.Parse(t.ARN)
	bucket := arn.Build(trail.Partition, "s3", "", "", t.Bucket)
	requests := []policy.Request{request(t, "s3:GetBucketAcl", bucket)}
	put := func(object, keyARN string) {
		r := request(t, "s3:PutObject", bucket+"/"+object)
		r.Context["s3:x-amz-acl"] = []string{"bucket-owner-full-control"}
		r.Context["s3:x-amz-server-side-encryption"] = []string{"AES256"}
		if keyARN != "" {
			r.Context["s3:x-amz-server-side-encryption"] = []string{"aws:kms"}
			r.Context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = []string{keyARN}
		}
		requests = append(requests, r)
	}
	if t.Object != "" {
		put(t.Object, t.KeyARN)
		return requests
	}
	for _, folder := range folders(t) {
		// A bucket that accepts only objects encrypted with a KMS key is refused for any trail.
		put(folder+"CloudTrail/", "")
		if t.KeyARN != "" {
			put(folder+"CloudTrail/", t.KeyARN)
		}
	}
	return requests
}

// folders returns the folders that a trail writes to.
func folders(t Trail) []string {
	root := "AWSLogs/"
	if t.Prefix != "" {
		root = strings.TrimSuffix(t.Prefix, "/") + "/" + root
	}
	own := t.Account + "/"
	if t.Organization == "" {
		return []string{root + own}
	}
	return []string{root + own, root + t.Organization + "/" + own}
}

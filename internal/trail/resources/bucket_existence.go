package resources

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail/account"
)

// exists reports whether the bucket exists and is accessible. All AWS accounts share
// one namespace of buckets, so an existing bucket may belong to another account.
func (b *storage) exists(ctx context.Context) (bool, error) {
	head, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if account.Missing(err) {
		return false, nil
	}
	region := regionTold(err)
	if err == nil {
		region = aws.ToString(head.BucketRegion)
	}
	_, denied := account.Denied(err)
	switch {
	case denied:
		return false, b.whose(ctx, err)
	case region != "" && region != b.Account.Region:
		return false, outcome.WithHint(fmt.Errorf("use bucket %q: it is in %s, and the trail's home is %s", b.name, region, b.Account.Region),
			"choose another bucket_name, or set region: "+region)
	}
	return err == nil, err
}

// whose explains an answer that says only "forbidden".
func (b *storage) whose(ctx context.Context, refusal error) error {
	pages := s3.NewListBucketsPaginator(b.client, &s3.ListBucketsInput{Prefix: &b.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return outcome.WithHint(fmt.Errorf("use bucket %q: it is another account's, or we lack rights to it: %w", b.name, refusal),
				"choose another bucket_name, or let the caller s3:ListBucket on "+arn.Build(b.Account.Partition, "s3", "", "", b.name))
		}
		for _, bucket := range page.Buckets {
			if aws.ToString(bucket.Name) == b.name {
				return refusal
			}
		}
	}
	return b.foreign()
}

func (b *storage) foreign() error {
	return outcome.WithHint(fmt.Errorf("use bucket %q: it belongs to another account", b.name),
		"choose another bucket_name: all AWS accounts share one namespace")
}

// regionTold returns the Region of the bucket, which S3 sends with most errors.
func regionTold(err error) string {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		return answer.Response.Header.Get("X-Amz-Bucket-Region")
	}
	return ""
}

// waitForBucket recognizes the errors of S3 for a change that is not propagated yet.
func waitForBucket(err error) string {
	switch account.Code(err) {
	case "NoSuchBucket":
		return "S3 is still propagating the new bucket"
	case "OperationAborted":
		return "another change of the bucket is under way"
	case "InvalidBucketState":
		return "S3 is still propagating the bucket's versioning"
	case "InvalidTargetBucketForLogging":
		return "S3 is still propagating the policy of the bucket for the access log"
	case "BucketNotEmpty":
		return "late files still arrive"
	case "InternalError": // also of one object among many
		return "S3 has an internal error"
	}
	return ""
}

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

// exists reports whether the bucket is there for us. All AWS accounts share the names of
// buckets: one that is there may be somebody else's.
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
			"choose another bucket_name, or region: "+region)
	}
	return err == nil, err
}

// whose explains an answer that says no more than "forbidden".
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
		"choose another bucket_name: all AWS accounts share one space of names")
}

// regionTold is the Region of the bucket, as S3 tells it with most errors.
func regionTold(err error) string {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		return answer.Response.Header.Get("X-Amz-Bucket-Region")
	}
	return ""
}

// waitForBucket knows the errors by which S3 says that it has not heard everywhere of
// what was done before.
func waitForBucket(err error) string {
	switch account.Code(err) {
	case "NoSuchBucket":
		return "the new bucket is not known everywhere yet"
	case "OperationAborted":
		return "another change of the bucket is under way"
	case "InvalidBucketState":
		return "the bucket's versioning is not known everywhere yet"
	case "InvalidTargetBucketForLogging":
		return "the policy of the bucket for the access log is not known everywhere yet"
	case "BucketNotEmpty":
		return "files that were under way still arrive"
	case "InternalError": // also of one object among many
		return "S3 has an error inside"
	}
	return ""
}

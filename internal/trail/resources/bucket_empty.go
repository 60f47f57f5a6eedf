package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// keep returns why the bucket must stay, or "".
func (b *storage) keep(ctx context.Context) (why string, err error) {
	versioning, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if account.Missing(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	empty, err := b.empty(ctx)
	switch {
	case err != nil || empty:
		return "", err
	case !b.Spec.ForceDestroy:
		return "there are logs in it, and force_destroy is false", nil
	case versioning.MFADelete == types.MFADeleteStatusEnabled:
		return "MFA delete is on, so that only the account's root user can delete logs", nil
	}
	return "", nil
}

// empty reports whether the bucket has no version of any object. A bucket that does not
// exist is empty.
func (b *storage) empty(ctx context.Context) (bool, error) {
	out, err := b.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{
		Bucket: &b.name, ExpectedBucketOwner: b.owner, MaxKeys: aws.Int32(1),
	})
	if account.Missing(err) {
		return true, nil
	}
	return err == nil && len(out.Versions)+len(out.DeleteMarkers) == 0, err
}

// delete empties the bucket first if force_destroy allows it. If something arrives
// afterwards, S3 answers BucketNotEmpty and delete is called again.
func (b *storage) delete(ctx context.Context) error {
	if b.Spec.ForceDestroy {
		if err := b.purge(ctx); err != nil && !account.Missing(err) {
			return err
		}
	}
	_, err := b.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	switch {
	case account.Missing(err):
		return nil
	case account.Code(err) == "BucketNotEmpty" && !b.Spec.ForceDestroy:
		return converge.Stay("logs have arrived in it, and force_destroy is false")
	}
	return err
}

package resources

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// purge deletes every version of every object, and every delete marker. It never goes
// around a lock: what is locked stays, and the bucket with it. Whoever interrupts it
// finds the rest there.
func (b *storage) purge(ctx context.Context) error {
	var deleted, locked int
	var newest types.ObjectVersion // of those locked
	pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		n, refused, err := b.deleteVersions(ctx, page)
		if err != nil {
			return err
		}
		if len(refused) > 0 && locked == 0 {
			if _, err := b.lockOf(ctx, refused[0]); err != nil {
				return err
			}
		}
		locked += len(refused)
		for _, version := range refused {
			if newest.Key == nil || aws.ToTime(version.LastModified).After(aws.ToTime(newest.LastModified)) {
				newest = version
			}
		}
		if deleted += n; n > 0 {
			b.Progress("deleted " + quantity.FormatCount(int64(deleted)) + " versions from bucket " + b.name)
		}
	}
	if locked == 0 {
		return nil
	}
	lock, err := b.lockOf(ctx, newest)
	if err != nil {
		return err
	}
	return converge.Stay(fmt.Sprintf("%s versions in it are locked, the newest %s", quantity.FormatCount(int64(locked)), lock))
}

// deleteVersions deletes what a page lists, which is as much as one call takes, and
// returns the versions that it was not let.
func (b *storage) deleteVersions(ctx context.Context, page *s3.ListObjectVersionsOutput) (deleted int, refused []types.ObjectVersion, err error) {
	var doomed []types.ObjectIdentifier
	for _, version := range page.Versions {
		doomed = append(doomed, types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
	}
	for _, marker := range page.DeleteMarkers {
		doomed = append(doomed, types.ObjectIdentifier{Key: marker.Key, VersionId: marker.VersionId})
	}
	if len(doomed) == 0 {
		return 0, nil, nil
	}
	out, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &b.name, ExpectedBucketOwner: b.owner, Delete: &types.Delete{Objects: doomed, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return 0, nil, err
	}
	for _, failure := range out.Errors {
		i := slices.IndexFunc(page.Versions, func(v types.ObjectVersion) bool {
			return aws.ToString(v.Key) == aws.ToString(failure.Key) &&
				(failure.VersionId == nil || aws.ToString(v.VersionId) == *failure.VersionId)
		})
		if i < 0 || aws.ToString(failure.Code) != "AccessDenied" {
			return 0, nil, b.notDeleted(failure.Key, aws.ToString(failure.Code), aws.ToString(failure.Message))
		}
		refused = append(refused, page.Versions[i])
	}
	return len(doomed) - len(refused), refused, nil
}

// lockOf tells what keeps a version that could not be deleted. The error is that
// nothing does: then a right is lacking.
func (b *storage) lockOf(ctx context.Context, version types.ObjectVersion) (lock string, err error) {
	hold, err := b.client.GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldInput{
		Bucket: &b.name, ExpectedBucketOwner: b.owner, Key: version.Key, VersionId: version.VersionId,
	})
	if err == nil && hold.LegalHold.Status == types.ObjectLockLegalHoldStatusOn {
		return "by a legal hold, until somebody lifts it", nil
	}
	if err != nil && !unlocked(err) {
		return "", err
	}
	retained, err := b.client.GetObjectRetention(ctx, &s3.GetObjectRetentionInput{
		Bucket: &b.name, ExpectedBucketOwner: b.owner, Key: version.Key, VersionId: version.VersionId,
	})
	if err == nil && aws.ToTime(retained.Retention.RetainUntilDate).After(time.Now()) {
		return "until " + retained.Retention.RetainUntilDate.UTC().Format(time.RFC3339), nil
	}
	if err != nil && !unlocked(err) {
		return "", err
	}
	return "", b.notDeleted(version.Key, "AccessDenied", "no lock is in the way")
}

// unlocked tells that a version has no lock of the kind that was asked for.
func unlocked(err error) bool {
	return account.Missing(err) || account.Code(err) == "InvalidRequest" // in a bucket without Object Lock
}

// notDeleted makes an error of the call out of one that a call had for one object.
func (b *storage) notDeleted(key *string, code, message string) error {
	return &smithy.OperationError{
		ServiceID: s3.ServiceID, OperationName: "DeleteObjects",
		Err: fmt.Errorf("delete %q from bucket %q: %w", aws.ToString(key), b.name, &smithy.GenericAPIError{Code: code, Message: message}),
	}
}

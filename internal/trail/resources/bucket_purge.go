package resources

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// purge deletes every version of every object, and every delete marker. It never
// bypasses a lock: locked versions stay, and the bucket with them. After an
// interruption it can be called again.
func (b *storage) purge(ctx context.Context) error {
	p := &purge{storage: b}
	for {
		before := p.deleted
		if err := p.pass(ctx); err != nil {
			return err
		}
		if p.locked > 0 {
			lock, err := b.lockOf(ctx, p.newest)
			if err != nil {
				return err
			}
			if p.locked == 1 {
				return converge.Stay("a version in it is locked " + lock)
			}
			return converge.Stay(fmt.Sprintf("%s in it are locked, the newest %s", versions(p.locked), lock))
		}
		if p.deleted == before { // until then objects may have arrived during the pass
			return nil
		}
	}
}

// purge is the progress of emptying a bucket.
type purge struct {
	*storage
	deleted, locked int
	newest          refusal // of the locked versions
}

// refusal is a version that S3 refused to delete.
type refusal struct {
	version types.ObjectVersion
	message string
}

// pass goes through the bucket once.
func (p *purge) pass(ctx context.Context) error {
	pages := s3.NewListObjectVersionsPaginator(p.client, &s3.ListObjectVersionsInput{Bucket: &p.name, ExpectedBucketOwner: p.owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		deleted, refused, err := p.deleteVersions(ctx, page)
		if err != nil {
			return err
		}
		if len(refused) > 0 && p.locked == 0 {
			if _, err := p.lockOf(ctx, refused[0]); err != nil {
				return err
			}
		}
		p.locked += len(refused)
		for _, r := range refused {
			if p.newest.version.Key == nil || aws.ToTime(r.version.LastModified).After(aws.ToTime(p.newest.version.LastModified)) {
				p.newest = r
			}
		}
		if p.deleted += deleted; deleted > 0 {
			p.Progress("deleted " + versions(p.deleted) + " from bucket " + p.name)
		}
	}
	return nil
}

func versions(n int) string { return quantity.FormatCount(int64(n)) + " versions" }

// deleteVersions deletes the versions on a page, as many as one call accepts, and
// returns those that S3 refused to delete.
func (b *storage) deleteVersions(ctx context.Context, page *s3.ListObjectVersionsOutput) (deleted int, refused []refusal, err error) {
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
		refused = append(refused, refusal{page.Versions[i], aws.ToString(failure.Message)})
	}
	return len(doomed) - len(refused), refused, nil
}

// lockOf returns the lock of a version that S3 refused to delete. Without a lock it
// returns an error, since then a right is missing. If the lock cannot be read, it says
// so.
func (b *storage) lockOf(ctx context.Context, r refusal) (lock string, err error) {
	l, _, err := b.lockOn(ctx, r.version)
	if err != nil {
		return "", err
	}
	if text := l.String(); text != "" {
		return text, nil
	}
	if strings.Contains(r.message, "object lock") {
		return "until a time that cannot be read without s3:GetObjectRetention and s3:GetObjectLegalHold", nil
	}
	return "", b.notDeleted(r.version.Key, "AccessDenied", r.message)
}

// notDeleted turns the error for one object of a call into an error of the call.
func (b *storage) notDeleted(key *string, code, message string) error {
	return &smithy.OperationError{
		ServiceID: s3.ServiceID, OperationName: "DeleteObjects",
		Err: fmt.Errorf("delete %q from bucket %q: %w", aws.ToString(key), b.name, &smithy.GenericAPIError{Code: code, Message: message}),
	}
}

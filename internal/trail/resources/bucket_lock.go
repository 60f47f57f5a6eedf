package resources

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// askedForLocks is the number of versions whose locks are read before a purge, with two
// calls each. For the others the bucket's default is assumed.
const askedForLocks = 200

// lock is what prevents the deletion of a version.
type lock struct {
	held  bool
	until time.Time
}

func (l lock) String() string {
	switch {
	case l.held:
		return "by a legal hold, until somebody lifts it"
	case !l.until.IsZero():
		return "until " + l.until.UTC().Format(time.RFC3339)
	}
	return ""
}

// lockOn reads the lock of a version. told reports whether S3 allowed it. It does not
// use HeadObject, which would need the right to read logs.
func (b *storage) lockOn(ctx context.Context, version types.ObjectVersion) (l lock, told bool, err error) {
	hold, err := b.client.GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldInput{
		Bucket: &b.name, ExpectedBucketOwner: b.owner, Key: version.Key, VersionId: version.VersionId,
	})
	if passing(err) {
		return lock{}, false, err
	}
	told = err == nil || account.Missing(err)
	l.held = err == nil && hold.LegalHold != nil && hold.LegalHold.Status == types.ObjectLockLegalHoldStatusOn
	retained, err := b.client.GetObjectRetention(ctx, &s3.GetObjectRetentionInput{
		Bucket: &b.name, ExpectedBucketOwner: b.owner, Key: version.Key, VersionId: version.VersionId,
	})
	if passing(err) {
		return lock{}, false, err
	}
	if err == nil && retained.Retention != nil {
		l.until = aws.ToTime(retained.Retention.RetainUntilDate)
	}
	return l, l.held || told && (err == nil || account.Missing(err)), nil
}

// passing reports whether an error is a temporary fault of the service, such as
// throttling, and not of the request.
func passing(err error) bool {
	if err == nil {
		return false
	}
	switch Classify(err).Class {
	case converge.Throttled, converge.Conflict, converge.Uncertain:
		return true
	}
	return false
}

// locks counts the locks that a purge will meet.
type locks struct {
	versions, locked, held int64
	last                   time.Time // when the last of them ends
	guessed                bool      // some of it is assumed from the bucket's default
}

// locks reads the locks of all versions of a bucket that has Object Lock.
func (b *storage) locks(ctx context.Context, now time.Time) (*locks, error) {
	found := &locks{}
	configured, err := b.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if passing(err) {
		return nil, err
	}
	if err != nil || configured.ObjectLockConfiguration == nil {
		return found, nil // there is no lock, or the purge will find it, version by version
	}
	var retention time.Duration
	if rule := configured.ObjectLockConfiguration.Rule; rule != nil && rule.DefaultRetention != nil {
		days := aws.ToInt32(rule.DefaultRetention.Days) + 365*aws.ToInt32(rule.DefaultRetention.Years)
		retention = time.Duration(days) * 24 * time.Hour
	}
	pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, version := range page.Versions {
			if err := b.count(ctx, found, version, retention, now); err != nil {
				return nil, err
			}
		}
		b.Progress("looked for locks on " + versions(int(found.versions)) + " in bucket " + b.name)
	}
	return found, nil
}

// count adds a version, with its own lock or the bucket's default.
func (b *storage) count(ctx context.Context, found *locks, version types.ObjectVersion, retention time.Duration, now time.Time) (err error) {
	var l lock
	told := false
	if found.versions++; found.versions <= askedForLocks {
		if l, told, err = b.lockOn(ctx, version); err != nil {
			return err
		}
	}
	if !told && retention > 0 {
		l.until, found.guessed = aws.ToTime(version.LastModified).Add(retention), true
	}
	switch {
	case l.held:
		found.held++
	case !l.until.After(now):
		return nil
	}
	found.locked++
	if l.until.After(found.last) {
		found.last = l.until
	}
	return nil
}

// String returns the text for a plan.
func (l *locks) String() string {
	if l.locked == 0 {
		return ""
	}
	text := fmt.Sprintf("%s of %s in it are locked", quantity.FormatCount(l.locked), versions(int(l.versions)))
	if l.held > 0 {
		text += fmt.Sprintf(", %s by a legal hold, until somebody lifts it", quantity.FormatCount(l.held))
	}
	if !l.last.IsZero() {
		text += ", the longest until " + l.last.UTC().Format(time.RFC3339)
	}
	if l.guessed {
		text += ", as far as the bucket's default tells"
	}
	return text + ": they stay, and the bucket with them"
}

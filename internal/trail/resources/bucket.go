package resources

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// bucket is the bucket that CloudTrail delivers to.
func (s *Set) bucket() []converge.Resource {
	if !s.Spec.CreatesBucket() {
		return []converge.Resource{s.existingBucket()}
	}
	b := s.storage("bucket", s.Names.Bucket)
	settings := []setting{b.tagging(), b.publicAccess(), b.ownership(), b.versioning(), b.encryption(s.wantedKey)}
	if lock := s.Spec.ObjectLock; lock != nil {
		settings = append(settings, b.objectLock(lock))
	}
	settings = append(settings,
		b.policy(s.Spec.BucketPolicy(s.Account.Place)),
		b.lifecycle(s.Spec.GlacierAfterDays),
	)
	if s.Spec.LogsAccess() {
		settings = append(settings, b.logging(s.Names.AccessLogBucket))
	}
	return []converge.Resource{b.resource(settings)}
}

// storage is a bucket that we create. Every call names the account that must own it, so
// that a bucket that somebody else created under our name and opened to us is never
// mistaken for ours.
type storage struct {
	*Set
	kind, name string
	client     *s3.Client
	owner      *string
	locked     bool // created with Object Lock
}

func (s *Set) storage(kind, name string) *storage {
	return &storage{
		Set: s, kind: kind, name: name, client: s.Account.S3, owner: &s.Account.Account,
		locked: name == s.Names.Bucket && s.Spec.ObjectLock != nil,
	}
}

// setting is a group of fields that one pair of S3 calls reads and writes.
type setting struct {
	fields []string // as those of converge.Part
	call   string
	want   func() converge.State
	read   func(ctx context.Context) (converge.State, error)
	write  func(ctx context.Context, now converge.Actual) error
}

func (b *storage) resource(settings []setting) converge.Resource {
	r := converge.Resource{
		Kind: b.kind, Name: b.name,
		Want: func() (converge.State, error) {
			want := converge.State{}
			for _, setting := range settings {
				maps.Copy(want, setting.want())
			}
			return want, nil
		},
		Read:   func(ctx context.Context) (converge.Actual, error) { return b.read(ctx, settings) },
		Create: b.create, Keep: b.keep, Takes: b.takes, Delete: b.delete, Retry: waitForBucket,
	}
	for _, setting := range settings {
		r.Parts = append(r.Parts, converge.Part{Fields: setting.fields, Call: setting.call, Write: setting.write})
	}
	return r
}

func (b *storage) read(ctx context.Context, settings []setting) (converge.Actual, error) {
	if exists, err := b.exists(ctx); err != nil || !exists {
		return converge.Actual{}, err
	}
	tags, err := b.readTags(ctx)
	if err != nil {
		return converge.Actual{}, err
	}
	now := b.found(tags, converge.State{})
	for _, setting := range settings {
		state, err := setting.read(ctx)
		if err != nil && !account.Missing(err) { // S3 answers that it is missing before it is first set
			return converge.Actual{}, err
		}
		maps.Copy(now.State, state)
	}
	if b.name == b.Names.Bucket {
		now.Note, err = b.outward(ctx)
	}
	return now, err
}

// create creates the bucket with its tags, which mark it as ours, with its ownership
// setting and with Object Lock. The last two could also be set later.
func (b *storage) create(ctx context.Context) error {
	in := &s3.CreateBucketInput{
		Bucket:                     &b.name,
		ObjectOwnership:            types.ObjectOwnershipBucketOwnerEnforced,
		ObjectLockEnabledForBucket: &b.locked,
		CreateBucketConfiguration:  &types.CreateBucketConfiguration{Tags: bucketTags(b.wantedTags())},
	}
	if b.Account.Region != "us-east-1" { // S3 refuses us-east-1 as a location
		in.CreateBucketConfiguration.LocationConstraint = types.BucketLocationConstraint(b.Account.Region)
	}
	_, err := b.client.CreateBucket(ctx, in)
	switch account.Code(err) {
	case "BucketAlreadyExists":
		return b.foreign()
	case "BucketAlreadyOwnedByYou":
		return nil // by an earlier attempt without an answer; its tags will confirm it
	}
	if err != nil {
		return err
	}
	return b.tagNew(ctx)
}

// tagNew is for S3 servers that ignore tags in CreateBucket.
func (b *storage) tagNew(ctx context.Context) error {
	tags, err := b.readTags(ctx)
	if err != nil || len(tags) > 0 {
		return err
	}
	return b.putTags(ctx, b.wantedTags())
}

func (b *storage) putTags(ctx context.Context, tags map[string]string) error {
	_, err := b.client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{
		Bucket: &b.name, ExpectedBucketOwner: b.owner, Tagging: &types.Tagging{TagSet: bucketTags(tags)},
	})
	return err
}

func (b *storage) tagging() setting {
	return setting{
		fields: []string{"tags"}, call: "s3:PutBucketTagging",
		want: func() converge.State { return converge.State{"tags": b.wantedTags()} },
		// storage.read reads them, to find out who owns the bucket.
		read: func(context.Context) (converge.State, error) { return nil, nil },
		write: func(ctx context.Context, now converge.Actual) error {
			tags, err := b.readTags(ctx)
			if err != nil {
				return err
			}
			maps.Copy(tags, b.tagsFor(now)) // PutBucketTagging replaces all tags, so other tags are kept here
			return b.putTags(ctx, tags)
		},
	}
}

func (b *storage) readTags(ctx context.Context) (map[string]string, error) {
	tags := map[string]string{}
	out, err := b.client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if err != nil && account.Code(err) != "NoSuchTagSet" {
		return nil, err
	}
	if err == nil {
		for _, tag := range out.TagSet {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return tags, nil
}

func bucketTags(tags map[string]string) (list []types.Tag) {
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	return list
}

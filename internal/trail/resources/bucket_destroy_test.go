package resources_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

func destroy(t *testing.T, set *resources.Set) *converge.Result {
	t.Helper()
	result, err := converge.Destroy(t.Context(), storage(set), deploytest.Options())
	if err != nil {
		t.Fatalf("destroy: %v\nbefore: %q", err, result.Done)
	}
	return result
}

// put writes a log file and returns its version.
func put(t *testing.T, set *resources.Set, key string) *string {
	t.Helper()
	out, err := set.Account.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &set.Names.Bucket, Key: &key, Body: strings.NewReader("log"), ContentMD5: aws.String("3B1xu7XE0qXpNtt57xDBnw==")})
	if err != nil {
		t.Fatal(err)
	}
	return out.VersionId
}

func gone(t *testing.T, set *resources.Set, bucket string) bool {
	t.Helper()
	_, err := set.Account.S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket})
	if err != nil && !account.Missing(err) {
		t.Fatal(err)
	}
	return err != nil
}

// TestDestroyBuckets takes away versions, markers and more than one call deletes.
func TestDestroyBuckets(t *testing.T) {
	spec := deploytest.Spec("gone")
	spec.AccessLogging, spec.ForceDestroy = "create", true
	set := deploytest.Open(t).Set(t, spec)
	apply(t, set)
	const logs = 1100
	for i := range logs {
		put(t, set, fmt.Sprintf("AWSLogs/%d", i))
	}
	put(t, set, "AWSLogs/0") // a second version
	key := "AWSLogs/1"
	if _, err := set.Account.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &set.Names.Bucket, Key: &key}); err != nil { // a marker
		t.Fatal(err)
	}
	var told []string
	set.Progress = func(done string) { told = append(told, done) }
	destroy(t, set)
	if !gone(t, set, set.Names.Bucket) || !gone(t, set, set.Names.AccessLogBucket) {
		t.Error("a bucket is still there")
	}
	if want := "deleted 1,102 versions from bucket " + set.Names.Bucket; len(told) < 2 || !slices.Contains(told, want) {
		t.Errorf("progress is %q", told)
	}
	if result := destroy(t, set); len(result.Done)+len(result.Stays) > 0 {
		t.Errorf("a second destroy did %q", result.Done)
	}
}

// TestDestroyLocked deletes what it may, and says until when the rest is locked.
func TestDestroyLocked(t *testing.T) {
	spec := deploytest.Spec("locked")
	spec.ObjectLock = &trail.ObjectLock{Mode: "GOVERNANCE", Days: 30}
	spec.KMS, spec.ForceDestroy = "create", true
	set := deploytest.Open(t).Set(t, spec)
	apply(t, set)
	key := "AWSLogs/locked"
	version := put(t, set, key)
	if _, err := set.Account.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &set.Names.Bucket, Key: &key}); err != nil { // a marker, which has no lock
		t.Fatal(err)
	}
	until := time.Now().Add(30 * 24 * time.Hour).UTC().Format(time.DateOnly)
	result := destroy(t, set)
	if len(result.Stays) != 2 || !strings.Contains(result.Stays[0], "a version in it is locked until "+until) ||
		!strings.Contains(result.Stays[1], "logs in bucket") {
		t.Errorf("what stays is %q, not until %s", result.Stays, until)
	}
	listed, err := set.Account.S3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &set.Names.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	if len(listed.Versions) != 1 || len(listed.DeleteMarkers) > 0 || *listed.Versions[0].VersionId != *version {
		t.Errorf("there remain %+v", listed.Versions)
	}
}

// TestDestroyEmpty needs no leave to delete a bucket without logs.
func TestDestroyEmpty(t *testing.T) {
	set := deploytest.Open(t).Set(t, deploytest.Spec("empty"))
	apply(t, set)
	destroy(t, set)
	if !gone(t, set, set.Names.Bucket) {
		t.Error("the bucket is still there")
	}
}

// TestBucketOfOthers leaves alone a bucket that has our name, until told to adopt it.
func TestBucketOfOthers(t *testing.T) {
	set := deploytest.Open(t).Set(t, deploytest.Spec("others"))
	in := &s3.CreateBucketInput{Bucket: &set.Names.Bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: deploytest.Region}}
	if _, err := set.Account.S3.CreateBucket(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	theirs := types.Tag{Key: aws.String("Owner"), Value: aws.String("them")}
	tagging := &s3.PutBucketTaggingInput{Bucket: &set.Names.Bucket, Tagging: &types.Tagging{TagSet: []types.Tag{theirs}}}
	if _, err := set.Account.S3.PutBucketTagging(t.Context(), tagging); err != nil {
		t.Fatal(err)
	}
	if todo := changes(t, set); len(todo) != 1 || todo[0].Action != converge.Refused {
		t.Fatalf("plan has %+v", todo)
	}
	if result := destroy(t, set); len(result.Stays) != 1 {
		t.Errorf("what stays is %q", result.Stays)
	}
	options := deploytest.Options()
	options.Adopt = true
	if _, err := converge.Apply(t.Context(), storage(set), options); err != nil {
		t.Fatal(err)
	}
	out, err := set.Account.S3.GetBucketTagging(t.Context(), &s3.GetBucketTaggingInput{Bucket: &set.Names.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.TagSet) != 2 || !slices.ContainsFunc(out.TagSet, func(tag types.Tag) bool { return *tag.Key == *theirs.Key && *tag.Value == *theirs.Value }) {
		t.Errorf("tags are %+v", out.TagSet)
	}
}

// TestStorageAppliedTwice writes nothing.
func TestStorageAppliedTwice(t *testing.T) {
	box := deploytest.Open(t)
	set := box.Set(t, hardened("twice"))
	apply(t, set)
	recorded := box.Recorded(t)
	apply(t, set)
	events := recorded()
	if len(events) == 0 {
		t.Fatal("nothing was even read")
	}
	for _, event := range events {
		if !event.ReadOnly {
			t.Errorf("the second apply called %s", event.Call())
		}
	}
}

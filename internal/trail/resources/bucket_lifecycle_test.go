package resources_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

func lifecycleDrifts() []drift {
	return []drift{
		{name: "no lifecycle", field: "lifecycle", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.DeleteBucketLifecycle(t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: &set.Names.Bucket})
			return err
		}},
		{name: "logs expire tomorrow", field: "lifecycle.retention.expiration_days", change: rules(func(c *cycle) { c.retention.Expiration.Days = aws.Int32(91) })},
		{name: "versions stay", field: "lifecycle.retention.noncurrent_days", change: rules(func(c *cycle) { c.retention.NoncurrentVersionExpiration.NoncurrentDays = aws.Int32(1) })},
		{name: "some versions stay", field: "lifecycle.retention.noncurrent_kept", change: rules(func(c *cycle) { c.retention.NoncurrentVersionExpiration.NewerNoncurrentVersions = aws.Int32(5) })},
		{name: "uploads stay", field: "lifecycle.retention.abort_uploads_days", change: rules(func(c *cycle) { c.retention.AbortIncompleteMultipartUpload = nil })},
		{name: "to Glacier sooner", field: "lifecycle.retention.glacier_days", change: rules(func(c *cycle) { c.retention.Transitions[0].Days = aws.Int32(1) })},
		{name: "elsewhere", field: "lifecycle.retention", change: rules(func(c *cycle) { c.retention.Transitions[0].StorageClass = "DEEP_ARCHIVE" })},
		{name: "rule off", field: "lifecycle.retention.status", change: rules(func(c *cycle) { c.retention.Status = "Disabled" })},
		{name: "some logs only", field: "lifecycle.retention.only", change: rules(func(c *cycle) { c.retention.Filter = &types.LifecycleRuleFilter{Prefix: aws.String("AWSLogs/1")} })},
		{name: "large logs only", field: "lifecycle.retention.only", change: rules(func(c *cycle) {
			c.retention.Filter = &types.LifecycleRuleFilter{ObjectSizeGreaterThan: aws.Int64(1)}
		})},
		{name: "markers stay", field: "lifecycle.delete-markers", change: rules(func(c *cycle) { c.markers = nil })},
		{name: "one rule more", field: "lifecycle.evil", change: rules(func(c *cycle) {
			c.more = []types.LifecycleRule{{
				ID: aws.String("evil"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
				Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)},
			}}
		})},
		{name: "small logs to Glacier", field: "lifecycle.minimum_size_to_move", change: rules(func(c *cycle) { c.size = "varies_by_storage_class" })},
	}
}

// cycle is a lifecycle to be changed.
type cycle struct {
	retention types.LifecycleRule
	markers   *types.LifecycleRule
	more      []types.LifecycleRule
	size      types.TransitionDefaultMinimumObjectSize
}

// rules puts a lifecycle that differs from the wanted one.
func rules(change func(*cycle)) func(t *testing.T, set *resources.Set) error {
	return func(t *testing.T, set *resources.Set) error {
		out, err := set.Account.S3.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: &set.Names.Bucket})
		if err != nil {
			return err
		}
		c := &cycle{retention: out.Rules[0], markers: &out.Rules[1]}
		change(c)
		all := []types.LifecycleRule{c.retention}
		if c.markers != nil {
			all = append(all, *c.markers)
		}
		_, err = set.Account.S3.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{
			Bucket: &set.Names.Bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: append(all, c.more...)},
			TransitionDefaultMinimumObjectSize: c.size,
		})
		return err
	}
}

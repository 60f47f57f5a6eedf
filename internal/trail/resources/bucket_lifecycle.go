package resources

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// minimumSize keeps objects below 128 KB out of Glacier, where they would cost more.
const minimumSize = types.TransitionDefaultMinimumObjectSizeAllStorageClasses128k

// lifecycle deletes old logs, and moves them to Glacier if days are above zero. In a
// bucket with versions, expiration only adds a delete marker; two more rules delete the
// noncurrent versions and then the marker.
func (b *storage) lifecycle(glacierAfterDays int) setting {
	rules := b.lifecycleRules(glacierAfterDays)
	return setting{
		fields: []string{"lifecycle."}, call: "s3:PutBucketLifecycleConfiguration",
		want: func() converge.State { return lifecycleState(rules, minimumSize) },
		read: func(ctx context.Context) (converge.State, error) {
			out, err := b.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner,
			})
			if err != nil {
				return nil, err
			}
			return lifecycleState(out.Rules, cmp.Or(out.TransitionDefaultMinimumObjectSize, minimumSize)), nil
		},
		write: func(ctx context.Context, _ converge.Actual) error {
			_, err := b.client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner,
				LifecycleConfiguration:             &types.BucketLifecycleConfiguration{Rules: rules},
				TransitionDefaultMinimumObjectSize: minimumSize,
			})
			return err
		},
	}
}

func (b *storage) lifecycleRules(glacierAfterDays int) []types.LifecycleRule {
	everything := &types.LifecycleRuleFilter{Prefix: aws.String("")}
	retention := types.LifecycleRule{
		ID: aws.String("retention"), Status: types.ExpirationStatusEnabled, Filter: everything,
		Expiration:                     &types.LifecycleExpiration{Days: aws.Int32(int32(b.Spec.RetentionDays))},
		NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(int32(b.Spec.NoncurrentDays()))},
		AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(trail.AbortUploadsAfterDays)},
	}
	if glacierAfterDays > 0 {
		retention.Transitions = []types.Transition{{
			Days: aws.Int32(int32(glacierAfterDays)), StorageClass: types.TransitionStorageClassGlacier,
		}}
	}
	return []types.LifecycleRule{retention, {
		ID: aws.String("delete-markers"), Status: types.ExpirationStatusEnabled, Filter: everything,
		Expiration: &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)},
	}}
}

// lifecycleState lists every field of each rule, so that extra fields are seen as
// differences.
func lifecycleState(rules []types.LifecycleRule, size types.TransitionDefaultMinimumObjectSize) converge.State {
	state := converge.State{"lifecycle.minimum_size_to_move": string(size)}
	for _, rule := range rules {
		prefix := "lifecycle." + aws.ToString(rule.ID) + "."
		state[prefix+"status"] = string(rule.Status)
		put := func(field string, days *int32, date *time.Time) {
			if days != nil {
				state[prefix+field+"_days"] = int(*days)
			}
			if date != nil {
				state[prefix+field+"_date"] = date.UTC().Format(time.DateOnly)
			}
		}
		if expiration := rule.Expiration; expiration != nil {
			put("expiration", expiration.Days, expiration.Date)
			if aws.ToBool(expiration.ExpiredObjectDeleteMarker) {
				state[prefix+"expired_delete_markers"] = true
			}
		}
		if expiration := rule.NoncurrentVersionExpiration; expiration != nil {
			put("noncurrent", expiration.NoncurrentDays, nil)
			if expiration.NewerNoncurrentVersions != nil {
				state[prefix+"noncurrent_kept"] = int(*expiration.NewerNoncurrentVersions)
			}
		}
		if abort := rule.AbortIncompleteMultipartUpload; abort != nil {
			put("abort_uploads", abort.DaysAfterInitiation, nil)
		}
		for _, move := range rule.Transitions {
			put(strings.ToLower(string(move.StorageClass)), move.Days, move.Date)
		}
		for _, move := range rule.NoncurrentVersionTransitions {
			put("noncurrent_"+strings.ToLower(string(move.StorageClass)), move.NoncurrentDays, nil)
		}
		if filter := filterText(rule); filter != "" {
			state[prefix+"only"] = filter
		}
	}
	return state
}

// filterText describes the objects that a rule applies to; "" means all. S3 returns a
// filter for all in several forms.
func filterText(rule types.LifecycleRule) string {
	filter := types.LifecycleRuleFilter{}
	if rule.Filter != nil {
		filter = *rule.Filter
	}
	all := filter.And
	if all == nil {
		all = &types.LifecycleRuleAndOperator{
			Prefix: filter.Prefix, ObjectSizeGreaterThan: filter.ObjectSizeGreaterThan, ObjectSizeLessThan: filter.ObjectSizeLessThan,
		}
		if filter.Tag != nil {
			all.Tags = []types.Tag{*filter.Tag}
		}
	}
	var only []string
	prefix := cmp.Or(all.Prefix, rule.Prefix) //nolint:staticcheck // SA1019: old rules have it there
	if aws.ToString(prefix) != "" {
		only = append(only, "prefix "+*prefix)
	}
	for _, tag := range all.Tags {
		only = append(only, "tag "+aws.ToString(tag.Key)+"="+aws.ToString(tag.Value))
	}
	if all.ObjectSizeGreaterThan != nil {
		only = append(only, fmt.Sprintf("size above %d", *all.ObjectSizeGreaterThan))
	}
	if all.ObjectSizeLessThan != nil {
		only = append(only, fmt.Sprintf("size below %d", *all.ObjectSizeLessThan))
	}
	return strings.Join(only, ", ")
}

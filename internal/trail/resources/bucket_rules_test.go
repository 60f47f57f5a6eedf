package resources

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// TestLifecycleState shows everything that a rule can say.
func TestLifecycleState(t *testing.T) {
	got := lifecycleState([]types.LifecycleRule{{
		ID: aws.String("r"), Status: types.ExpirationStatusDisabled,
		Expiration:                   &types.LifecycleExpiration{Date: aws.Time(time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)), ExpiredObjectDeleteMarker: aws.Bool(true)},
		NoncurrentVersionExpiration:  &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1), NewerNoncurrentVersions: aws.Int32(2)},
		NoncurrentVersionTransitions: []types.NoncurrentVersionTransition{{NoncurrentDays: aws.Int32(3), StorageClass: types.TransitionStorageClassGlacier}},
		Transitions: []types.Transition{
			{Days: aws.Int32(0), StorageClass: types.TransitionStorageClassStandardIa},
			{Date: aws.Time(time.Date(2027, 1, 3, 0, 0, 0, 0, time.UTC)), StorageClass: types.TransitionStorageClassGlacierIr},
		},
		AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(4)},
	}}, minimumSize)
	want := converge.State{
		"lifecycle.minimum_size_to_move": "all_storage_classes_128K", "lifecycle.r.status": "Disabled",
		"lifecycle.r.expiration_date": "2027-01-02", "lifecycle.r.expired_delete_markers": true,
		"lifecycle.r.noncurrent_days": 1, "lifecycle.r.noncurrent_kept": 2, "lifecycle.r.noncurrent_glacier_days": 3,
		"lifecycle.r.standard_ia_days": 0, "lifecycle.r.glacier_ir_date": "2027-01-03", "lifecycle.r.abort_uploads_days": 4,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFilterText(t *testing.T) {
	tag := &types.Tag{Key: aws.String("k"), Value: aws.String("v")}
	for _, test := range []struct {
		rule types.LifecycleRule
		want string
	}{
		{types.LifecycleRule{}, ""},
		{types.LifecycleRule{Prefix: aws.String("")}, ""}, //nolint:staticcheck // SA1019: as S3 may answer
		{types.LifecycleRule{Filter: &types.LifecycleRuleFilter{}}, ""},
		{types.LifecycleRule{Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}}, ""},
		{types.LifecycleRule{Prefix: aws.String("a/")}, `prefix a/`}, //nolint:staticcheck // SA1019: as S3 may answer
		{types.LifecycleRule{Filter: &types.LifecycleRuleFilter{Prefix: aws.String("a/")}}, `prefix a/`},
		{types.LifecycleRule{Filter: &types.LifecycleRuleFilter{Tag: tag}}, `tag k=v`},
		{types.LifecycleRule{Filter: &types.LifecycleRuleFilter{ObjectSizeLessThan: aws.Int64(2)}}, `size below 2`},
		{types.LifecycleRule{Filter: &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{
			Prefix: aws.String("a/"), Tags: []types.Tag{*tag}, ObjectSizeGreaterThan: aws.Int64(1), ObjectSizeLessThan: aws.Int64(2),
		}}}, `prefix a/, tag k=v, size above 1, size below 2`},
	} {
		if got := filterText(test.rule); got != test.want {
			t.Errorf("the filter of %+v is %q, not %q", test.rule, got, test.want)
		}
	}
}

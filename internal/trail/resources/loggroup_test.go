package resources

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

const (
	oneKey     = "arn:aws:kms:eu-west-2:123456789012:key/11111111-1111-1111-1111-111111111111"
	anotherKey = "arn:aws:kms:eu-west-2:123456789012:key/22222222-2222-2222-2222-222222222222"
)

func TestLogGroup(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(func(spec *trail.Spec) { spec.KMS = oneKey })
	group, api := &s.Names.LogGroup, b.Logs
	untag := func(key string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := api.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &s.Names.LogGroupARN, TagKeys: []string{key}})
			return err
		}
	}
	// Names that begin with ours come before it or after it.
	for _, other := range []string{*group + "-other", "/aws/cloudtrail"} {
		if _, err := api.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &other}); err != nil {
			t.Fatal(err)
		}
	}

	mends(t, s.logGroup(), []drift{
		{"retention shortened", func(ctx context.Context) error {
			_, err := api.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: group, RetentionInDays: aws.Int32(1)})
			return err
		}, []string{"retention_days"}},
		{"never expires", func(ctx context.Context) error {
			_, err := api.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: group})
			return err
		}, []string{"retention_days"}},
		{"key taken off", func(ctx context.Context) error {
			_, err := api.DisassociateKmsKey(ctx, &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: group})
			return err
		}, []string{"kms_key"}},
		{"another key", func(ctx context.Context) error {
			_, err := api.AssociateKmsKey(ctx, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: group, KmsKeyId: aws.String(anotherKey)})
			return err
		}, []string{"kms_key"}},
		{"protected", func(ctx context.Context) error { return trailLogGroup{s}.setProtection(ctx, true) }, []string{"deletion_protection"}},
		{"tags", untag("team"), []string{"tags"}},
		{"deleted", func(ctx context.Context) error { return trailLogGroup{s}.delete(ctx) },
			[]string{"class", "deletion_protection", "kms_key", "retention_days", "tags"}},
	})

	t.Run("for ever", func(t *testing.T) {
		mustApply(t, b.set(func(spec *trail.Spec) { spec.LogGroupRetentionDays = aws.Int(0) }).logGroup())
	})

	t.Run("protection", func(t *testing.T) {
		protected := b.set(func(spec *trail.Spec) { spec.LogGroupDeletionProtection = true })
		mustApply(t, protected.logGroup())
		if _, err := converge.Destroy(t.Context(), protected.logGroup(), hurried()); err != nil {
			t.Fatal(err)
		}
		if found, err := (trailLogGroup{s}).find(t.Context()); err != nil || found == nil || !*found.DeletionProtectionEnabled {
			t.Errorf("after Destroy with protection: %v, %v; want it there and protected", found, err)
		}
		if _, err := converge.Destroy(t.Context(), s.logGroup(), hurried()); err != nil {
			t.Fatal(err)
		}
		if found, err := (trailLogGroup{s}).find(t.Context()); err != nil || found != nil {
			t.Errorf("after Destroy without protection: %v, %v; want nothing", found, err)
		}
	})

	t.Run("class", func(t *testing.T) {
		_, err := api.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{
			LogGroupName: group, LogGroupClass: types.LogGroupClassInfrequentAccess, Tags: s.wantedTags(),
		})
		if err != nil {
			t.Fatal(err)
		}
		refuses(t, s.logGroup(), "class")
	})

	t.Run("not ours", func(t *testing.T) {
		if err := untag(trail.OwnerTag)(t.Context()); err != nil {
			t.Fatal(err)
		}
		refuses(t, s.logGroup(), "")
	})
}

func TestWaitForLogGroup(t *testing.T) {
	for _, test := range []struct {
		code, message string
		waits         bool
	}{
		{"InvalidParameterException", "The specified KMS Key Id could not be found.", true},
		{"InvalidParameterException", "The specified KMS key does not exist or is not allowed to be used with LogGroup", true},
		{"InvalidParameterException", "1 validation error detected", false},
		{"AccessDeniedException", "kms:DescribeKey", false},
	} {
		err := errors.Join(&smithy.GenericAPIError{Code: test.code, Message: test.message})
		if got := waitForLogGroup(err) != ""; got != test.waits {
			t.Errorf("%s %q: waits %t, want %t", test.code, test.message, got, test.waits)
		}
	}
}

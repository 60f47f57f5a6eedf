package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// objectLock locks objects written from now on. It cannot be removed from a bucket;
// mode and days can be changed.
func (b *storage) objectLock(lock *trail.ObjectLock) setting {
	return setting{
		fields: []string{"object_lock."}, call: "s3:PutObjectLockConfiguration",
		want: func() converge.State {
			return converge.State{"object_lock.enabled": true, "object_lock.mode": lock.Mode, "object_lock.days": lock.Days}
		},
		read: func(ctx context.Context) (converge.State, error) {
			out, err := b.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
			if err != nil {
				return nil, err
			}
			found := out.ObjectLockConfiguration
			state := converge.State{"object_lock.enabled": found.ObjectLockEnabled == types.ObjectLockEnabledEnabled}
			if found.Rule != nil && found.Rule.DefaultRetention != nil {
				retention := found.Rule.DefaultRetention
				state["object_lock.mode"] = string(retention.Mode)
				state["object_lock.days"] = int(aws.ToInt32(retention.Days) + 365*aws.ToInt32(retention.Years))
			}
			return state, nil
		},
		write: func(ctx context.Context, _ converge.Actual) error {
			_, err := b.client.PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner,
				ObjectLockConfiguration: &types.ObjectLockConfiguration{
					ObjectLockEnabled: types.ObjectLockEnabledEnabled,
					Rule: &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{
						Mode: types.ObjectLockRetentionMode(lock.Mode), Days: aws.Int32(int32(lock.Days)),
					}},
				},
			})
			return err
		},
	}
}

// logging sends the access log of the bucket to another bucket, below this one's name.
func (b *storage) logging(target string) setting {
	prefix := b.name + "/"
	return setting{
		fields: []string{"access_log."}, call: "s3:PutBucketLogging",
		want: func() converge.State {
			return converge.State{"access_log.bucket": target, "access_log.prefix": prefix}
		},
		read: func(ctx context.Context) (converge.State, error) {
			out, err := b.client.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
			if err != nil || out.LoggingEnabled == nil {
				return nil, err
			}
			return converge.State{
				"access_log.bucket": aws.ToString(out.LoggingEnabled.TargetBucket),
				"access_log.prefix": aws.ToString(out.LoggingEnabled.TargetPrefix),
			}, nil
		},
		write: func(ctx context.Context, _ converge.Actual) error {
			_, err := b.client.PutBucketLogging(ctx, &s3.PutBucketLoggingInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner,
				BucketLoggingStatus: &types.BucketLoggingStatus{
					LoggingEnabled: &types.LoggingEnabled{TargetBucket: &target, TargetPrefix: &prefix},
				},
			})
			return err
		},
	}
}

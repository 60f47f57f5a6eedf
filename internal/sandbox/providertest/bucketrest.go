package providertest

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// aws_s3_bucket_object_lock_configuration: delete is a Put without a rule, after
// which there still is a configuration
func objectLock(p *provider) resource {
	put := func(days int32) error {
		lock := &types.ObjectLockConfiguration{ObjectLockEnabled: types.ObjectLockEnabledEnabled}
		if days > 0 {
			lock.Rule = &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Days: &days, Mode: types.ObjectLockRetentionModeGovernance}}
		}
		_, err := p.s3.PutObjectLockConfiguration(p.ctx, &s3.PutObjectLockConfigurationInput{
			Bucket: aws.String(bucketName), ObjectLockConfiguration: lock,
		})
		return err
	}
	return p.found(resource{
		kind:   "aws_s3_bucket_object_lock_configuration",
		create: func() error { return put(7) },
		read: func() (state, error) {
			out, err := p.s3.GetObjectLockConfiguration(p.ctx, &s3.GetObjectLockConfigurationInput{Bucket: aws.String(bucketName)})
			if err != nil {
				return nil, goneIf(err, "NoSuchBucket", "ObjectLockConfigurationNotFoundError")
			}
			read := state{"object_lock_enabled": string(out.ObjectLockConfiguration.ObjectLockEnabled)}
			if rule := out.ObjectLockConfiguration.Rule; rule != nil {
				read["days"], read["mode"] = aws.ToInt32(rule.DefaultRetention.Days), string(rule.DefaultRetention.Mode)
				read["years"] = aws.ToInt32(rule.DefaultRetention.Years)
			}
			return read, nil
		},
		want:    state{"object_lock_enabled": "Enabled", "days": int32(7), "mode": "GOVERNANCE", "years": int32(0)},
		update:  func() error { return put(14) },
		change:  state{"days": int32(14)},
		remove:  func() error { return ignore(put(0), "NoSuchBucket", "ObjectLockConfigurationNotFoundError") },
		remains: true,
	})
}

// aws_s3_bucket_logging: delete is a Put of an empty status, after which the Get
// has no LoggingEnabled, which is gone
func logging(p *provider) resource {
	put := func(status types.BucketLoggingStatus) error {
		_, err := p.s3.PutBucketLogging(p.ctx, &s3.PutBucketLoggingInput{Bucket: aws.String(bucketName), BucketLoggingStatus: &status})
		return err
	}
	to := func(prefix string) error {
		return put(types.BucketLoggingStatus{LoggingEnabled: &types.LoggingEnabled{
			TargetBucket: aws.String(accessLogsName), TargetPrefix: &prefix,
		}})
	}
	r := p.found(resource{
		kind:   "aws_s3_bucket_logging",
		create: func() error { return to("log/") },
		read: func() (state, error) {
			out, err := p.s3.GetBucketLogging(p.ctx, &s3.GetBucketLoggingInput{Bucket: aws.String(bucketName)})
			if err != nil {
				return nil, goneIf(err, "NoSuchBucket")
			}
			if out.LoggingEnabled == nil {
				return nil, errGone
			}
			return state{
				"target_bucket": *out.LoggingEnabled.TargetBucket, "target_prefix": aws.ToString(out.LoggingEnabled.TargetPrefix),
				"target_grant": len(out.LoggingEnabled.TargetGrants),
			}, nil
		},
		want:   state{"target_bucket": accessLogsName, "target_prefix": "log/", "target_grant": 0},
		update: func() error { return to("access/") },
		change: state{"target_prefix": "access/"},
		remove: func() error { return ignore(put(types.BucketLoggingStatus{}), "NoSuchBucket") },
	})
	return p.letLogsIn(r)
}

// letLogsIn has the second bucket accept access logs first, by a policy and an ACL
// group, of which endpoints ask for one or the other.
func (p *provider) letLogsIn(r resource) resource {
	create := r.create
	r.create = func() error {
		_, err := p.s3.PutBucketOwnershipControls(p.ctx, &s3.PutBucketOwnershipControlsInput{
			Bucket: aws.String(accessLogsName),
			OwnershipControls: &types.OwnershipControls{
				Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerPreferred}},
			},
		})
		if err != nil {
			return err
		}
		policy := statement(`{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::BUCKET/*"}`,
			"BUCKET", accessLogsName)
		if _, err := p.s3.PutBucketPolicy(p.ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(accessLogsName), Policy: &policy}); err != nil {
			return err
		}
		return create()
	}
	return r
}

// aws_s3_bucket_policy: Put again while MalformedPolicy, for principals that are
// not known yet; delete: DeleteBucketPolicy, Get until NoSuchBucketPolicy
func bucketPolicy(p *provider) resource {
	text := statement(`{"Sid":"AWSCloudTrailAclCheck20150319","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl",
		 "Resource":"BUCKET","Condition":{"StringEquals":{"aws:SourceArn":"TRAIL"}}},
		{"Sid":"AWSCloudTrailWrite20150319","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject",
		 "Resource":"BUCKET/AWSLogs/ACCOUNT/*","Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceArn":"TRAIL"}}},
		{"Sid":"DenyInsecureTransport","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["BUCKET","BUCKET/*"],
		 "Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
		"BUCKET", p.bucketARN(), "TRAIL", p.trailARN(), "ACCOUNT", p.account)
	read := func() (state, error) {
		out, err := p.s3.GetBucketPolicy(p.ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(bucketName)})
		if err != nil {
			return nil, goneIf(err, "NoSuchBucket", "NoSuchBucketPolicy")
		}
		return state{"policy": document(*out.Policy)}, nil
	}
	return p.found(resource{
		kind: "aws_s3_bucket_policy",
		create: func() error {
			_, err := p.s3.PutBucketPolicy(p.ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucketName), Policy: &text})
			return err
		},
		read: read,
		want: state{"policy": document(text)},
		remove: func() error {
			_, err := p.s3.DeleteBucketPolicy(p.ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String(bucketName)})
			if err != nil {
				return ignore(err, "NoSuchBucket")
			}
			return p.untilGone("the bucket policy", read)
		},
	})
}

// aws_s3_bucket_notification: delete is a Put of nothing
func notification(p *provider) resource {
	put := func(n types.NotificationConfiguration) error {
		_, err := p.s3.PutBucketNotificationConfiguration(p.ctx, &s3.PutBucketNotificationConfigurationInput{
			Bucket: aws.String(bucketName), NotificationConfiguration: &n,
		})
		return err
	}
	queue := p.arn("sqs", region, queueName)
	return p.found(resource{
		kind: "aws_s3_bucket_notification",
		create: func() error {
			return put(types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{{
				Id: aws.String("tf-s3-queue-1"), QueueArn: &queue, Events: []types.Event{"s3:ObjectCreated:*"},
				Filter: &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: []types.FilterRule{
					{Name: types.FilterRuleNamePrefix, Value: aws.String("AWSLogs/")},
				}}},
			}}})
		},
		read: func() (state, error) {
			out, err := p.s3.GetBucketNotificationConfiguration(p.ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String(bucketName)})
			if err != nil {
				return nil, goneIf(err, "NoSuchBucket")
			}
			read := state{"eventbridge": out.EventBridgeConfiguration != nil, "topic": len(out.TopicConfigurations)}
			for _, q := range out.QueueConfigurations {
				read["queue_arn"], read["id"], read["events"] = *q.QueueArn, *q.Id, q.Events
				if q.Filter != nil && len(q.Filter.Key.FilterRules) == 1 {
					read["filter_prefix"] = *q.Filter.Key.FilterRules[0].Value
				}
			}
			return read, nil
		},
		want: state{
			"queue_arn": queue, "id": "tf-s3-queue-1", "events": []types.Event{"s3:ObjectCreated:*"}, "filter_prefix": "AWSLogs/",
			"eventbridge": false, "topic": 0,
		},
		remove:  func() error { return ignore(put(types.NotificationConfiguration{}), "NoSuchBucket") },
		remains: true,
	})
}

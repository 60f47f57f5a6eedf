package providertest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Each part of a bucket is created and updated with its Put, again while
// NoSuchBucket, then read until found, read with its Get and deleted with its
// Delete, if there is one.

// found waits, as the provider does after a Put, until a read finds the part.
func (p *provider) found(r resource) resource {
	put := r.create
	r.create = func() error {
		if err := p.retry(r.kind, put, func(err error) bool { return code(err) == "NoSuchBucket" }); err != nil {
			return err
		}
		return p.until(r.kind, 1, func() (bool, error) {
			_, err := r.read()
			return err == nil, ignoreGone(err)
		})
	}
	return r
}

// aws_s3_bucket_ownership_controls
func ownershipControls(p *provider) resource {
	put := func(ownership types.ObjectOwnership) error {
		_, err := p.s3.PutBucketOwnershipControls(p.ctx, &s3.PutBucketOwnershipControlsInput{
			Bucket:            aws.String(bucketName),
			OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: ownership}}},
		})
		return err
	}
	return p.found(resource{
		kind:   "aws_s3_bucket_ownership_controls",
		create: func() error { return put(types.ObjectOwnershipBucketOwnerPreferred) },
		read: func() (state, error) {
			out, err := p.s3.GetBucketOwnershipControls(p.ctx, &s3.GetBucketOwnershipControlsInput{Bucket: aws.String(bucketName)})
			if err != nil {
				return nil, goneIf(err, "NoSuchBucket", "OwnershipControlsNotFoundError")
			}
			return state{"object_ownership": string(out.OwnershipControls.Rules[0].ObjectOwnership)}, nil
		},
		want:   state{"object_ownership": "BucketOwnerPreferred"},
		update: func() error { return put(types.ObjectOwnershipBucketOwnerEnforced) },
		change: state{"object_ownership": "BucketOwnerEnforced"},
		remove: func() error {
			_, err := p.s3.DeleteBucketOwnershipControls(p.ctx, &s3.DeleteBucketOwnershipControlsInput{Bucket: aws.String(bucketName)})
			return ignore(err, "NoSuchBucket", "OwnershipControlsNotFoundError")
		},
	})
}

// aws_s3_bucket_public_access_block
func publicAccessBlock(p *provider) resource {
	return p.found(resource{
		kind: "aws_s3_bucket_public_access_block",
		create: func() error {
			_, err := p.s3.PutPublicAccessBlock(p.ctx, &s3.PutPublicAccessBlockInput{
				Bucket: aws.String(bucketName),
				PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
					BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true),
					IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
				},
			})
			return err
		},
		read: func() (state, error) {
			out, err := p.s3.GetPublicAccessBlock(p.ctx, &s3.GetPublicAccessBlockInput{Bucket: aws.String(bucketName)})
			if err != nil {
				return nil, goneIf(err, "NoSuchBucket", "NoSuchPublicAccessBlockConfiguration")
			}
			block := out.PublicAccessBlockConfiguration
			return state{
				"block_public_acls": *block.BlockPublicAcls, "block_public_policy": *block.BlockPublicPolicy,
				"ignore_public_acls": *block.IgnorePublicAcls, "restrict_public_buckets": *block.RestrictPublicBuckets,
			}, nil
		},
		want: state{"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true},
		remove: func() error {
			_, err := p.s3.DeletePublicAccessBlock(p.ctx, &s3.DeletePublicAccessBlockInput{Bucket: aws.String(bucketName)})
			return ignore(err, "NoSuchBucket", "NoSuchPublicAccessBlockConfiguration")
		},
	})
}

// aws_s3_bucket_versioning: read until the status is one of those there are, 3
// times; delete: PutBucketVersioning Suspended, which an Object Lock forbids
func versioning(p *provider) resource {
	put := func(status types.BucketVersioningStatus) error {
		_, err := p.s3.PutBucketVersioning(p.ctx, &s3.PutBucketVersioningInput{
			Bucket: aws.String(bucketName), VersioningConfiguration: &types.VersioningConfiguration{Status: status},
		})
		return err
	}
	return p.found(resource{
		kind:   "aws_s3_bucket_versioning",
		create: func() error { return put(types.BucketVersioningStatusEnabled) },
		read: func() (state, error) {
			var out *s3.GetBucketVersioningOutput
			err := p.until("the versioning status", 3, func() (ok bool, err error) {
				out, err = p.s3.GetBucketVersioning(p.ctx, &s3.GetBucketVersioningInput{Bucket: aws.String(bucketName)})
				return err == nil, goneIf(err, "NoSuchBucket")
			})
			if err != nil {
				return nil, err
			}
			return state{"status": string(out.Status), "mfa_delete": string(out.MFADelete)}, nil
		},
		want: state{"status": "Enabled"},
		remove: func() error {
			return ignore(put(types.BucketVersioningStatusSuspended), "NoSuchBucket", "InvalidBucketState")
		},
		remains: true,
	})
}

// aws_s3_bucket_server_side_encryption_configuration: Put also again while
// OperationAborted
func encryption(p *provider) resource {
	put := func(rule types.ServerSideEncryptionRule) error {
		_, err := p.s3.PutBucketEncryption(p.ctx, &s3.PutBucketEncryptionInput{
			Bucket:                            aws.String(bucketName),
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{rule}},
		})
		return err
	}
	return p.found(resource{
		kind: "aws_s3_bucket_server_side_encryption_configuration",
		create: func() error {
			return put(types.ServerSideEncryptionRule{
				ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256},
				BucketKeyEnabled:                   aws.Bool(false),
			})
		},
		read: func() (state, error) {
			out, err := p.s3.GetBucketEncryption(p.ctx, &s3.GetBucketEncryptionInput{Bucket: aws.String(bucketName)})
			if err != nil {
				return nil, goneIf(err, "NoSuchBucket", "ServerSideEncryptionConfigurationNotFoundError")
			}
			rule := out.ServerSideEncryptionConfiguration.Rules[0]
			return state{
				"sse_algorithm":      string(rule.ApplyServerSideEncryptionByDefault.SSEAlgorithm),
				"kms_master_key_id":  aws.ToString(rule.ApplyServerSideEncryptionByDefault.KMSMasterKeyID),
				"bucket_key_enabled": aws.ToBool(rule.BucketKeyEnabled),
			}, nil
		},
		want: state{"sse_algorithm": "AES256", "kms_master_key_id": "", "bucket_key_enabled": false},
		update: func() error {
			return put(types.ServerSideEncryptionRule{
				ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
					SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &p.keyARN,
				},
				BucketKeyEnabled: aws.Bool(true),
			})
		},
		change: state{"sse_algorithm": "aws:kms", "kms_master_key_id": p.keyARN, "bucket_key_enabled": true},
		remove: func() error {
			_, err := p.s3.DeleteBucketEncryption(p.ctx, &s3.DeleteBucketEncryptionInput{Bucket: aws.String(bucketName)})
			return ignore(err, "NoSuchBucket", "ServerSideEncryptionConfigurationNotFoundError")
		},
		remains: true, // AWS goes back to AES256, other endpoints to none
	})
}

// aws_s3_bucket_lifecycle_configuration
// create, update: Put, then Get until rules and TransitionDefaultMinimumObjectSize
// are deeply equal to what was sent, 10 times; 5.30: 3 times, rules only
// read: Get until two after each other are equal; delete: DeleteBucketLifecycle,
// Get until NoSuchLifecycleConfiguration
func lifecycle(p *provider) resource {
	rules := lifecycleRules(90)
	changed := lifecycleRules(120)
	return resource{
		kind: "aws_s3_bucket_lifecycle_configuration",
		create: func() error {
			return p.putLifecycle(rules, types.TransitionDefaultMinimumObjectSizeAllStorageClasses128k)
		},
		read: p.readLifecycle,
		want: state{"rule": ruleSet(rules), "transition_default_minimum_object_size": "all_storage_classes_128K"},
		update: func() error {
			return p.putLifecycle(changed, types.TransitionDefaultMinimumObjectSizeVariesByStorageClass)
		},
		change: state{"rule": ruleSet(changed), "transition_default_minimum_object_size": "varies_by_storage_class"},
		remove: func() error {
			_, err := p.s3.DeleteBucketLifecycle(p.ctx, &s3.DeleteBucketLifecycleInput{Bucket: aws.String(bucketName)})
			if err != nil {
				return ignore(err, "NoSuchBucket", "NoSuchLifecycleConfiguration")
			}
			return p.untilGone("the lifecycle", p.readLifecycle)
		},
	}
}

// lifecycleRules is what the provider sends for a trail's bucket: a filter {} is
// an empty filter with an empty prefix.
func lifecycleRules(days int32) []types.LifecycleRule {
	return []types.LifecycleRule{
		{
			ID: aws.String("expire"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
			Expiration:                  &types.LifecycleExpiration{Days: aws.Int32(days)},
			NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1)},
			Transitions:                 []types.Transition{{Days: aws.Int32(30), StorageClass: types.TransitionStorageClassStandardIa}},
		},
		{
			ID: aws.String("tidy"), Status: types.ExpirationStatusEnabled,
			Filter: &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{
				Prefix: aws.String("AWSLogs/"), ObjectSizeGreaterThan: aws.Int64(500),
			}},
			Expiration:                     &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)},
			AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
			NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(days), NewerNoncurrentVersions: aws.Int32(2)},
		},
	}
}

// ruleSet is rules by their id, as the provider does not mind their order.
func ruleSet(rules []types.LifecycleRule) map[string]string {
	set := map[string]string{}
	for _, rule := range rules {
		text, err := json.Marshal(rule)
		if err != nil {
			panic(err) // numbers, strings and booleans
		}
		set[aws.ToString(rule.ID)] = string(text)
	}
	return set
}

func (p *provider) putLifecycle(rules []types.LifecycleRule, size types.TransitionDefaultMinimumObjectSize) error {
	_, err := p.s3.PutBucketLifecycleConfiguration(p.ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket: aws.String(bucketName), TransitionDefaultMinimumObjectSize: size,
		LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
	})
	if err != nil {
		return err
	}
	var last *s3.GetBucketLifecycleConfigurationOutput
	err = p.until("the lifecycle to be what was sent", 10, func() (bool, error) {
		last, err = p.s3.GetBucketLifecycleConfiguration(p.ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String(bucketName)})
		if err != nil {
			return false, ignore(err, "NoSuchBucket", "NoSuchLifecycleConfiguration")
		}
		return last.TransitionDefaultMinimumObjectSize == size && sameRules(last.Rules, rules), nil
	})
	if err != nil && last != nil {
		return fmt.Errorf("%w: size %q, rules %v", err, last.TransitionDefaultMinimumObjectSize, ruleSet(last.Rules))
	}
	return err
}

func sameRules(a, b []types.LifecycleRule) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(rule types.LifecycleRule) bool {
		return !slices.ContainsFunc(b, func(other types.LifecycleRule) bool { return reflect.DeepEqual(rule, other) })
	})
}

func (p *provider) readLifecycle() (state, error) {
	out, err := p.s3.GetBucketLifecycleConfiguration(p.ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String(bucketName)})
	if err != nil {
		return nil, goneIf(err, "NoSuchBucket", "NoSuchLifecycleConfiguration")
	}
	return state{
		"rule": ruleSet(out.Rules), "transition_default_minimum_object_size": string(out.TransitionDefaultMinimumObjectSize),
	}, nil
}

package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/policy"
)

func (b *storage) publicAccess() setting {
	return setting{
		fields: []string{"public_access."}, call: "s3:PutPublicAccessBlock",
		want: func() converge.State {
			return converge.State{
				"public_access.block_public_acls": true, "public_access.block_public_policy": true,
				"public_access.ignore_public_acls": true, "public_access.restrict_public_buckets": true,
			}
		},
		read: func(ctx context.Context) (converge.State, error) {
			out, err := b.client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
			if err != nil {
				return nil, err
			}
			block := out.PublicAccessBlockConfiguration
			return converge.State{
				"public_access.block_public_acls":       aws.ToBool(block.BlockPublicAcls),
				"public_access.block_public_policy":     aws.ToBool(block.BlockPublicPolicy),
				"public_access.ignore_public_acls":      aws.ToBool(block.IgnorePublicAcls),
				"public_access.restrict_public_buckets": aws.ToBool(block.RestrictPublicBuckets),
			}, nil
		},
		write: func(ctx context.Context, _ converge.Actual) error {
			yes := aws.Bool(true)
			_, err := b.client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner,
				PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
					BlockPublicAcls: yes, BlockPublicPolicy: yes, IgnorePublicAcls: yes, RestrictPublicBuckets: yes,
				},
			})
			return err
		},
	}
}

func (b *storage) ownership() setting {
	const enforced = types.ObjectOwnershipBucketOwnerEnforced
	return setting{
		fields: []string{"ownership"}, call: "s3:PutBucketOwnershipControls",
		want: func() converge.State { return converge.State{"ownership": string(enforced)} },
		read: func(ctx context.Context) (converge.State, error) {
			out, err := b.client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
			if err != nil || len(out.OwnershipControls.Rules) == 0 {
				return nil, err
			}
			return converge.State{"ownership": string(out.OwnershipControls.Rules[0].ObjectOwnership)}, nil
		},
		write: func(ctx context.Context, _ converge.Actual) error {
			err := b.putOwnership(ctx, enforced)
			if account.Code(err) != "InvalidBucketAclWithObjectOwnership" {
				return err
			}
			// S3 refuses BucketOwnerEnforced while an ACL grants access to others.
			if _, err := b.client.PutBucketAcl(ctx, &s3.PutBucketAclInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner, ACL: types.BucketCannedACLPrivate,
			}); err != nil {
				return err
			}
			return b.putOwnership(ctx, enforced)
		},
	}
}

func (b *storage) putOwnership(ctx context.Context, ownership types.ObjectOwnership) error {
	_, err := b.client.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{
		Bucket: &b.name, ExpectedBucketOwner: b.owner,
		OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: ownership}}},
	})
	return err
}

func (b *storage) versioning() setting {
	const enabled = types.BucketVersioningStatusEnabled
	return setting{
		fields: []string{"versioning"}, call: "s3:PutBucketVersioning",
		want: func() converge.State { return converge.State{"versioning": string(enabled)} },
		read: func(ctx context.Context) (converge.State, error) {
			out, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
			if err != nil || out.Status == "" {
				return nil, err
			}
			return converge.State{"versioning": string(out.Status)}, nil
		},
		write: func(ctx context.Context, _ converge.Actual) error {
			_, err := b.client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner,
				VersioningConfiguration: &types.VersioningConfiguration{Status: enabled},
			})
			return err
		},
	}
}

// encryption is with the created key, or with S3's own. S3 Bucket Keys stay off:
// CloudTrail would need kms:Decrypt for them.
func (b *storage) encryption(key func() any) setting {
	want := func() converge.State {
		if key() == nil {
			return converge.State{"encryption.algorithm": string(types.ServerSideEncryptionAes256)}
		}
		return converge.State{
			"encryption.algorithm": string(types.ServerSideEncryptionAwsKms), "encryption.key": key(), "encryption.bucket_key": false,
		}
	}
	return setting{
		fields: []string{"encryption."}, call: "s3:PutBucketEncryption", want: want,
		read: func(ctx context.Context) (converge.State, error) {
			rule, err := b.encryptionRule(ctx)
			if err != nil || rule.ApplyServerSideEncryptionByDefault == nil {
				return nil, err
			}
			algorithm := rule.ApplyServerSideEncryptionByDefault
			state := converge.State{"encryption.algorithm": string(algorithm.SSEAlgorithm)}
			if algorithm.KMSMasterKeyID != nil {
				state["encryption.key"] = *algorithm.KMSMasterKeyID
			}
			if algorithm.SSEAlgorithm != types.ServerSideEncryptionAes256 {
				state["encryption.bucket_key"] = aws.ToBool(rule.BucketKeyEnabled)
			}
			return state, nil
		},
		write: func(ctx context.Context, _ converge.Actual) error {
			rule, err := b.encryptionRule(ctx) // keeps blocked encryption types
			if err != nil && !account.Missing(err) {
				return err
			}
			rule.BucketKeyEnabled = aws.Bool(false)
			rule.ApplyServerSideEncryptionByDefault = &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}
			if arn, ok := key().(string); ok {
				rule.ApplyServerSideEncryptionByDefault = &types.ServerSideEncryptionByDefault{
					SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &arn,
				}
			}
			_, err = b.client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner,
				ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{rule}},
			})
			return err
		},
	}
}

func (b *storage) encryptionRule(ctx context.Context) (rule types.ServerSideEncryptionRule, err error) {
	out, err := b.client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if err != nil || len(out.ServerSideEncryptionConfiguration.Rules) == 0 {
		return rule, err
	}
	return out.ServerSideEncryptionConfiguration.Rules[0], nil
}

func (b *storage) policy(want policy.Document) setting {
	return setting{
		fields: []string{"policy"}, call: "s3:PutBucketPolicy",
		want: func() converge.State { return converge.State{"policy": want} },
		read: func(ctx context.Context) (converge.State, error) {
			out, err := b.client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
			if err != nil {
				return nil, err
			}
			return converge.State{"policy": asDocument(aws.ToString(out.Policy))}, nil
		},
		write: func(ctx context.Context, _ converge.Actual) error {
			_, err := b.client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{
				Bucket: &b.name, ExpectedBucketOwner: b.owner, Policy: aws.String(want.String()),
			})
			return err
		},
	}
}

// asDocument parses a policy. A text that does not parse is returned as it is, to be
// shown.
func asDocument(text string) any {
	document, err := policy.Parse([]byte(text))
	if err != nil {
		return text
	}
	return document
}

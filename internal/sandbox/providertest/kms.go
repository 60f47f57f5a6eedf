package providertest

import (
	"errors"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// aws_kms_key
// create: CreateKey; EnableKeyRotation, then GetKeyRotationStatus until it is on 5
// times; GetKeyPolicy until it is the same 5 times; ListResourceTags until the same
// read: DescribeKey, GetKeyPolicy, GetKeyRotationStatus, ListResourceTags
// update: UpdateKeyDescription, DescribeKey 5 times; PutKeyPolicy, GetKeyPolicy 5 times
// delete: ScheduleKeyDeletion, DescribeKey until PendingDeletion, which is gone
func kmsKey(p *provider) resource {
	text := keyPolicy(p)
	changed := statement(`{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::ACCOUNT:root"},"Action":"kms:*","Resource":"*"},
		{"Sid":"Trails","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},
		{"Sid":"Logs","Effect":"Allow","Principal":{"Service":"logs.us-east-1.amazonaws.com"},"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*"}`,
		"ACCOUNT", p.account)
	return resource{
		kind:   "aws_kms_key",
		create: func() error { return p.createKey(text) },
		read:   p.readKey,
		want: state{
			"description": "the trail's", "policy": document(text), "enable_key_rotation": true, "is_enabled": true,
			"key_usage": "ENCRYPT_DECRYPT", "customer_master_key_spec": "SYMMETRIC_DEFAULT", "multi_region": false,
			"tags": map[string]string{"Name": "trail"},
		},
		update: func() error {
			if _, err := p.kms.UpdateKeyDescription(p.ctx, &kms.UpdateKeyDescriptionInput{KeyId: &p.keyID, Description: aws.String("changed")}); err != nil {
				return err
			}
			if err := p.untilKey("description", "changed"); err != nil {
				return err
			}
			if _, err := p.kms.PutKeyPolicy(p.ctx, &kms.PutKeyPolicyInput{KeyId: &p.keyID, Policy: &changed, PolicyName: aws.String("default")}); err != nil {
				return err
			}
			return p.untilKey("policy", document(changed))
		},
		change: state{"description": "changed", "policy": document(changed)},
		remove: func() error {
			_, err := p.kms.ScheduleKeyDeletion(p.ctx, &kms.ScheduleKeyDeletionInput{KeyId: &p.keyID, PendingWindowInDays: aws.Int32(7)})
			if err != nil {
				return ignore(err, "NotFoundException")
			}
			return p.untilGone("the key", p.readKey)
		},
	}
}

// keyPolicy lets CloudTrail, for its files and its topic, and CloudWatch Logs use the
// key.
func keyPolicy(p *provider) string {
	return statement(`{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::ACCOUNT:root"},"Action":"kms:*","Resource":"*"},
		{"Sid":"Encrypt","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*",
		 "Condition":{"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:ACCOUNT:trail/*"},"StringEquals":{"aws:SourceArn":"TRAIL"}}},
		{"Sid":"Describe","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:DescribeKey","Resource":"*"},
		{"Sid":"Topic","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*",
		 "Condition":{"StringEquals":{"aws:SourceArn":"TRAIL"}}},
		{"Sid":"Logs","Effect":"Allow","Principal":{"Service":"logs.us-east-1.amazonaws.com"},"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*"}`,
		"ACCOUNT", p.account, "TRAIL", p.trailARN())
}

func (p *provider) createKey(policy string) error {
	created, err := p.kms.CreateKey(p.ctx, &kms.CreateKeyInput{
		BypassPolicyLockoutSafetyCheck: false, KeySpec: types.KeySpecSymmetricDefault, KeyUsage: types.KeyUsageTypeEncryptDecrypt,
		Description: aws.String("the trail's"), Policy: &policy,
		Tags: []types.Tag{{TagKey: aws.String("Name"), TagValue: aws.String("trail")}},
	})
	if err != nil {
		return err
	}
	p.keyID, p.keyARN = *created.KeyMetadata.KeyId, *created.KeyMetadata.Arn
	if _, err := p.kms.EnableKeyRotation(p.ctx, &kms.EnableKeyRotationInput{KeyId: &p.keyID}); err != nil {
		return err
	}
	return errors.Join(
		p.untilKey("enable_key_rotation", true),
		p.untilKey("policy", document(policy)),
		p.untilKey("tags", map[string]string{"Name": "trail"}),
	)
}

func (p *provider) untilKey(attribute string, want any) error {
	return p.until("the key's "+attribute, 5, func() (bool, error) {
		got, err := p.readKey()
		return reflect.DeepEqual(got[attribute], want), err
	})
}

func (p *provider) readKey() (state, error) {
	described, err := p.kms.DescribeKey(p.ctx, &kms.DescribeKeyInput{KeyId: &p.keyID})
	if err != nil {
		return nil, goneIf(err, "NotFoundException")
	}
	key := described.KeyMetadata
	if key.KeyState == types.KeyStatePendingDeletion {
		return nil, errGone
	}
	policy, err := p.kms.GetKeyPolicy(p.ctx, &kms.GetKeyPolicyInput{KeyId: &p.keyID, PolicyName: aws.String("default")})
	if err != nil {
		return nil, goneIf(err, "NotFoundException")
	}
	rotation, err := p.kms.GetKeyRotationStatus(p.ctx, &kms.GetKeyRotationStatusInput{KeyId: &p.keyID})
	if err != nil {
		return nil, goneIf(err, "NotFoundException")
	}
	tags := map[string]string{}
	pages := kms.NewListResourceTagsPaginator(p.kms, &kms.ListResourceTagsInput{KeyId: &p.keyID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.ctx)
		if err != nil {
			return nil, err
		}
		for _, tag := range page.Tags {
			tags[*tag.TagKey] = *tag.TagValue
		}
	}
	return state{
		"arn": *key.Arn, "key_id": *key.KeyId, "description": aws.ToString(key.Description), "policy": document(*policy.Policy),
		"enable_key_rotation": rotation.KeyRotationEnabled, "rotation_period_in_days": aws.ToInt32(rotation.RotationPeriodInDays),
		"is_enabled": key.Enabled, "key_usage": string(key.KeyUsage), "customer_master_key_spec": string(key.KeySpec),
		"multi_region": aws.ToBool(key.MultiRegion), "tags": tags,
	}, nil
}

// aws_kms_alias
// create: CreateAlias, again while NotFoundException; read: ListAliases, all pages
// delete: DeleteAlias
func kmsAlias(p *provider) resource {
	return resource{
		kind: "aws_kms_alias",
		create: func() error {
			_, err := p.kms.CreateAlias(p.ctx, &kms.CreateAliasInput{AliasName: aws.String(aliasName), TargetKeyId: &p.keyID})
			return err
		},
		read: func() (state, error) {
			pages := kms.NewListAliasesPaginator(p.kms, &kms.ListAliasesInput{})
			for pages.HasMorePages() {
				page, err := pages.NextPage(p.ctx)
				if err != nil {
					return nil, err
				}
				for _, alias := range page.Aliases {
					if *alias.AliasName == aliasName {
						return state{"arn": *alias.AliasArn, "target_key_id": aws.ToString(alias.TargetKeyId)}, nil
					}
				}
			}
			return nil, errGone
		},
		want: state{"arn": p.arn("kms", region, aliasName), "target_key_id": p.keyID},
		remove: func() error {
			_, err := p.kms.DeleteAlias(p.ctx, &kms.DeleteAliasInput{AliasName: aws.String(aliasName)})
			return ignore(err, "NotFoundException")
		},
	}
}

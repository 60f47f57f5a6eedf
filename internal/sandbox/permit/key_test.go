package permit_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/policy"
)

func keyPolicy() policy.Document {
	return policy.New(
		policy.Statement{
			Sid: "Root", Effect: policy.Allow, Principal: policy.AWS("arn:aws:iam::" + account + ":root"),
			Action: policy.Values{"kms:*"}, Resource: policy.Values{"*"},
		},
		policy.Statement{
			Sid: "Encrypt", Effect: policy.Allow, Principal: cloudtrail,
			Action: policy.Values{"kms:GenerateDataKey*"}, Resource: policy.Values{"*"},
			Condition: policy.Conditions{
				"StringLike":   {"kms:EncryptionContext:aws:cloudtrail:arn": {"arn:aws:cloudtrail:*:123456789012:trail/*"}},
				"StringEquals": {"aws:SourceArn": {trailARN}},
			},
		},
		policy.Statement{
			Sid: "Describe", Effect: policy.Allow, Principal: cloudtrail,
			Action: policy.Values{"kms:DescribeKey"}, Resource: policy.Values{"*"},
			Condition: policy.Conditions{"StringEquals": {"aws:SourceArn": {trailARN}}},
		},
	)
}

func (w *world) makeKey(account, region string, d policy.Document) (client *kms.Client, arn string) {
	client = must(w.clients.KMS(w.Context(), account, region))(w.T)
	key := must(client.CreateKey(w.Context(), &kms.CreateKeyInput{Policy: aws.String(d.String())}))(w.T)
	return client, *key.KeyMetadata.Arn
}

func testKey(w *world) {
	client, arn := w.makeKey(account, region, keyPolicy())
	trail := w.trail
	trail.KeyARN = arn
	id := aws.String(arn[strings.LastIndex(arn, "/")+1:]) // moto changes the state of keys by id only
	check := func(name, code, status, why string) {
		w.Helper()
		w.wantDenial(name, w.checker.Key(w.Context(), trail), code, status, why)
	}
	check("enabled", "", "", "")
	must(client.DisableKey(w.Context(), &kms.DisableKeyInput{KeyId: id}))(w.T)
	check("disabled", "KmsException", "KMS.DisabledException", "Disabled")
	must(client.EnableKey(w.Context(), &kms.EnableKeyInput{KeyId: id}))(w.T)
	check("enabled again", "", "", "")
	must(client.ScheduleKeyDeletion(w.Context(), &kms.ScheduleKeyDeletionInput{KeyId: id}))(w.T)
	check("pending deletion", "KmsException", "KMS.KMSInvalidStateException", "PendingDeletion")

	trail.KeyARN = "arn:aws:kms:eu-west-2:123456789012:key/6f0e5f3c-0000-4000-8000-000000000000"
	check("missing", "KmsKeyNotFoundException", "KMS.NotFoundException", "does not exist")
	_, trail.KeyARN = w.makeKey(account, "us-east-1", keyPolicy())
	check("not in the bucket's Region", "KmsKeyNotFoundException", "KMS.NotFoundException", `not in the Region of the bucket, "eu-west-2"`)
	_, trail.KeyARN = w.makeKey(otherAccount, region, keyPolicy())
	check("of another account", "", "", "")
}

func testKeyPolicy(w *world) {
	const insufficient = "InsufficientEncryptionPolicyException"
	client, arn := w.makeKey(account, region, keyPolicy())
	trail := w.trail
	trail.KeyARN = arn
	check := func(name string, d policy.Document, code, why string) {
		w.Helper()
		must(client.PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{KeyId: &arn, PolicyName: aws.String("default"), Policy: aws.String(d.String())}))(w.T)
		w.wantDenial(name, w.checker.Key(w.Context(), trail), code, "AccessDenied", why)
	}
	for name, test := range map[string]struct {
		change    func(*policy.Document)
		code, why string
	}{
		"as AWS recommends": {change: func(*policy.Document) {}},
		"no SourceArn": {change: func(d *policy.Document) {
			delete(d.Statements[1].Condition, "StringEquals")
			d.Statements[2].Condition = nil
		}},
		"root alone":     {func(d *policy.Document) { d.Statements = d.Statements[:1] }, insufficient, "no statement allows kms:GenerateDataKey to cloudtrail.amazonaws.com"},
		"no DescribeKey": {func(d *policy.Document) { d.Statements = d.Statements[:2] }, insufficient, "no statement allows kms:DescribeKey"},
		"another trail": {
			func(d *policy.Document) {
				d.Statements[1].Condition["StringEquals"]["aws:SourceArn"] = policy.Values{otherTrail}
			},
			insufficient, `statement "Encrypt" allows kms:GenerateDataKey only if aws:SourceArn`,
		},
		"encryption context of another account": {
			func(d *policy.Document) {
				d.Statements[1].Condition["StringLike"] = map[string]policy.Values{"kms:EncryptionContext:aws:cloudtrail:arn": {"arn:aws:cloudtrail:*:210987654321:trail/*"}}
			},
			insufficient, `only if kms:EncryptionContext:aws:cloudtrail:arn`,
		},
	} {
		d := keyPolicy()
		test.change(&d)
		check(name, d, test.code, test.why)
	}

	// With an S3 Bucket Key CloudTrail also needs to decrypt.
	must(w.s3().PutBucketEncryption(w.Context(), &s3.PutBucketEncryptionInput{Bucket: aws.String("logs"), ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
		Rules: []s3types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &arn},
			BucketKeyEnabled:                   aws.Bool(true),
		}},
	}}))(w.T)
	defer func() {
		must(w.s3().DeleteBucketEncryption(w.Context(), &s3.DeleteBucketEncryptionInput{Bucket: aws.String("logs")}))(w.T)
	}()
	d := keyPolicy()
	check("bucket key without Decrypt", d, insufficient, "no statement allows kms:Decrypt")
	d.Statements[1].Action = append(d.Statements[1].Action, "kms:Decrypt")
	check("bucket key with Decrypt", d, "", "")
}

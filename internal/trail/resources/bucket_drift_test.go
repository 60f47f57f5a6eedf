package resources_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// storage is the part of a trail that is buckets and key.
func storage(set *resources.Set) []converge.Resource {
	return slices.DeleteFunc(set.All(), func(r converge.Resource) bool {
		return !slices.Contains([]string{"bucket", "access log bucket", "KMS key"}, r.Kind)
	})
}

func apply(t *testing.T, set *resources.Set) *converge.Result {
	t.Helper()
	result, err := converge.Apply(t.Context(), storage(set), deploytest.Options())
	if err != nil {
		t.Fatalf("apply: %v\nbefore: %q", err, result.Done)
	}
	return result
}

// changes are what there is to do.
func changes(t *testing.T, set *resources.Set) (todo []converge.Change) {
	t.Helper()
	plan, err := converge.PlanApply(t.Context(), storage(set), deploytest.Options())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(plan.Changes(), func(c converge.Change) bool { return c.Action == converge.None })
}

// drift is a change behind our back.
type drift struct {
	name   string
	kind   string // of the resource; "" for bucket
	field  string
	change func(t *testing.T, set *resources.Set) error
}

// mends makes sure that plan sees a drift, and nothing else, and that apply ends it.
func (d drift) mends(t *testing.T, set *resources.Set) {
	if err := d.change(t, set); err != nil {
		t.Fatal(err)
	}
	todo := changes(t, set)
	if len(todo) != 1 || todo[0].Kind != cmp.Or(d.kind, "bucket") || todo[0].Action != converge.Update {
		t.Fatalf("plan has %+v", todo)
	}
	for _, field := range todo[0].Fields {
		if field.Path != d.field && !strings.HasPrefix(field.Path, d.field+".") {
			t.Errorf("plan changes %s too, from %v to %v", field.Path, field.Old, field.New)
		}
	}
	apply(t, set)
	if todo := changes(t, set); len(todo) > 0 {
		t.Errorf("after apply there is still %+v", todo)
	}
}

// hardened has every option of the buckets and the key.
func hardened(env string) trail.Spec {
	spec := deploytest.Spec(env)
	spec.Tags = map[string]string{"CostCenter": "Security"}
	spec.KMS = "create"
	spec.RetentionDays, spec.GlacierAfterDays = 400, 90
	spec.ObjectLock = &trail.ObjectLock{Mode: "GOVERNANCE", Days: 30}
	spec.AccessLogging = "create"
	return spec
}

func TestBucketDrift(t *testing.T) {
	set := deploytest.Open(t).Set(t, hardened("drift"))
	apply(t, set)
	if todo := changes(t, set); len(todo) > 0 {
		t.Fatalf("the second plan has %+v", todo)
	}
	for _, d := range slices.Concat(accessDrifts(), contentDrifts(), lifecycleDrifts()) {
		t.Run(d.name, func(t *testing.T) { d.mends(t, set) })
	}
}

func TestPlainBucketDrift(t *testing.T) {
	set := deploytest.Open(t).Set(t, deploytest.Spec("plain"))
	apply(t, set)
	for _, d := range []drift{
		{name: "versions off", field: "versioning", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
				Bucket:                  &set.Names.Bucket,
				VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
			})
			return err
		}},
		{name: "another key", field: "encryption", change: encrypt(types.ServerSideEncryptionAwsKms, "alias/aws/s3", false)},
	} {
		t.Run(d.name, func(t *testing.T) { d.mends(t, set) })
	}
}

func accessDrifts() []drift {
	return []drift{
		{name: "public ACLs", field: "public_access.block_public_acls", change: open(func(b *types.PublicAccessBlockConfiguration) { b.BlockPublicAcls = aws.Bool(false) })},
		{name: "public policy", field: "public_access.block_public_policy", change: open(func(b *types.PublicAccessBlockConfiguration) { b.BlockPublicPolicy = aws.Bool(false) })},
		{name: "ACLs count", field: "public_access.ignore_public_acls", change: open(func(b *types.PublicAccessBlockConfiguration) { b.IgnorePublicAcls = aws.Bool(false) })},
		{name: "public bucket", field: "public_access.restrict_public_buckets", change: open(func(b *types.PublicAccessBlockConfiguration) { b.RestrictPublicBuckets = aws.Bool(false) })},
		{name: "no block", field: "public_access", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &set.Names.Bucket})
			return err
		}},
		{name: "ownership", field: "ownership", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.PutBucketOwnershipControls(t.Context(), &s3.PutBucketOwnershipControlsInput{
				Bucket:            &set.Names.Bucket,
				OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipObjectWriter}}},
			})
			return err
		}},
		{name: "no ownership", field: "ownership", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.DeleteBucketOwnershipControls(t.Context(), &s3.DeleteBucketOwnershipControlsInput{Bucket: &set.Names.Bucket})
			return err
		}},
		{name: "no policy", field: "policy", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &set.Names.Bucket})
			return err
		}},
		{name: "policy", field: "policy", change: func(t *testing.T, set *resources.Set) error {
			policy := set.Spec.BucketPolicy(set.Account.Place)
			policy.Statements = policy.Statements[1:]
			_, err := set.Account.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &set.Names.Bucket, Policy: aws.String(policy.String())})
			return err
		}},
		{name: "access log off", field: "access_log", change: accessLog("", "")},
		{name: "access log elsewhere", field: "access_log.prefix", change: accessLog("drift-cerpac-cloudtrail-logs-access-logs", "other/")},
		{name: "policy of the access log", kind: "access log bucket", field: "policy", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &set.Names.AccessLogBucket})
			return err
		}},
		{name: "tag", field: "tags", change: retag(map[string]string{"CostCenter": "nobody"})},
		{name: "no tag", field: "tags", change: retag(map[string]string{"CostCenter": ""})},
	}
}

func contentDrifts() []drift {
	return []drift{
		{name: "not encrypted by the key", field: "encryption", change: encrypt(types.ServerSideEncryptionAes256, "", false)},
		{name: "encrypted by another key", field: "encryption.key", change: encrypt(types.ServerSideEncryptionAwsKms, "arn:aws:kms:eu-west-2:123456789012:key/other", false)},
		{name: "bucket key", field: "encryption.bucket_key", change: func(t *testing.T, set *resources.Set) error {
			out, err := set.Account.S3.GetBucketEncryption(t.Context(), &s3.GetBucketEncryptionInput{Bucket: &set.Names.Bucket})
			if err != nil {
				return err
			}
			key := out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID
			return encrypt(types.ServerSideEncryptionAwsKms, *key, true)(t, set)
		}},
		{name: "shorter lock", field: "object_lock.days", change: lock(&types.DefaultRetention{Mode: "GOVERNANCE", Days: aws.Int32(1)})},
		{name: "longer lock", field: "object_lock.days", change: lock(&types.DefaultRetention{Mode: "GOVERNANCE", Years: aws.Int32(1)})},
		{name: "other lock", field: "object_lock.mode", change: lock(&types.DefaultRetention{Mode: "COMPLIANCE", Days: aws.Int32(30)})},
		{name: "no lock", field: "object_lock", change: lock(nil)},
	}
}

func open(gap func(*types.PublicAccessBlockConfiguration)) func(t *testing.T, set *resources.Set) error {
	return func(t *testing.T, set *resources.Set) error {
		yes := aws.Bool(true)
		block := &types.PublicAccessBlockConfiguration{BlockPublicAcls: yes, BlockPublicPolicy: yes, IgnorePublicAcls: yes, RestrictPublicBuckets: yes}
		gap(block)
		_, err := set.Account.S3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{
			Bucket: &set.Names.Bucket, PublicAccessBlockConfiguration: block,
		})
		return err
	}
}

func accessLog(bucket, prefix string) func(t *testing.T, set *resources.Set) error {
	return func(t *testing.T, set *resources.Set) error {
		status := &types.BucketLoggingStatus{}
		if bucket != "" {
			status.LoggingEnabled = &types.LoggingEnabled{TargetBucket: &bucket, TargetPrefix: &prefix}
		}
		_, err := set.Account.S3.PutBucketLogging(t.Context(), &s3.PutBucketLoggingInput{Bucket: &set.Names.Bucket, BucketLoggingStatus: status})
		return err
	}
}

// retag changes tags; "" takes one away.
func retag(tags map[string]string) func(t *testing.T, set *resources.Set) error {
	return func(t *testing.T, set *resources.Set) error {
		var all []types.Tag
		for key, value := range set.Spec.AllTags(set.Account.Place) {
			if changed, ok := tags[key]; ok {
				value = changed
			}
			if value != "" {
				all = append(all, types.Tag{Key: &key, Value: &value})
			}
		}
		_, err := set.Account.S3.PutBucketTagging(t.Context(), &s3.PutBucketTaggingInput{Bucket: &set.Names.Bucket, Tagging: &types.Tagging{TagSet: all}})
		return err
	}
}

func encrypt(algorithm types.ServerSideEncryption, key string, bucketKey bool) func(t *testing.T, set *resources.Set) error {
	return func(t *testing.T, set *resources.Set) error {
		byDefault := &types.ServerSideEncryptionByDefault{SSEAlgorithm: algorithm}
		if key != "" {
			byDefault.KMSMasterKeyID = &key
		}
		_, err := set.Account.S3.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{
			Bucket: &set.Names.Bucket,
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
				Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: &bucketKey}},
			},
		})
		return err
	}
}

func lock(retention *types.DefaultRetention) func(t *testing.T, set *resources.Set) error {
	return func(t *testing.T, set *resources.Set) error {
		configuration := &types.ObjectLockConfiguration{ObjectLockEnabled: types.ObjectLockEnabledEnabled}
		if retention != nil {
			configuration.Rule = &types.ObjectLockRule{DefaultRetention: retention}
		}
		_, err := set.Account.S3.PutObjectLockConfiguration(t.Context(), &s3.PutObjectLockConfigurationInput{
			Bucket: &set.Names.Bucket, ObjectLockConfiguration: configuration,
		})
		return err
	}
}

// newSet returns the parts of a trail.
func newSet(t *testing.T, spec trail.Spec, a *account.Account) *resources.Set {
	t.Helper()
	set, err := resources.New(&spec, a)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

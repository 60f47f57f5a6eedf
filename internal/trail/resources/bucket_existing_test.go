package resources_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
	"github.com/cerpac/trailkeeper/policy"
)

const sender = "222222222222"

// enter has the calls that follow be made from another account.
func enter(t *testing.T, owner *account.Account) {
	t.Helper()
	role := "arn:aws:iam::" + sender + ":role/deployer"
	out, err := owner.STS.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("deploy")})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", *out.Credentials.AccessKeyId)
	t.Setenv("AWS_SECRET_ACCESS_KEY", *out.Credentials.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", *out.Credentials.SessionToken)
}

// allow adds what another account asked for to a policy.
func allow(t *testing.T, held string, grant converge.Grant) *string {
	t.Helper()
	document, err := policy.Parse([]byte(held))
	if err != nil {
		t.Fatal(err)
	}
	document.Statements = append(document.Statements, grant.Policy.Statements...)
	return aws.String(document.String())
}

// logAccount is an account with a bucket and a key for the trails of others.
type logAccount struct {
	*account.Account
	bucket, key string
}

func (a logAccount) allowBucket(t *testing.T, grant converge.Grant) {
	t.Helper()
	held, err := a.S3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &a.bucket})
	if err == nil {
		_, err = a.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &a.bucket, Policy: allow(t, *held.Policy, grant)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (a logAccount) allowKey(t *testing.T, grant converge.Grant) {
	t.Helper()
	name := aws.String("default")
	held, err := a.KMS.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: &a.key, PolicyName: name})
	if err == nil {
		_, err = a.KMS.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &a.key, PolicyName: name, Policy: allow(t, *held.Policy, grant)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// logs are the log files of the sender.
func (a logAccount) logs(t *testing.T) int {
	t.Helper()
	out, err := a.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: aws.String("AWSLogs/" + sender + "/CloudTrail/")})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Contents)
}

// A trail that delivers to a bucket of another account, under a key of that account:
// refused until that account allows what the plan says, and nothing more.
func TestExistingBucket(t *testing.T) {
	box := deploytest.Open(t)
	spec := deploytest.Spec("prod")
	spec.ExistingBucket = &trail.ExistingBucket{Name: "prod-cerpac-cloudtrail-logs", Owner: deploytest.Account}
	owner := logAccount{Account: box.Set(t, deploytest.Spec("prod")).Account, bucket: spec.ExistingBucket.Name}
	enter(t, owner.Account)
	changes := box.Plan(t, spec).Changes()
	refusal := changes[slices.IndexFunc(changes, func(c converge.Change) bool { return c.Kind == "bucket" })]
	if refusal.Action != converge.Refused || !strings.Contains(refusal.Note, "account "+deploytest.Account+" has to make it first") {
		t.Errorf("without the bucket: %+v", refusal)
	}

	theirs := deploytest.Spec("prod")
	theirs.KMS = "create"
	owner.key = makeLogAccount(t, owner, theirs)
	spec.KMS = owner.key

	set := box.Set(t, spec)
	if set.Account.Account != sender {
		t.Fatalf("in account %s", set.Account.Account)
	}
	grants := set.Grants()
	if len(grants) != 2 || grants[0].Kind != "bucket" || grants[1].Kind != "KMS key" {
		t.Fatalf("grants are %+v", grants)
	}
	refused(t, set, "InsufficientS3BucketPolicyException", grants[0])
	owner.allowBucket(t, grants[0])
	refused(t, set, "InsufficientEncryptionPolicyException", grants[1])
	owner.allowKey(t, grants[1])
	box.Apply(t, spec)
	if plan := box.Plan(t, spec); !plan.Empty() {
		t.Errorf("plan after apply: %+v", plan.Changes())
	}
	box.Deliver(t)
	delivered := owner.logs(t)
	if delivered == 0 {
		t.Error("nothing was delivered")
	}

	result := box.Destroy(t, spec)
	want := "bucket " + owner.bucket + ": account " + deploytest.Account + " keeps it, and the trail only delivers to it"
	if len(result.Stays) != 1 || result.Stays[0] != want {
		t.Errorf("stays %q", result.Stays)
	}
	if left := owner.logs(t); left < delivered {
		t.Errorf("%d of %d log files are left", left, delivered)
	}
}

// makeLogAccount applies a trail in the account that the test began in, and gives the
// ARN of its key.
func makeLogAccount(t *testing.T, owner logAccount, spec trail.Spec) string {
	t.Helper()
	set := newSet(t, spec, owner.Account)
	if _, err := converge.Apply(t.Context(), set.All(), deploytest.Options()); err != nil {
		t.Fatal(err)
	}
	key, err := owner.KMS.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &set.Names.KeyAlias})
	if err != nil {
		t.Fatal(err)
	}
	return *key.KeyMetadata.Arn
}

// refused applies and is refused at once: others take their time.
func refused(t *testing.T, set *resources.Set, code string, grant converge.Grant) {
	t.Helper()
	var waits []string
	options := deploytest.Options()
	options.Progress = func(step converge.Step) {
		if step.Wait > 0 {
			waits = append(waits, step.String())
		}
	}
	_, err := converge.Apply(t.Context(), set.All(), options)
	if i := slices.IndexFunc(waits, func(line string) bool { return strings.Contains(line, "policy") }); i >= 0 {
		t.Errorf("it waited: %s", waits[i])
	}
	if account.Code(err) != code || !strings.Contains(err.Error(), "account "+deploytest.Account+" does not let this trail in") {
		t.Errorf("got %v, want %s", err, code)
	}
	if hint := outcome.Hint(err); hint != grant.String() {
		t.Errorf("hint %s\nwant %s", hint, grant)
	}
}

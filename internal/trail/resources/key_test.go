package resources_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
	"github.com/cerpac/trailkeeper/policy"
)

func encrypted(env string) trail.Spec {
	spec := deploytest.Spec(env)
	spec.KMS = "create"
	spec.KMSKeyReaders = []string{"arn:aws:iam::123456789012:role/auditor"}
	spec.Tags = map[string]string{"CostCenter": "Security"}
	return spec
}

// keyID is the key behind the trail's alias.
func keyID(t *testing.T, set *resources.Set) *string {
	t.Helper()
	described, err := set.Account.KMS.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &set.Names.KeyAlias})
	if err != nil {
		t.Fatal(err)
	}
	return described.KeyMetadata.KeyId
}

// keys counts those that carry the trail's tag.
func keys(t *testing.T, set *resources.Set) (n int) {
	t.Helper()
	listed, err := set.Account.KMS.ListKeys(t.Context(), &kms.ListKeysInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range listed.Keys {
		tags, err := set.Account.KMS.ListResourceTags(t.Context(), &kms.ListResourceTagsInput{KeyId: key.KeyId})
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(tags.Tags, func(tag types.Tag) bool { return *tag.TagKey == trail.OwnerTag && *tag.TagValue == set.Names.Trail }) {
			n++
		}
	}
	return n
}

func TestKeyDrift(t *testing.T) {
	set := deploytest.Open(t).Set(t, encrypted("drift"))
	apply(t, set)
	if todo := changes(t, set); len(todo) > 0 {
		t.Fatalf("the second plan has %+v", todo)
	}
	id := keyID(t, set)
	for _, d := range keyDrifts() {
		d.kind = "KMS key"
		t.Run(d.name, func(t *testing.T) { d.mends(t, set) })
	}
	if now := keyID(t, set); *now != *id {
		t.Errorf("the key is now %s, and was %s", *now, *id)
	}
	if n := keys(t, set); n != 1 {
		t.Errorf("%d keys", n)
	}
}

func keyDrifts() []drift {
	return []drift{
		{name: "disabled", field: "state", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.KMS.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: keyID(t, set)})
			return err
		}},
		{name: "to be deleted", field: "state", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.KMS.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: keyID(t, set), PendingWindowInDays: aws.Int32(7)})
			return err
		}},
		{name: "policy", field: "policy", change: func(t *testing.T, set *resources.Set) error {
			root := policy.New(policy.Statement{Effect: policy.Allow, Principal: policy.AWS(deploytest.Account), Action: policy.Values{"kms:*"}, Resource: policy.Values{"*"}})
			_, err := set.Account.KMS.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: keyID(t, set), PolicyName: aws.String("default"), Policy: aws.String(root.String())})
			return err
		}},
		{name: "no rotation", field: "rotation", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.KMS.DisableKeyRotation(t.Context(), &kms.DisableKeyRotationInput{KeyId: keyID(t, set)})
			return err
		}},
		{name: "description", field: "description", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.KMS.UpdateKeyDescription(t.Context(), &kms.UpdateKeyDescriptionInput{KeyId: keyID(t, set), Description: aws.String("mine")})
			return err
		}},
		{name: "tag", field: "tags", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.KMS.TagResource(t.Context(), &kms.TagResourceInput{
				KeyId: keyID(t, set), Tags: []types.Tag{{TagKey: aws.String("CostCenter"), TagValue: aws.String("nobody")}},
			})
			return err
		}},
		{name: "no alias", field: "alias", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.KMS.DeleteAlias(t.Context(), &kms.DeleteAliasInput{AliasName: &set.Names.KeyAlias})
			return err
		}},
		{name: "alias of another key", field: "alias", change: func(t *testing.T, set *resources.Set) error {
			other, err := set.Account.KMS.CreateKey(t.Context(), &kms.CreateKeyInput{})
			if err != nil {
				return err
			}
			_, err = set.Account.KMS.UpdateAlias(t.Context(), &kms.UpdateAliasInput{AliasName: &set.Names.KeyAlias, TargetKeyId: other.KeyMetadata.KeyId})
			return err
		}},
	}
}

// TestKeyOfOthers finds a key behind the alias that is not the trail's.
func TestKeyOfOthers(t *testing.T) {
	box := deploytest.Open(t)
	set := box.Set(t, encrypted("others"))
	other, err := set.Account.KMS.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Account.KMS.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &set.Names.KeyAlias, TargetKeyId: other.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	for _, rotates := range []bool{true, false} {
		box.Tap(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if rotates || r.Header.Get("X-Amz-Target") != "TrentService.GetKeyRotationStatus" {
					next.ServeHTTP(w, r)
					return
				}
				w.WriteHeader(http.StatusBadRequest)
				w.Write([]byte(`{"__type":"UnsupportedOperationException"}`)) // as for asymmetric keys
			})
		})
		if todo := changes(t, set); todo[0].Kind != "KMS key" || todo[0].Action != converge.Refused {
			t.Errorf("plan has %+v", todo)
		}
	}
	box.Tap(nil)
	options := deploytest.Options()
	options.Adopt = true
	if _, err := converge.Apply(t.Context(), storage(set), options); err != nil {
		t.Fatal(err)
	}
	if todo := changes(t, set); len(todo) > 0 || *keyID(t, set) != *other.KeyMetadata.KeyId {
		t.Errorf("after adoption, plan has %+v", todo)
	}
}

// TestKeyMadeTwice is interrupted between key and alias, and finds the key again.
func TestKeyMadeTwice(t *testing.T) {
	box := deploytest.Open(t)
	set := box.Set(t, encrypted("twice"))
	key := storage(set)[0]
	if err := key.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := box.Set(t, encrypted("twice"))
	apply(t, again)
	if n := keys(t, again); n != 1 {
		t.Errorf("%d keys", n)
	}
}

// TestKeyDestroyed goes with the empty bucket, and comes back with a new trail: logs
// that were copied elsewhere stay readable.
func TestKeyDestroyed(t *testing.T) {
	set := deploytest.Open(t).Set(t, encrypted("gone"))
	apply(t, set)
	id := keyID(t, set)
	destroy(t, set)
	described, err := set.Account.KMS.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id})
	if err != nil {
		t.Fatal(err)
	}
	if state := described.KeyMetadata.KeyState; state != types.KeyStatePendingDeletion {
		t.Errorf("the key is %s", state)
	}
	if result := destroy(t, set); len(result.Done) > 0 {
		t.Errorf("a second destroy did %q", result.Done)
	}
	plan, err := converge.PlanApply(t.Context(), storage(set), deploytest.Options())
	if err != nil {
		t.Fatal(err)
	}
	if change := plan.Changes()[0]; change.Action != converge.Create || !strings.Contains(change.Note, *id+" is to be deleted on") {
		t.Errorf("plan has %+v", change)
	}
	apply(t, set)
	if now := keyID(t, set); *now != *id {
		t.Errorf("the key is now %s, and was %s", *now, *id)
	}
}

// TestKeyOfProtectedEvents stays with a log group that stays.
func TestKeyOfProtectedEvents(t *testing.T) {
	spec := encrypted("protected")
	spec.LogGroupDeletionProtection = true
	set := deploytest.Open(t).Set(t, spec)
	apply(t, set)
	if result := destroy(t, set); len(result.Stays) != 1 || !strings.Contains(result.Stays[0], "events in log group "+set.Names.LogGroup+" need it") {
		t.Errorf("what stays is %q", result.Stays)
	}
}

// TestKeyStays while logs need it.
func TestKeyStays(t *testing.T) {
	set := deploytest.Open(t).Set(t, encrypted("stays"))
	apply(t, set)
	put(t, set, "AWSLogs/123456789012/CloudTrail/log.json.gz")
	result := destroy(t, set)
	if len(result.Stays) != 2 || !strings.Contains(result.Stays[0], "bucket stays-cerpac-cloudtrail-logs: there are logs in it, and force_destroy is false") ||
		!strings.Contains(result.Stays[1], "logs in bucket stays-cerpac-cloudtrail-logs need it") {
		t.Errorf("what stays is %q", result.Stays)
	}
	if todo := changes(t, set); len(todo) > 0 {
		t.Errorf("after destroy, plan has %+v", todo)
	}
}

// TestKeyDestroyedByOthers takes away the alias of a key that somebody scheduled for
// deletion already.
func TestKeyDestroyedByOthers(t *testing.T) {
	box := deploytest.Open(t)
	set := box.Set(t, encrypted("condemned"))
	apply(t, set)
	if _, err := set.Account.KMS.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: keyID(t, set), PendingWindowInDays: aws.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	box.Tap(func(next http.Handler) http.Handler { // moto would schedule it again
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Target") != "TrentService.ScheduleKeyDeletion" {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"__type":"KMSInvalidStateException","message":"is pending deletion."}`))
		})
	})
	destroy(t, set)
	if result := destroy(t, set); len(result.Done) > 0 {
		t.Errorf("a second destroy did %q", result.Done)
	}
}

// TestKeyDestroyedBesideItsAlias leaves an alias that leads to another key by now.
func TestKeyDestroyedBesideItsAlias(t *testing.T) {
	set := deploytest.Open(t).Set(t, encrypted("beside"))
	apply(t, set)
	ours := keyID(t, set)
	other, err := set.Account.KMS.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Account.KMS.UpdateAlias(t.Context(), &kms.UpdateAliasInput{AliasName: &set.Names.KeyAlias, TargetKeyId: other.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	result := destroy(t, set)
	described, err := set.Account.KMS.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: ours})
	if err != nil {
		t.Fatal(err)
	}
	if described.KeyMetadata.KeyState != types.KeyStatePendingDeletion || *keyID(t, set) != *other.KeyMetadata.KeyId {
		t.Errorf("the key is %s; destroy left %q", described.KeyMetadata.KeyState, result.Stays)
	}
	if todo := changes(t, set); todo[0].Action != converge.Refused || !strings.Contains(todo[0].Note, *other.KeyMetadata.KeyId) {
		t.Errorf("plan takes the alias: %+v", todo[0])
	}
}

// TestKeyGiven is not ours to make, but to use.
func TestKeyGiven(t *testing.T) {
	const arn = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	spec := deploytest.Spec("given")
	spec.KMS = arn
	set := deploytest.Open(t).Set(t, spec)
	todo := changes(t, set)
	if len(todo) != 1 || !slices.ContainsFunc(todo[0].Fields, func(f converge.FieldChange) bool { return f.Path == "encryption.key" && f.New == arn }) {
		t.Errorf("plan has %+v", todo)
	}
	apply(t, set)
	if todo := changes(t, set); len(todo) > 0 {
		t.Errorf("the second plan has %+v", todo)
	}
}

func TestKeyRetries(t *testing.T) {
	spec := encrypted("retries")
	key := storage(newSet(t, spec, &account.Account{}))[0]
	for code, waits := range map[string]bool{
		"NotFoundException": true, "KMSInvalidStateException": true, "DisabledException": true, "MalformedPolicyDocumentException": true,
		"AccessDeniedException": false, "LimitExceededException": false, "": false,
	} {
		if why := key.Retry(&smithy.GenericAPIError{Code: code}); (why != "") != waits {
			t.Errorf("of %s it says %q", code, why)
		}
	}
}

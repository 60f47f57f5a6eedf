package resources_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

const theirs = "arn:aws:iam::123456789012:role/their-app"

// foreignKey creates a foreign key that the trail's alias refers to.
func foreignKey(t *testing.T, set *resources.Set, in *kms.CreateKeyInput) *string {
	t.Helper()
	made, err := set.Account.KMS.CreateKey(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	id := made.KeyMetadata.KeyId
	if _, err := set.Account.KMS.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &set.Names.KeyAlias, TargetKeyId: id}); err != nil {
		t.Fatal(err)
	}
	return id
}

func keyState(t *testing.T, set *resources.Set, id *string) types.KeyState {
	t.Helper()
	described, err := set.Account.KMS.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id})
	if err != nil {
		t.Fatal(err)
	}
	return described.KeyMetadata.KeyState
}

// keyUses are ways in which others use a key, and what a refusal says of them.
func keyUses() map[string]func(t *testing.T, set *resources.Set, id *string) (says string, err error) {
	return map[string]func(t *testing.T, set *resources.Set, id *string) (string, error){
		"alias": func(t *testing.T, set *resources.Set, id *string) (string, error) {
			_, err := set.Account.KMS.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/their-data-" + set.Spec.Env), TargetKeyId: id})
			return "alias/their-data-" + set.Spec.Env, err
		},
		"grant": func(t *testing.T, set *resources.Set, id *string) (string, error) {
			_, err := set.Account.KMS.CreateGrant(t.Context(), &kms.CreateGrantInput{
				KeyId: id, GranteePrincipal: aws.String(theirs), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
			})
			return "a grant to " + theirs, err
		},
		"policy": func(t *testing.T, set *resources.Set, id *string) (string, error) {
			_, err := set.Account.KMS.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: id, PolicyName: aws.String("default"), Policy: aws.String(
				`{"Version":"2012-10-17","Statement":[
				{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"},
				{"Effect":"Allow","Principal":{"AWS":"` + theirs + `"},"Action":"kms:Decrypt","Resource":"*"}]}`)})
			return theirs + " in its policy", err
		},
		"another trail": func(t *testing.T, set *resources.Set, id *string) (string, error) {
			_, err := set.Account.KMS.TagResource(t.Context(), &kms.TagResourceInput{
				KeyId: id, Tags: []types.Tag{{TagKey: aws.String("trailkeeper:trail"), TagValue: aws.String("other-audit-trail")}},
			})
			return "the trail other-audit-trail", err
		},
	}
}

// A key that others use is not taken over, and the refusal says who they are and what
// to do.
func TestKeyThatOthersUse(t *testing.T) {
	box := deploytest.Open(t)
	for name, use := range keyUses() {
		t.Run(name, func(t *testing.T) {
			set := box.Set(t, encrypted("in-"+strings.ReplaceAll(name, " ", "-")))
			id := foreignKey(t, set, &kms.CreateKeyInput{})
			says, err := use(t, set, id)
			if err != nil {
				t.Fatal(err)
			}
			result, err := converge.Apply(t.Context(), storage(set), adopting())
			if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), *id) || len(result.Done) > 0 {
				t.Errorf("adopt did %q: %v", result.Done, err)
			}
			if hint := outcome.Hint(err); !strings.Contains(hint, "kms: arn:aws:kms:eu-west-2:123456789012:key/"+*id) {
				t.Errorf("the hint is %q", hint)
			}
			_, err = converge.Apply(t.Context(), storage(set), deploytest.Options())
			if hint := outcome.Hint(err); err == nil || strings.Contains(hint, "--adopt") || !strings.Contains(hint, *id) {
				t.Errorf("without adopt: %v, hint %q", err, hint)
			}
			if result := destroy(t, set); len(result.Done) > 0 || keyState(t, set, id) != types.KeyStateEnabled {
				t.Errorf("destroy did %q", result.Done)
			}
		})
	}
}

// A key that encrypts nothing for a trail is not taken over half way.
func TestKeyOfAnotherKind(t *testing.T) {
	box := deploytest.Open(t)
	for name, in := range map[string]*kms.CreateKeyInput{
		"RSA_2048": {KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeSignVerify},
		"EXTERNAL": {Origin: types.OriginTypeExternal},
	} {
		t.Run(name, func(t *testing.T) {
			set := box.Set(t, encrypted("kind-"+strings.ToLower(strings.ReplaceAll(name, "_", "-"))))
			foreignKey(t, set, in)
			result, err := converge.Apply(t.Context(), storage(set), adopting())
			if err == nil || !strings.Contains(err.Error(), name) || len(result.Done) > 0 {
				t.Errorf("adopt did %q: %v", result.Done, err)
			}
		})
	}
}

// Both plans say which key it is that the alias leads to; nothing deletes one that was
// adopted, and its alias stays too.
func TestKeyAdopted(t *testing.T) {
	set := deploytest.Open(t).Set(t, encrypted("adopted"))
	id := foreignKey(t, set, &kms.CreateKeyInput{})
	plan, err := converge.PlanApply(t.Context(), storage(set), adopting())
	if err != nil {
		t.Fatal(err)
	}
	if change := plan.Changes()[0]; change.Action != converge.Adopt || change.Note != "key "+*id {
		t.Errorf("the plan to adopt has %+v", change)
	}
	if _, err := converge.Apply(t.Context(), storage(set), adopting()); err != nil {
		t.Fatal(err)
	}
	apply(t, set)
	alias := "alias/their-data"
	if _, err := set.Account.KMS.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: id}); err != nil {
		t.Fatal(err)
	}
	result := destroy(t, set)
	want := "KMS key " + set.Names.KeyAlias + ": adopted: left in place; key " + *id + ", also " + alias
	if last := result.Plan.Changes()[len(result.Plan.Changes())-1]; last.Action != converge.Keep || len(result.Stays) != 1 || result.Stays[0] != want {
		t.Errorf("destroy plans %+v and leaves %q", last, result.Stays)
	}
	if now := keyID(t, set); *now != *id || keyState(t, set, id) != types.KeyStateEnabled {
		t.Errorf("the key is %s, and the alias leads to %s", keyState(t, set, id), *now)
	}
}

// A key that was made for the trail stays once others use it.
func TestOwnKeyThatOthersUse(t *testing.T) {
	box := deploytest.Open(t)
	for _, name := range []string{"alias", "grant"} {
		t.Run(name, func(t *testing.T) {
			set := box.Set(t, encrypted("own-"+name))
			apply(t, set)
			id := keyID(t, set)
			says, err := keyUses()[name](t, set, id)
			if err != nil {
				t.Fatal(err)
			}
			if result := destroy(t, set); len(result.Stays) != 1 || !strings.Contains(result.Stays[0], "others use it: "+says) || keyState(t, set, id) != types.KeyStateEnabled {
				t.Errorf("destroy leaves %q, and the key is %s", result.Stays, keyState(t, set, id))
			}
		})
	}
}

// The alias may be somebody else's by the time the trail comes back: it is not taken
// from them for the key that waits for its deletion.
func TestAliasGivenToOthersMeanwhile(t *testing.T) {
	set := deploytest.Open(t).Set(t, encrypted("given-away"))
	apply(t, set)
	destroy(t, set)
	id := foreignKey(t, set, &kms.CreateKeyInput{})
	result, err := converge.Apply(t.Context(), storage(set), deploytest.Options())
	if err == nil || len(result.Done) > 0 || *keyID(t, set) != *id {
		t.Errorf("apply did %q: %v", result.Done, err)
	}
}

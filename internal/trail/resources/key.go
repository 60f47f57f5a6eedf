package resources

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

const (
	// deletionDays is the longest waiting period of KMS, during which a key can be
	// restored.
	deletionDays = 30
	// keyPolicyName is the only name that a key's policy can have.
	keyPolicyName = "default"
)

// key encrypts bucket, trail and log group. Keys have no names: ours is the one that
// the alias refers to or, without an alias, the one with our tag.
func (s *Set) key() []converge.Resource {
	if !s.Spec.CreatesKey() {
		if s.Spec.Encrypted() {
			s.refs.KeyARN = s.Spec.KMS
		}
		return nil
	}
	k := &logKey{Set: s}
	return []converge.Resource{{
		Kind: "KMS key", Name: s.Names.KeyAlias,
		Want: k.want, Read: k.read, Create: k.create, Keep: k.keep, Delete: k.delete, Retry: waitForKey,
		Parts: []converge.Part{ // first: a disabled key accepts no other change
			{Fields: []string{"state"}, Call: "kms:EnableKey", Write: k.enable},
			{Fields: []string{"alias"}, Call: "kms:CreateAlias", Write: k.name},
			{Fields: []string{"policy"}, Call: "kms:PutKeyPolicy", Write: k.setPolicy},
			{Fields: []string{"rotation"}, Call: "kms:EnableKeyRotation", Write: k.rotate},
			{Fields: []string{"description"}, Call: "kms:UpdateKeyDescription", Write: k.describe},
			{Fields: []string{"tags"}, Call: "kms:TagResource", Write: k.tag},
		},
	}}
}

type logKey struct {
	*Set
	// id is set when the key was read or created; listings are eventually consistent.
	id *string
}

func (k *logKey) description() string {
	return "Encrypts what the trail " + k.Names.Trail + " records."
}

func (k *logKey) want() (converge.State, error) {
	return converge.State{
		"state":       string(types.KeyStateEnabled),
		"alias":       k.Names.KeyAlias,
		"policy":      k.Spec.KeyPolicy(k.Account.Place),
		"rotation":    true,
		"description": k.description(),
		"tags":        k.wantedTags(),
	}, nil
}

func (k *logKey) read(ctx context.Context) (converge.Actual, error) {
	k.refs.KeyARN = ""
	found, err := k.find(ctx)
	if err != nil || found.key == nil {
		return converge.Actual{Note: found.note}, err
	}
	k.id, k.refs.KeyARN = found.key.KeyId, aws.ToString(found.key.Arn)
	policy, err := k.Account.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: k.id, PolicyName: aws.String(keyPolicyName)})
	if err != nil {
		return converge.Actual{}, err
	}
	rotation, err := k.Account.KMS.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: k.id})
	if err != nil && account.Code(err) != "UnsupportedOperationException" { // of a type that cannot be rotated
		return converge.Actual{}, err
	}
	rotates := err == nil && rotation.KeyRotationEnabled
	now := k.found(found.tags, converge.State{
		"state":       string(found.key.KeyState),
		"policy":      asDocument(aws.ToString(policy.Policy)),
		"rotation":    rotates,
		"description": aws.ToString(found.key.Description),
	})
	aliases, err := k.otherAliases(ctx, *k.id)
	if err != nil {
		return converge.Actual{}, err
	}
	now.Note = found.noteWith(identity(*k.id, aliases))
	if !now.Owned {
		if now.Unadoptable, err = k.unadoptable(ctx, found, aliases, now.State["policy"]); err != nil {
			return converge.Actual{}, err
		}
	}
	if found.alias != "" {
		now.State["alias"] = found.alias
	}
	granted, err := k.grants(ctx)
	now.Note = strings.Join(slices.DeleteFunc([]string{now.Note, granted}, func(note string) bool { return note == "" }), "; ")
	return now, err
}

// create restores the key that an earlier destroy scheduled for deletion, if it still
// exists: old logs need it.
func (k *logKey) create(ctx context.Context) error {
	old, err := k.condemned(ctx)
	if err != nil {
		return err
	}
	if old != nil {
		k.id = old.KeyId
		return k.enable(ctx, converge.Actual{State: converge.State{"state": string(old.KeyState)}})
	}
	in := &kms.CreateKeyInput{
		Description: aws.String(k.description()), Policy: aws.String(k.Spec.KeyPolicy(k.Account.Place).String()),
		Tags: keyTags(k.wantedTags()),
	}
	made, err := k.Account.KMS.CreateKey(ctx, in)
	if err != nil {
		return forSetup(err, "who may make a key with a tag may tag any key")
	}
	k.id = made.KeyMetadata.KeyId
	return nil
}

// enable first cancels a deletion, which leaves the key disabled.
func (k *logKey) enable(ctx context.Context, now converge.Actual) error {
	if now.State["state"] == string(types.KeyStatePendingDeletion) {
		if _, err := k.Account.KMS.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: k.id}); err != nil {
			return err
		}
	}
	_, err := k.Account.KMS.EnableKey(ctx, &kms.EnableKeyInput{KeyId: k.id})
	return err
}

// name moves the alias back from another key.
func (k *logKey) name(ctx context.Context, now converge.Actual) error {
	if now.State["alias"] != nil {
		_, err := k.Account.KMS.UpdateAlias(ctx, &kms.UpdateAliasInput{AliasName: &k.Names.KeyAlias, TargetKeyId: k.id})
		return err
	}
	_, err := k.Account.KMS.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &k.Names.KeyAlias, TargetKeyId: k.id})
	return err
}

func (k *logKey) setPolicy(ctx context.Context, _ converge.Actual) error {
	_, err := k.Account.KMS.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{
		KeyId: k.id, PolicyName: aws.String(keyPolicyName), Policy: aws.String(k.Spec.KeyPolicy(k.Account.Place).String()),
	})
	return err
}

func (k *logKey) rotate(ctx context.Context, _ converge.Actual) error {
	_, err := k.Account.KMS.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: k.id})
	return err
}

func (k *logKey) describe(ctx context.Context, _ converge.Actual) error {
	_, err := k.Account.KMS.UpdateKeyDescription(ctx, &kms.UpdateKeyDescriptionInput{KeyId: k.id, Description: aws.String(k.description())})
	return err
}

func (k *logKey) tag(ctx context.Context, now converge.Actual) error {
	_, err := k.Account.KMS.TagResource(ctx, &kms.TagResourceInput{KeyId: k.id, Tags: keyTags(k.tagsFor(now))})
	return err
}

// keep prevents the deletion of a key that encrypts logs that stay, or that others use.
func (k *logKey) keep(ctx context.Context) (why string, err error) {
	aliases, err := k.otherAliases(ctx, *k.id)
	if err != nil {
		return "", err
	}
	if users, err := k.users(ctx, *k.id, aliases); err != nil || len(users) > 0 {
		return "others use it: " + strings.Join(users, ", "), err
	}
	if why, err = k.encrypts(ctx); err != nil || why != "" {
		return why, err
	}
	logs := k.storage("bucket", k.Names.Bucket)
	if why, err = logs.keep(ctx); err != nil || why != "" {
		return because("logs in bucket "+logs.name, why), err
	}
	if k.Spec.LogGroupDeletionProtection {
		return because("events in log group "+k.Names.LogGroup, "log_group_deletion_protection is true"), nil
	}
	return "", nil
}

func because(what, why string) string {
	if why == "" {
		return ""
	}
	return what + " need it: " + why
}

// delete schedules the deletion with the longest waiting period. It checks again that
// the key was made for the trail. It deletes the alias last, so that an interrupted run
// can find the key again.
func (k *logKey) delete(ctx context.Context) error {
	logs := k.storage("bucket", k.Names.Bucket)
	if empty, err := logs.empty(ctx); err != nil {
		return err
	} else if !empty {
		return converge.Stay("logs in bucket " + logs.name + " need it")
	}
	ours, err := k.look(ctx, *k.id)
	if err != nil {
		return err
	}
	if ours.key != nil && k.claimOf(ours.tags) != made {
		return converge.Stay("it no longer carries our tag")
	}
	if ours.key != nil && ours.key.KeyState != types.KeyStatePendingDeletion {
		in := &kms.ScheduleKeyDeletionInput{KeyId: k.id, PendingWindowInDays: aws.Int32(deletionDays)}
		if _, err := k.Account.KMS.ScheduleKeyDeletion(ctx, in); err != nil {
			return err
		}
	}
	named, err := k.look(ctx, k.Names.KeyAlias)
	if err != nil || named.key == nil || *named.key.KeyId != *k.id { // the alias may refer to another key by now
		return err
	}
	_, err = k.Account.KMS.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: &k.Names.KeyAlias})
	return err
}

func keyTags(tags map[string]string) (list []types.Tag) {
	for key, value := range tags {
		list = append(list, types.Tag{TagKey: &key, TagValue: &value})
	}
	return list
}

// waitForKey recognizes the errors of KMS for a change that is not propagated yet.
func waitForKey(err error) string {
	switch account.Code(err) {
	case "NotFoundException":
		return "KMS is still propagating the new key"
	case "KMSInvalidStateException", "DisabledException":
		return "KMS is still enabling the key"
	case "MalformedPolicyDocumentException":
		return "a role or user in the key's policy is not known to KMS yet"
	}
	return ""
}

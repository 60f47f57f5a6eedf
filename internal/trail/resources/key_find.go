package resources

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
)

// foundKey is a key that may be ours. key is nil if there is none.
type foundKey struct {
	key   *types.KeyMetadata
	tags  map[string]string
	alias string // our alias if it refers to this key, or else what it refers to
	note  string
}

// find looks up the key of the alias. If there is none, or it is not ours, find
// searches the keys without an alias for our tag.
func (k *logKey) find(ctx context.Context) (foundKey, error) {
	named, err := k.look(ctx, k.Names.KeyAlias)
	if err != nil {
		return foundKey{}, err
	}
	if named.key != nil {
		named.alias = k.Names.KeyAlias
		if k.claimOf(named.tags) != foreign {
			return named, nil
		}
	}
	ours, err := k.withoutAlias(ctx)
	if err != nil {
		return foundKey{}, err
	}
	alive := slices.IndexFunc(ours, func(f foundKey) bool { return f.key.KeyState != types.KeyStatePendingDeletion })
	switch {
	case alive >= 0:
		if named.key != nil {
			ours[alive].alias = k.Names.KeyAlias + " of another key, " + *named.key.KeyId
		}
		return ours[alive], nil
	case named.key == nil: // otherwise the alias belongs to somebody else's key
		return foundKey{note: k.condemnedOf(ours).note}, nil
	}
	return named, nil
}

// noteWith joins the identity of a key and the note of its pending deletion.
func (f foundKey) noteWith(identity string) string {
	if f.note == "" {
		return identity
	}
	return identity + "; " + f.note
}

// condemned returns a key of ours that is pending deletion and has lost its alias, or
// nil.
func (k *logKey) condemned(ctx context.Context) (*types.KeyMetadata, error) {
	ours, err := k.withoutAlias(ctx)
	if err != nil {
		return nil, err
	}
	return k.condemnedOf(ours).key, nil
}

// condemnedOf returns the key that create restores. It skips keys whose deletion
// somebody else scheduled.
func (k *logKey) condemnedOf(keys []foundKey) foundKey {
	for _, f := range keys {
		if k.claimOf(f.tags) == made && f.key.KeyState == types.KeyStatePendingDeletion {
			return f
		}
	}
	return foundKey{}
}

// look reads one key, by its id or an alias.
func (k *logKey) look(ctx context.Context, name string) (foundKey, error) {
	described, err := k.Account.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &name})
	if account.Missing(err) {
		return foundKey{}, nil
	}
	if err != nil {
		return foundKey{}, err
	}
	found := foundKey{key: described.KeyMetadata}
	if found.key.DeletionDate != nil {
		found.note = "key " + *found.key.KeyId + " is to be deleted on " + found.key.DeletionDate.UTC().Format(time.DateOnly) + "; apply before then brings it back"
	}
	found.tags, err = k.tagsOf(ctx, *found.key.KeyId)
	return found, err
}

func (k *logKey) tagsOf(ctx context.Context, id string) (map[string]string, error) {
	tags := map[string]string{}
	pages := kms.NewListResourceTagsPaginator(k.Account.KMS, &kms.ListResourceTagsInput{KeyId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.TagKey)] = aws.ToString(tag.TagValue)
		}
	}
	return tags, nil
}

// withoutAlias lists our keys that have no alias.
func (k *logKey) withoutAlias(ctx context.Context) (ours []foundKey, err error) {
	ids, err := k.nameless(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		tags, err := k.tagsOf(ctx, id)
		if _, denied := account.Denied(err); denied || account.Missing(err) || err == nil && k.claimOf(tags) == foreign {
			continue // a key policy may exclude its own account
		}
		if err != nil {
			return nil, err
		}
		found, err := k.look(ctx, id)
		if err != nil {
			return nil, err
		}
		if found.key != nil {
			ours = append(ours, found)
		}
	}
	return ours, nil
}

// nameless lists the keys without an alias. The key created in this run comes first,
// because KMS may not list it yet.
func (k *logKey) nameless(ctx context.Context) (ids []string, err error) {
	aliased := map[string]bool{}
	aliases := kms.NewListAliasesPaginator(k.Account.KMS, &kms.ListAliasesInput{})
	for aliases.HasMorePages() {
		page, err := aliases.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, alias := range page.Aliases {
			aliased[aws.ToString(alias.TargetKeyId)] = true
		}
	}
	if k.id != nil {
		ids = append(ids, *k.id)
	}
	keys := kms.NewListKeysPaginator(k.Account.KMS, &kms.ListKeysInput{})
	for keys.HasMorePages() {
		page, err := keys.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, key := range page.Keys {
			if id := aws.ToString(key.KeyId); !aliased[id] && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

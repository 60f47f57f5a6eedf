package resources

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/policy"
)

// otherAliases lists the aliases of the key, without the trail's.
func (k *logKey) otherAliases(ctx context.Context, id string) (names []string, err error) {
	pages := kms.NewListAliasesPaginator(k.Account.KMS, &kms.ListAliasesInput{KeyId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, alias := range page.Aliases {
			if name := aws.ToString(alias.AliasName); aws.ToString(alias.TargetKeyId) == id && name != k.Names.KeyAlias {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// identity names a key in a plan by its id and its other aliases.
func identity(id string, aliases []string) string {
	if len(aliases) == 0 {
		return "key " + id
	}
	return "key " + id + ", also " + strings.Join(aliases, ", ")
}

// users lists other users of the key: its aliases and grants. KMS does not list roles
// that may use it by their own policies.
func (k *logKey) users(ctx context.Context, id string, aliases []string) ([]string, error) {
	users := slices.Clone(aliases)
	grants, err := k.listGrants(ctx, id)
	for _, grant := range grants {
		users = append(users, "a grant to "+cmp.Or(aws.ToString(grant.GranteePrincipal), "somebody"))
	}
	return users, err
}

func (k *logKey) listGrants(ctx context.Context, id string) (grants []types.GrantListEntry, err error) {
	pages := kms.NewListGrantsPaginator(k.Account.KMS, &kms.ListGrantsInput{KeyId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		grants = append(grants, page.Grants...)
	}
	return grants, nil
}

// unadoptable returns why the key must not be adopted, or nil. Adoption replaces the
// key policy, which would lock other users out.
func (k *logKey) unadoptable(ctx context.Context, found foundKey, aliases []string, document any) (refusal, err error) {
	key := found.key
	users, err := k.users(ctx, *key.KeyId, aliases)
	if err != nil {
		return nil, err
	}
	for _, tag := range []string{trail.OwnerTag, trail.AdoptedTag} {
		if other, ok := found.tags[tag]; ok && other != k.Names.Trail {
			users = append(users, "the trail "+other)
		}
	}
	users = append(users, k.named(document)...)
	why := "others use it: " + strings.Join(users, ", ")
	switch {
	case key.KeySpec != types.KeySpecSymmetricDefault:
		why = fmt.Sprintf("it is of the kind %s, which encrypts no logs", key.KeySpec)
	case key.Origin != types.OriginTypeAwsKms:
		why = fmt.Sprintf("its material comes from %s, so that KMS cannot rotate it", key.Origin)
	case len(users) == 0:
		return nil, nil
	}
	return outcome.WithHint(fmt.Errorf("key %s cannot be taken over: %s", *key.KeyId, why),
		"kms: "+aws.ToString(key.Arn)+" in the configuration uses the key as it is; "+
			"or give the alias "+k.Names.KeyAlias+" back, and a key is made for the trail"), nil
}

// named lists the principals in a key policy, except the account's root and those in
// statements of the trail's own key policy.
func (k *logKey) named(document any) (names []string) {
	parsed, ok := document.(policy.Document)
	if !ok {
		return []string{"whoever its policy names (the policy cannot be read)"}
	}
	ours := k.Spec.KeyPolicy(k.Account.Place)
	root := []string{k.Account.Account, "arn:" + k.Account.Partition + ":iam::" + k.Account.Account + ":root"}
	for _, statement := range parsed.Statements {
		if slices.ContainsFunc(ours.Statements, func(s policy.Statement) bool { return policy.Equal(policy.New(s), policy.New(statement)) }) {
			continue
		}
		for _, kind := range slices.Sorted(maps.Keys(statement.Principal)) {
			for _, name := range statement.Principal[kind] {
				if kind != "AWS" || !slices.Contains(root, name) {
					names = append(names, name+" in its policy")
				}
			}
		}
		if len(statement.NotPrincipal) > 0 {
			names = append(names, "everybody but some in its policy")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

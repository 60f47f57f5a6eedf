package resources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// maxVersions is how many versions a managed policy can have.
const maxVersions = 5

// boundary is the managed policy that is the role's permissions boundary: it limits
// what the role's other policies can allow.
type boundary struct {
	*Set
	standard string // the default version; set by Read
}

// boundary is created first, so that a missing right ends apply before anything that
// costs money or takes long.
func (s *Set) boundary() []converge.Resource {
	b := &boundary{Set: s}
	return []converge.Resource{{
		Kind: "permissions boundary", Name: s.Names.Boundary,
		Want: b.want, Read: b.read, Create: b.create, Keep: b.keep, Delete: b.delete,
		Parts: []converge.Part{
			{Fields: []string{"document"}, Call: "iam:CreatePolicyVersion", Write: b.put},
			{Fields: []string{"tags"}, Call: "iam:TagPolicy", Write: b.tag},
		},
	}}
}

func (b *boundary) want() (converge.State, error) {
	return converge.State{"document": b.Spec.RoleBoundary(b.Account.Place), "tags": b.wantedTags()}, nil
}

func (b *boundary) read(ctx context.Context) (converge.Actual, error) {
	got, err := b.Account.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &b.Names.BoundaryARN})
	if account.Missing(err) {
		return converge.Actual{}, nil
	}
	if err != nil {
		return converge.Actual{}, err
	}
	b.standard = aws.ToString(got.Policy.DefaultVersionId)
	version, err := b.Account.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{
		PolicyArn: &b.Names.BoundaryARN, VersionId: &b.standard,
	})
	if err != nil {
		return converge.Actual{}, err
	}
	return b.found(tagsOfIAM(got.Policy.Tags), converge.State{"document": encodedDocument(version.PolicyVersion.Document)}), nil
}

func (b *boundary) create(ctx context.Context) error {
	_, err := b.Account.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName:     &b.Names.Boundary,
		PolicyDocument: aws.String(b.Spec.RoleBoundary(b.Account.Place).String()),
		Description:    aws.String("The most that the role " + b.Names.Role + " can do."),
		Tags:           iamTags(b.wantedTags()),
	})
	return b.explain(err)
}

// put makes a new version the default. If there are too many versions, it first deletes
// the oldest other one.
func (b *boundary) put(ctx context.Context, _ converge.Actual) error {
	others, err := b.otherVersions(ctx)
	if err != nil {
		return b.explain(err)
	}
	for len(others) >= maxVersions-1 {
		if err := b.deleteVersion(ctx, others[0]); err != nil {
			return b.explain(err)
		}
		others = others[1:]
	}
	_, err = b.Account.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{
		PolicyArn: &b.Names.BoundaryARN, SetAsDefault: true,
		PolicyDocument: aws.String(b.Spec.RoleBoundary(b.Account.Place).String()),
	})
	return b.explain(err)
}

// otherVersions lists the versions that are not the default, the oldest first.
func (b *boundary) otherVersions(ctx context.Context) (ids []string, err error) {
	var others []types.PolicyVersion
	pages := iam.NewListPolicyVersionsPaginator(b.Account.IAM, &iam.ListPolicyVersionsInput{PolicyArn: &b.Names.BoundaryARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		others = append(others, page.Versions...)
	}
	slices.SortFunc(others, func(a, b types.PolicyVersion) int { return aws.ToTime(a.CreateDate).Compare(aws.ToTime(b.CreateDate)) })
	for _, version := range others {
		if !version.IsDefaultVersion {
			ids = append(ids, aws.ToString(version.VersionId))
		}
	}
	return ids, nil
}

func (b *boundary) deleteVersion(ctx context.Context, id string) error {
	_, err := b.Account.IAM.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &b.Names.BoundaryARN, VersionId: &id})
	return err
}

func (b *boundary) tag(ctx context.Context, now converge.Actual) error {
	_, err := b.Account.IAM.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: &b.Names.BoundaryARN, Tags: iamTags(b.tagsFor(now))})
	return b.explain(err)
}

// keep keeps the boundary of a role that stays.
func (b *boundary) keep(ctx context.Context) (why string, err error) {
	got, err := b.Account.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &b.Names.Role})
	if account.Missing(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if b.claimOf(tagsOfIAM(got.Role.Tags)) != made && got.Role.PermissionsBoundary != nil &&
		aws.ToString(got.Role.PermissionsBoundary.PermissionsBoundaryArn) == b.Names.BoundaryARN {
		return "the role " + b.Names.Role + " stays, and has it", nil
	}
	return "", nil
}

// delete deletes the other versions first: IAM deletes no policy that has any.
func (b *boundary) delete(ctx context.Context) error {
	others, err := b.otherVersions(ctx)
	if err != nil {
		return err
	}
	for _, id := range others {
		if err := b.deleteVersion(ctx, id); err != nil {
			return err
		}
	}
	_, err = b.Account.IAM.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &b.Names.BoundaryARN})
	if in := new(types.DeleteConflictException); errors.As(err, &in) {
		return converge.Stay("a role or user still has it")
	}
	return err
}

func (b *boundary) explain(err error) error {
	return forSetup(err, "who may change the boundary can become administrator")
}

// forSetup explains a denied right that the policy of apply leaves out on purpose.
func forSetup(err error, why string) error {
	if right, denied := account.Denied(err); denied {
		return outcome.WithHint(err, fmt.Sprintf(
			"%s is not among the rights of `trailkeeper policy apply`: %s. "+
				"Let an administrator run this command once, or add the rights of `trailkeeper policy setup` for as long as it takes", right, why))
	}
	return err
}

// waitForBoundary recognizes IAM's error for a boundary that is not propagated yet.
func waitForBoundary(err error) string {
	if account.Missing(err) && strings.Contains(err.Error(), "Scope ARN") {
		return "IAM is still propagating the permissions boundary"
	}
	return ""
}

// iamTags returns tags in IAM's type.
func iamTags(tags map[string]string) (list []types.Tag) {
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	return list
}

func tagsOfIAM(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, tag := range list {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}

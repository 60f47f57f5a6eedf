package resources

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/policy"
)

// sessionSeconds is IAM's default session duration.
const sessionSeconds = 3600

// trailRole is the role that CloudTrail assumes to write to the log group.
type trailRole struct{ *Set }

func (s *Set) role() []converge.Resource {
	r := trailRole{s}
	return []converge.Resource{{
		Kind: "role", Name: s.Names.Role,
		Want: r.want, Read: r.read, Create: r.create, Delete: r.delete, Retry: waitForBoundary,
		// The path cannot be changed: no part writes it.
		Parts: []converge.Part{
			// First: the caller may make the other changes only on a role with the
			// boundary.
			{Fields: []string{"permissions_boundary"}, Call: "iam:PutRolePermissionsBoundary", Write: r.bound},
			{Fields: []string{"trust"}, Call: "iam:UpdateAssumeRolePolicy", Write: r.putTrust},
			{Fields: []string{"description", "max_session_seconds"}, Call: "iam:UpdateRole", Write: r.update},
			{Fields: []string{"policy"}, Call: "iam:PutRolePolicy", Write: r.putPolicy},
			{Fields: []string{"other_policies"}, Call: "iam:DeleteRolePolicy", Write: r.deleteOthers},
			{Fields: []string{"attached_policies"}, Call: "iam:DetachRolePolicy", Write: r.detachAll},
			{Fields: []string{"tags"}, Call: "iam:TagRole", Write: r.tag},
		},
	}}
}

func (r trailRole) want() (converge.State, error) {
	return converge.State{
		"path":                 "/",
		"description":          r.description(),
		"max_session_seconds":  sessionSeconds,
		"permissions_boundary": r.Names.BoundaryARN,
		"trust":                r.Spec.RoleTrust(r.Account.Place),
		"policy":               r.Spec.RolePolicy(r.Account.Place),
		"other_policies":       nil,
		"attached_policies":    nil,
		"tags":                 r.wantedTags(),
	}, nil
}

func (r trailRole) description() string {
	return fmt.Sprintf("Lets the trail %s write its log streams.", r.Names.Trail)
}

func (r trailRole) read(ctx context.Context) (converge.Actual, error) {
	got, err := r.Account.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.Names.Role})
	if account.Missing(err) {
		return converge.Actual{}, nil
	}
	if err != nil {
		return converge.Actual{}, err
	}
	role := got.Role
	state := converge.State{
		"path":                aws.ToString(role.Path),
		"description":         orNil(aws.ToString(role.Description)),
		"max_session_seconds": int(aws.ToInt32(role.MaxSessionDuration)),
		"trust":               encodedDocument(role.AssumeRolePolicyDocument),
	}
	if role.PermissionsBoundary != nil {
		state["permissions_boundary"] = aws.ToString(role.PermissionsBoundary.PermissionsBoundaryArn)
	}
	if err := r.readPolicies(ctx, state); err != nil {
		return converge.Actual{}, err
	}
	return r.found(tagsOfIAM(role.Tags), state), nil
}

func (r trailRole) readPolicies(ctx context.Context, state converge.State) error {
	inline, err := r.inline(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(inline, r.Names.RolePolicy) {
		got, err := r.Account.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &r.Names.Role, PolicyName: &r.Names.RolePolicy})
		if err != nil {
			return err
		}
		state["policy"] = encodedDocument(got.PolicyDocument)
	}
	others := slices.DeleteFunc(inline, func(name string) bool { return name == r.Names.RolePolicy })
	attached, err := r.attached(ctx)
	if err != nil {
		return err
	}
	state["other_policies"], state["attached_policies"] = converge.Set(others), converge.Set(attached)
	return nil
}

// inline lists the names of the inline policies.
func (r trailRole) inline(ctx context.Context) (names []string, err error) {
	pages := iam.NewListRolePoliciesPaginator(r.Account.IAM, &iam.ListRolePoliciesInput{RoleName: &r.Names.Role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		names = append(names, page.PolicyNames...)
	}
	return names, nil
}

// attached lists the ARNs of the attached managed policies.
func (r trailRole) attached(ctx context.Context) (arns []string, err error) {
	pages := iam.NewListAttachedRolePoliciesPaginator(r.Account.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &r.Names.Role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, attached := range page.AttachedPolicies {
			arns = append(arns, aws.ToString(attached.PolicyArn))
		}
	}
	return arns, nil
}

// encodedDocument decodes a policy document of IAM. If it does not parse, its text is
// returned, which differs from every document.
func encodedDocument(encoded *string) any {
	text, err := url.PathUnescape(aws.ToString(encoded))
	if err != nil {
		return aws.ToString(encoded)
	}
	document, err := policy.Parse([]byte(text))
	if err != nil {
		return text
	}
	return document
}

func (r trailRole) create(ctx context.Context) error {
	_, err := r.Account.IAM.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: &r.Names.Role, Description: aws.String(r.description()), MaxSessionDuration: aws.Int32(sessionSeconds),
		AssumeRolePolicyDocument: aws.String(r.Spec.RoleTrust(r.Account.Place).String()), Tags: iamTags(r.wantedTags()),
		PermissionsBoundary: &r.Names.BoundaryARN,
	})
	return err
}

func (r trailRole) putTrust(ctx context.Context, _ converge.Actual) error {
	_, err := r.Account.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
		RoleName: &r.Names.Role, PolicyDocument: aws.String(r.Spec.RoleTrust(r.Account.Place).String()),
	})
	return err
}

func (r trailRole) update(ctx context.Context, _ converge.Actual) error {
	_, err := r.Account.IAM.UpdateRole(ctx, &iam.UpdateRoleInput{
		RoleName: &r.Names.Role, Description: aws.String(r.description()), MaxSessionDuration: aws.Int32(sessionSeconds),
	})
	return err
}

func (r trailRole) bound(ctx context.Context, _ converge.Actual) error {
	_, err := r.Account.IAM.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
		RoleName: &r.Names.Role, PermissionsBoundary: &r.Names.BoundaryARN,
	})
	return err
}

func (r trailRole) putPolicy(ctx context.Context, _ converge.Actual) error {
	_, err := r.Account.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &r.Names.Role, PolicyName: &r.Names.RolePolicy,
		PolicyDocument: aws.String(r.Spec.RolePolicy(r.Account.Place).String()),
	})
	return err
}

func (r trailRole) deleteOthers(ctx context.Context, now converge.Actual) error {
	others, _ := now.State["other_policies"].(converge.Set)
	return r.deleteInline(ctx, others)
}

func (r trailRole) deleteInline(ctx context.Context, names []string) error {
	for _, name := range names {
		_, err := r.Account.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &r.Names.Role, PolicyName: &name})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r trailRole) detachAll(ctx context.Context, _ converge.Actual) error {
	attached, err := r.attached(ctx)
	if err != nil {
		return err
	}
	for _, arn := range attached {
		_, err := r.Account.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &r.Names.Role, PolicyArn: &arn})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r trailRole) tag(ctx context.Context, now converge.Actual) error {
	_, err := r.Account.IAM.TagRole(ctx, &iam.TagRoleInput{RoleName: &r.Names.Role, Tags: iamTags(r.tagsFor(now))})
	return err
}

// delete removes the role's policies first: IAM deletes no role that has any.
func (r trailRole) delete(ctx context.Context) error {
	inline, err := r.inline(ctx)
	if err == nil {
		err = r.deleteInline(ctx, inline)
	}
	if err == nil {
		err = r.detachAll(ctx, converge.Actual{})
	}
	if err == nil {
		_, err = r.Account.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &r.Names.Role})
	}
	return err
}

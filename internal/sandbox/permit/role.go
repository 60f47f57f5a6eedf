package permit

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/cerpac/trailkeeper/internal/access"
)

// Role implements access.Guards.
func (r reader) Role(ctx context.Context, t access.Trail, name string) (access.Role, error) {
	client, err := r.clients.IAM(ctx, t.Account)
	if err != nil {
		return access.Role{}, err
	}
	held, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err := found(err, noSuchEntity, "read role %q", name); err != nil {
		return access.Role{}, err
	}
	role := access.Role{Trust: unescape(held.Role.AssumeRolePolicyDocument)}
	if role.Policies, err = policies(ctx, client, name); err != nil {
		return access.Role{}, fmt.Errorf("read policies of role %q: %w", name, err)
	}
	boundary := held.Role.PermissionsBoundary
	if boundary == nil {
		return role, nil
	}
	role.Boundary = &[]string{}
	document, err := managed(ctx, client, boundary.PermissionsBoundaryArn)
	switch {
	case err == nil:
		*role.Boundary = []string{document}
	case code(err) != noSuchEntity:
		return access.Role{}, fmt.Errorf("read permissions boundary of role %q: %w", name, err)
	}
	return role, nil
}

const noSuchEntity = "NoSuchEntity"

func policies(ctx context.Context, client *iam.Client, name string) ([]string, error) {
	var documents []string
	inline := iam.NewListRolePoliciesPaginator(client, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for i := range page.PolicyNames {
			held, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &page.PolicyNames[i]})
			if err != nil {
				return nil, err
			}
			documents = append(documents, unescape(held.PolicyDocument))
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(client, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, one := range page.AttachedPolicies {
			document, err := managed(ctx, client, one.PolicyArn)
			if err != nil {
				return nil, err
			}
			documents = append(documents, document)
		}
	}
	return documents, nil
}

// managed reads the default version of a managed policy.
func managed(ctx context.Context, client *iam.Client, arn *string) (string, error) {
	held, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if err != nil {
		return "", err
	}
	version, err := client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: held.Policy.DefaultVersionId})
	if err != nil {
		return "", err
	}
	return unescape(version.PolicyVersion.Document), nil
}

// unescape decodes a policy document, which IAM returns URL-encoded.
func unescape(document *string) string {
	if document == nil {
		return ""
	}
	if plain, err := url.PathUnescape(*document); err == nil {
		return plain
	}
	return *document
}

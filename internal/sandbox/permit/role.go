package permit

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/cerpac/trailkeeper/arn"
)

// role holds the policy documents of a role.
type role struct {
	trust    string
	policies []string // inline and attached
	bounded  bool     // it has a permissions boundary
	boundary []string // of the boundary; empty, which allows nothing, if it is missing
}

// role reads the trail's role. A missing role is refused like one that does not trust
// CloudTrail, as in AWS.
func (c *checker) role(ctx context.Context, t Trail) (role, error) {
	named, _ := arn.Parse(t.RoleARN)
	name, isRole := strings.CutPrefix(named.Resource, "role/")
	name = name[strings.LastIndex(name, "/")+1:]
	if !isRole || named.AccountID != t.Account {
		return role{}, distrusted(t, "it is no role of the trail's account")
	}
	client, err := c.clients.IAM(ctx, t.Account)
	if err != nil {
		return role{}, err
	}
	held, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if code(err) == "NoSuchEntity" {
		return role{}, distrusted(t, "it does not exist")
	}
	if err != nil {
		return role{}, fmt.Errorf("read role %q: %w", name, err)
	}
	r := role{trust: unescape(held.Role.AssumeRolePolicyDocument)}
	if r.policies, err = policies(ctx, client, name); err != nil {
		return role{}, fmt.Errorf("read policies of role %q: %w", name, err)
	}
	if boundary := held.Role.PermissionsBoundary; boundary != nil {
		r.bounded = true
		document, err := managed(ctx, client, boundary.PermissionsBoundaryArn)
		if err == nil {
			r.boundary = []string{document}
		} else if code(err) != "NoSuchEntity" {
			return role{}, fmt.Errorf("read permissions boundary of role %q: %w", name, err)
		}
	}
	return r, nil
}

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

package resources

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/policy"
)

const anybody = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`

func TestRole(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(nil)
	role, api := &s.Names.Role, b.IAM
	const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	const managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"

	mends(t, s.role(), []drift{
		{"trust", func(ctx context.Context) error {
			_, err := api.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: aws.String(anybody)})
			return err
		}, []string{"trust"}},
		{"policy", func(ctx context.Context) error {
			_, err := api.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: &s.Names.RolePolicy, PolicyDocument: aws.String(everything)})
			return err
		}, []string{"policy"}},
		{"policy deleted", func(ctx context.Context) error {
			_, err := api.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: &s.Names.RolePolicy})
			return err
		}, []string{"policy"}},
		{"another inline policy", func(ctx context.Context) error {
			_, err := api.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("more"), PolicyDocument: aws.String(everything)})
			return err
		}, []string{"other_policies"}},
		{"attached policy", func(ctx context.Context) error {
			_, err := api.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: aws.String(managed)})
			return err
		}, []string{"attached_policies"}},
		{"another permissions boundary", func(ctx context.Context) error {
			_, err := api.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: role, PermissionsBoundary: aws.String(managed)})
			return err
		}, []string{"permissions_boundary"}},
		{"no permissions boundary", func(ctx context.Context) error {
			_, err := api.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: role})
			return err
		}, []string{"permissions_boundary"}},
		{"session", func(ctx context.Context) error {
			_, err := api.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: role, MaxSessionDuration: aws.Int32(43200)})
			return err
		}, []string{"max_session_seconds"}},
		{"description", func(ctx context.Context) error {
			_, err := api.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: role, Description: aws.String("something else")})
			return err
		}, []string{"description"}},
		{"tags", func(ctx context.Context) error {
			_, err := api.UntagRole(ctx, &iam.UntagRoleInput{RoleName: role, TagKeys: []string{"team"}})
			return err
		}, []string{"tags"}},
		{"tags of others", func(ctx context.Context) error {
			_, err := api.TagRole(ctx, &iam.TagRoleInput{RoleName: role, Tags: []types.Tag{{Key: aws.String("cost"), Value: aws.String("7")}}})
			return err
		}, nil},
		{"deleted", func(ctx context.Context) error { return trailRole{s}.delete(ctx) },
			[]string{"description", "max_session_seconds", "path", "permissions_boundary", "policy", "tags", "trust"}},
	})

	t.Run("destroy", func(t *testing.T) {
		_, err := api.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: aws.String(managed)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := converge.Destroy(t.Context(), s.role(), hurried()); err != nil {
			t.Fatal(err)
		}
		if _, err := api.GetRole(t.Context(), &iam.GetRoleInput{RoleName: role}); !account.Missing(err) {
			t.Errorf("GetRole: %v, want that it is missing", err)
		}
	})

	t.Run("of others", func(t *testing.T) {
		_, err := api.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: role, Path: aws.String("/service/"), AssumeRolePolicyDocument: aws.String(anybody)})
		if err != nil {
			t.Fatal(err)
		}
		refuses(t, s.role(), "")
		_, err = api.TagRole(t.Context(), &iam.TagRoleInput{RoleName: role, Tags: []types.Tag{{Key: aws.String(trail.OwnerTag), Value: &s.Names.Trail}}})
		if err != nil {
			t.Fatal(err)
		}
		refuses(t, s.role(), "path")
	})
}

func TestEncodedDocument(t *testing.T) {
	encoded := "%7B%22Version%22%3A%20%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGet%2B%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"
	want := policy.New(policy.Statement{Effect: policy.Allow, Action: policy.Values{"s3:Get+"}, Resource: policy.Values{"*"}})
	if got, ok := encodedDocument(&encoded).(policy.Document); !ok || !policy.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, broken := range []string{"%7Bnonsense", "100%"} {
		if _, ok := encodedDocument(&broken).(string); !ok {
			t.Errorf("%q: got %v, want its text", broken, encodedDocument(&broken))
		}
	}
}

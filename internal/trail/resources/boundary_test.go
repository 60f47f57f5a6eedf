package resources

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

const allowsAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func TestBoundary(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(nil)
	api, arn := b.IAM, &s.Names.BoundaryARN
	widen := func(ctx context.Context) error {
		_, err := api.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(allowsAll), SetAsDefault: true})
		return err
	}
	mends(t, s.boundary(), []drift{
		{"document", widen, []string{"document"}},
		{"an old version in force", func(ctx context.Context) error {
			_, err := api.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
			return err
		}, []string{"document"}},
		{"document again, with all versions that there can be", widen, []string{"document"}},
		{"versions that are not in force", func(ctx context.Context) error {
			_, err := api.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v4")})
			if err == nil {
				_, err = api.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(allowsAll)})
			}
			return err
		}, nil},
		{"tags", func(ctx context.Context) error {
			_, err := api.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: arn, TagKeys: []string{"team"}})
			return err
		}, []string{"tags"}},
		{"deleted", func(ctx context.Context) error { return (&boundary{Set: s}).delete(ctx) }, []string{"document", "tags"}},
	})

	t.Run("destroy", func(t *testing.T) {
		if err := widen(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := converge.Destroy(t.Context(), s.boundary(), hurried()); err != nil {
			t.Fatal(err)
		}
		if _, err := api.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: arn}); !account.Missing(err) {
			t.Errorf("GetPolicy: %v, want that it is missing", err)
		}
	})

	t.Run("of others", func(t *testing.T) {
		if _, err := api.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &s.Names.Boundary, PolicyDocument: aws.String(allowsAll)}); err != nil {
			t.Fatal(err)
		}
		refuses(t, s.boundary(), "")
	})
}

// A role of a trail that was made before there were boundaries gets one, before
// anything else of it is changed.
func TestBoundaryIsAdded(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(nil)
	_, err := b.IAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &s.Names.Role, AssumeRolePolicyDocument: aws.String(anybody), Tags: iamTags(s.wantedTags())})
	if err != nil {
		t.Fatal(err)
	}
	result, err := converge.Apply(t.Context(), append(s.boundary(), s.role()...), hurried())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"created permissions boundary " + s.Names.Boundary,
		"set permissions_boundary of role " + s.Names.Role,
		"set trust of role " + s.Names.Role,
	}
	if len(result.Done) < len(want) || strings.Join(result.Done[:len(want)], "\n") != strings.Join(want, "\n") {
		t.Errorf("done: %q, want first %q", result.Done, want)
	}
}

// With only the printed rights, the error says what to do about the boundary.
func TestBoundaryIsForAdministrators(t *testing.T) {
	denied := &smithy.OperationError{ServiceID: "IAM", OperationName: "CreatePolicy", Err: &smithy.GenericAPIError{Code: "AccessDenied"}}
	if hint := outcome.Hint(forSetup(denied, "it is so")); !strings.Contains(hint, "iam:CreatePolicy ") || !strings.Contains(hint, "`trailkeeper policy setup`") {
		t.Errorf("the hint is %q", hint)
	}
	other := &smithy.GenericAPIError{Code: "LimitExceeded"}
	if err := forSetup(other, "it is so"); !errors.Is(err, other) || outcome.Hint(err) != "" {
		t.Errorf("another error became %v", err)
	}
}

func TestWaitForBoundary(t *testing.T) {
	for message, waits := range map[string]bool{
		"Scope ARN: arn:aws:iam::123456789012:policy/p does not exist or is not attachable.": true,
		"The role with name r cannot be found.":                                              false,
	} {
		if why := waitForBoundary(&smithy.GenericAPIError{Code: "NoSuchEntity", Message: message}); (why != "") != waits {
			t.Errorf("%s: %q", message, why)
		}
	}
}

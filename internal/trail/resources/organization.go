package resources

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// organization is only read: apply does not change what the organization trusts.
func (s *Set) organization() []converge.Resource {
	if !s.Spec.Organization {
		return nil
	}
	trusted := false
	return []converge.Resource{{
		Kind: "organization", Name: s.Account.Organization,
		Want: func() (converge.State, error) {
			if !trusted {
				return nil, fmt.Errorf("organization %s does not trust CloudTrail: %s", s.Account.Organization,
					organizationAdvice("CloudTrailAccessNotEnabledException"))
			}
			return converge.State{}, nil
		},
		Read: func(ctx context.Context) (actual converge.Actual, err error) {
			trusted, err = s.trustsCloudTrail(ctx)
			return converge.Actual{Exists: true, Shared: "it is not the trail's"}, err
		},
		Stays: "it is not the trail's",
	}}
}

func (s *Set) trustsCloudTrail(ctx context.Context) (bool, error) {
	pages := organizations.NewListAWSServiceAccessForOrganizationPaginator(s.Account.Organizations,
		&organizations.ListAWSServiceAccessForOrganizationInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, service := range page.EnabledServicePrincipals {
			if aws.ToString(service.ServicePrincipal) == account.ServicePrincipal {
				return true, nil
			}
		}
	}
	return false, nil
}

// organizationAdvice returns the hint for an error of CloudTrail about organization
// trails.
func organizationAdvice(code string) string {
	switch code {
	case "CloudTrailAccessNotEnabledException":
		return "let it, with the management account's credentials: " +
			"aws organizations enable-aws-service-access --service-principal " + account.ServicePrincipal
	case "NotOrganizationMasterAccountException":
		return "use the credentials of the organization's management account, or set organization to false"
	case "OrganizationsNotInUseException":
		return "the account is in no organization: set organization to false"
	case "OrganizationNotInAllFeaturesModeException":
		return "turn on all features, with the management account's credentials: aws organizations enable-all-features"
	case "NoManagementAccountSLRExistsException":
		return "let AWS make its role, with the management account's credentials: " +
			"aws iam create-service-linked-role --aws-service-name " + account.ServicePrincipal
	case "InsufficientDependencyServiceAccessPermissionException":
		return "the caller also needs organizations:DescribeOrganization, organizations:ListAWSServiceAccessForOrganization, " +
			"iam:GetRole and iam:CreateServiceLinkedRole"
	}
	return ""
}

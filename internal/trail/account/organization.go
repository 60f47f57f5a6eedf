package account

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// ServicePrincipal is CloudTrail's name in policies and in AWS Organizations.
const ServicePrincipal = "cloudtrail.amazonaws.com"

// organize fills in the organization and checks that the account may have a trail for
// it: the CloudTrail user guide, "Prepare for creating a trail for your organization".
func (a *Account) organize(ctx context.Context) error {
	described, err := a.Organizations.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	switch {
	case Code(err) == "AWSOrganizationsNotInUseException":
		return outcome.WithHint(fmt.Errorf("find organization: account %s is in none", a.Account),
			"set organization to false, or use the management account's credentials")
	case err != nil:
		return fmt.Errorf("find organization: %w", err)
	}
	organization := described.Organization
	a.Organization, a.Management = aws.ToString(organization.Id), aws.ToString(organization.MasterAccountId)
	if organization.FeatureSet != types.OrganizationFeatureSetAll {
		return outcome.WithHint(fmt.Errorf("use organization %s: it has consolidated billing only", a.Organization),
			"turn on all features: aws organizations enable-all-features, in account "+a.Management)
	}
	if a.Account == a.Management {
		return nil
	}
	return a.delegated(ctx)
}

// delegated checks that the management account made this one a delegated administrator.
func (a *Account) delegated(ctx context.Context) error {
	pages := organizations.NewListDelegatedAdministratorsPaginator(a.Organizations,
		&organizations.ListDelegatedAdministratorsInput{ServicePrincipal: aws.String(ServicePrincipal)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if _, denied := Denied(err); denied {
			break // AWS's answer to members that administer nothing
		}
		if err != nil {
			return fmt.Errorf("find administrators of organization %s: %w", a.Organization, err)
		}
		for _, administrator := range page.DelegatedAdministrators {
			if aws.ToString(administrator.Id) == a.Account {
				return nil
			}
		}
	}
	return outcome.WithHint(fmt.Errorf("use organization %s: account %s neither manages it nor administers its CloudTrail", a.Organization, a.Account),
		"use the credentials of the management account "+a.Management)
}

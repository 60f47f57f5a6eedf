package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/trail/account"
)

// beside returns the note for settings that are not in the configuration. Apply does not
// change them.
func beside(what string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	if what != "" {
		what += " "
	}
	return "not in the configuration: " + what + strings.Join(list, ", ") + "; apply leaves it"
}

// subscribers returns a note of the log group's subscription filters.
func (g trailLogGroup) subscribers(ctx context.Context) (string, error) {
	var list []string
	pages := cloudwatchlogs.NewDescribeSubscriptionFiltersPaginator(g.Account.Logs, &cloudwatchlogs.DescribeSubscriptionFiltersInput{
		LogGroupName: &g.Names.LogGroup,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if account.Missing(err) { // the log group, since it was found
			return "", nil
		}
		if err != nil {
			return "", err
		}
		for _, f := range page.SubscriptionFilters {
			list = append(list, aws.ToString(f.FilterName)+" to "+g.whose(aws.ToString(f.DestinationArn)))
		}
	}
	return beside("subscription filters", list), nil
}

// whose adds the account to an ARN of another account.
func (s *Set) whose(name string) string {
	if owner := arn.Account(name); owner != "" && owner != s.Account.Account {
		return name + " (of the account " + owner + ")"
	}
	return name
}

// grants returns a note of the key's grants, which allow use of the key outside of its
// policy. Grants to AWS services are included.
func (k *logKey) grants(ctx context.Context) (string, error) {
	grants, err := k.listGrants(ctx, *k.id)
	if err != nil {
		return "", err
	}
	var list []string
	for _, grant := range grants {
		var operations []string
		for _, o := range grant.Operations {
			operations = append(operations, string(o))
		}
		list = append(list, aws.ToString(grant.GranteePrincipal)+" ("+strings.Join(operations, " ")+")")
	}
	return beside("grants to", list), nil
}

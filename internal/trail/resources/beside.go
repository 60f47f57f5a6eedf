package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/trail/account"
)

// beside is a note of what others may add to a part of the trail for reasons of their
// own. It is shown, and left alone.
func beside(what string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	if what != "" {
		what += " "
	}
	return "not in the configuration: " + what + strings.Join(list, ", ") + "; apply leaves it"
}

// subscribers get every event that is written to the log group.
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

// whose adds to an ARN the account, if it is another one.
func (s *Set) whose(name string) string {
	if owner := arn.Account(name); owner != "" && owner != s.Account.Account {
		return name + " (of the account " + owner + ")"
	}
	return name
}

// grants let others use the key without a word in its policy. Those of services of
// AWS that work for the account are there too.
func (k *logKey) grants(ctx context.Context) (string, error) {
	var list []string
	pages := kms.NewListGrantsPaginator(k.Account.KMS, &kms.ListGrantsInput{KeyId: k.id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, grant := range page.Grants {
			var operations []string
			for _, o := range grant.Operations {
				operations = append(operations, string(o))
			}
			list = append(list, aws.ToString(grant.GranteePrincipal)+" ("+strings.Join(operations, " ")+")")
		}
	}
	return beside("grants to", list), nil
}

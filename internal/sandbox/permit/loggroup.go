package permit

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"
)

// LogGroup checks that CloudTrail may assume the role, and that the role may write to
// the trail's streams in the log group.
func (c *checker) LogGroup(ctx context.Context, t Trail) error {
	if c.fresh != nil && c.fresh(t.RoleARN) {
		return distrusted(t, "it is too young")
	}
	r, err := c.role(ctx, t)
	if err != nil {
		return err
	}
	if why := denied([]string{r.trust}, request(t, "sts:AssumeRole", "")); why != "" {
		return distrusted(t, why)
	}
	if err := c.groupExists(ctx, t); err != nil {
		return err
	}
	why := denied(r.policies, streamRequests(t)...)
	if why == "" && r.bounded {
		why = denied(r.boundary, streamRequests(t)...)
	}
	if why == "" {
		return nil
	}
	return &Denial{
		Code:    "InvalidCloudWatchLogsLogGroupArnException",
		Message: "Access denied. Check the permissions for your role.",
		Status:  accessDenied,
		Why:     fmt.Sprintf("role %q: %s", t.RoleARN, why),
	}
}

func distrusted(t Trail, why string) error {
	return &Denial{
		Code:    "InvalidCloudWatchLogsRoleArnException",
		Message: "Access denied. Check the trust relationships for your role.",
		Status:  accessDenied,
		Why:     fmt.Sprintf("role %q: %s", t.RoleARN, why),
	}
}

// groupExists checks that the log group exists in the trail's account and home Region.
func (c *checker) groupExists(ctx context.Context, t Trail) error {
	invalid := func(why string) error {
		return &Denial{
			Code:    "InvalidCloudWatchLogsLogGroupArnException",
			Message: "Check the log group ARN: CloudTrail can't validate it.",
			Status:  groupNotFound,
			Why:     fmt.Sprintf("log group %q: %s", t.LogGroupARN, why),
		}
	}
	group, _ := arn.Parse(groupARN(t))
	name, isGroup := strings.CutPrefix(group.Resource, "log-group:")
	switch {
	case !isGroup || group.Service != "logs":
		return invalid("it is no ARN of a log group")
	case group.AccountID != t.Account || group.Region != t.Region:
		return invalid("it is not in the account and home Region of the trail")
	}
	client, err := c.clients.Logs(ctx, t.Account, t.Region)
	if err != nil {
		return err
	}
	// Groups are sorted by name, so the exact name comes before names that it begins.
	found, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	if err != nil {
		return fmt.Errorf("find log group %q: %w", name, err)
	}
	if len(found.LogGroups) == 0 || aws.ToString(found.LogGroups[0].LogGroupName) != name {
		return invalid("it does not exist")
	}
	return nil
}

func groupARN(t Trail) string { return strings.TrimSuffix(t.LogGroupARN, ":*") }

// streamRequests returns the policy requests of the role, for the stream in the home
// Region that a trail writes to first.
func streamRequests(t Trail) []policy.Request {
	stream := groupARN(t) + ":log-stream:"
	own := t.Account + "_CloudTrail_" + t.Region
	resources := []string{stream + own}
	if t.Organization != "" {
		resources = append(resources, stream+t.Organization+"_"+own)
	}
	var requests []policy.Request
	for _, resource := range resources {
		for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
			requests = append(requests, policy.Request{Action: action, Resource: resource, Context: map[string][]string{
				"aws:PrincipalArn":     {t.RoleARN},
				"aws:PrincipalAccount": {t.Account},
				"aws:PrincipalType":    {"AssumedRole"},
				"aws:SecureTransport":  {"true"},
				"aws:RequestedRegion":  {t.Region},
			}})
		}
	}
	return requests
}

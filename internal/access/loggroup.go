package access

import (
	"context"
	"errors"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"
)

// LogGroup checks that CloudTrail may assume the role, and that the role may write to
// the trail's streams in the log group. The answer is about the one of the two that
// has the problem; a role whose own policies do not let it write has [Step.Request]
// without a principal.
func (c *Checker) LogGroup(ctx context.Context, t Trail) (Answer, error) {
	a := Answer{Subject: TheRole, Name: t.RoleARN}
	if c.Young != nil && c.Young(t.RoleARN) {
		return a.problem(TooYoung, "it is too young"), nil
	}
	role, a, err := c.role(ctx, t, a)
	if err != nil || !a.Allowed() {
		return a, err
	}
	if a = a.ask(trustPolicy, []string{role.Trust}, request(t, "sts:AssumeRole", "")); !a.Allowed() {
		return a, nil
	}
	if group, err := c.group(ctx, t); err != nil || !group.Allowed() {
		return group, err
	}
	a = a.ask(rolePolicies, role.Policies, streamRequests(t)...)
	if a.Allowed() && role.Boundary != nil {
		a = a.ask("permissions boundary of the role", *role.Boundary, streamRequests(t)...)
	}
	return a, nil
}

// Policies of a role, as [Step.Policy] names them.
const (
	trustPolicy  = "trust policy of the role"
	rolePolicies = "policies of the role"
)

// Trusted reports whether the role of the answer trusts CloudTrail: its problem, if
// there is one, is what the role itself may do.
func (a Answer) Trusted() bool {
	for _, s := range a.Asked {
		if s.Policy == trustPolicy {
			return s.Decision.Allowed()
		}
	}
	return false
}

// role reads the trail's role.
func (c *Checker) role(ctx context.Context, t Trail, a Answer) (Role, Answer, error) {
	named, _ := arn.Parse(t.RoleARN)
	name, isRole := strings.CutPrefix(named.Resource, "role/")
	name = name[strings.LastIndex(name, "/")+1:]
	if !isRole || named.AccountID != t.Account {
		return Role{}, a.problem(Elsewhere, "it is no role of the trail's account"), nil
	}
	role, err := c.Guards.Role(ctx, t, name)
	if errors.Is(err, ErrNotFound) {
		return Role{}, a.problem(Missing, absent), nil
	}
	return role, a, err
}

// group checks that the log group exists in the trail's account and home Region.
func (c *Checker) group(ctx context.Context, t Trail) (Answer, error) {
	a := Answer{Subject: TheLogGroup, Name: t.LogGroupARN}
	group, _ := arn.Parse(groupARN(t))
	name, isGroup := strings.CutPrefix(group.Resource, "log-group:")
	switch {
	case !isGroup || group.Service != "logs":
		return a.problem(Missing, "it is no ARN of a log group"), nil
	case group.AccountID != t.Account || group.Region != t.Region:
		return a.problem(Elsewhere, "it is not in the account and home Region of the trail"), nil
	}
	err := c.Destinations.LogGroup(ctx, t, name)
	if errors.Is(err, ErrNotFound) {
		return a.problem(Missing, absent), nil
	}
	return a, err
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

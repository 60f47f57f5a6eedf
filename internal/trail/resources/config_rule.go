package resources

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// configRule returns the resource of a rule. A rule that is not one of fittingRules may
// have any parameters and schedule.
func (s *Set) configRule(r rule) converge.Resource {
	put := func(ctx context.Context) error { return s.putRule(ctx, r) }
	arn := ""
	return converge.Resource{
		Kind: "Config rule", Name: r.name(),
		Want: func() (converge.State, error) {
			want := converge.State{"owner": string(types.OwnerAws), "identifier": r.identifier, "tags": s.wantedTags()}
			if r.periodic {
				want["parameters"], want["frequency"] = r.parameters, string(types.MaximumExecutionFrequencyTwentyFourHours)
				want["scope"] = nil
			}
			return want, nil
		},
		Read: func(ctx context.Context) (converge.Actual, error) {
			out, err := s.Account.Config.DescribeConfigRules(ctx, &configservice.DescribeConfigRulesInput{ConfigRuleNames: []string{r.name()}})
			if account.Missing(err) || err == nil && (len(out.ConfigRules) == 0 || going(out.ConfigRules[0])) {
				return converge.Actual{}, nil
			}
			if err != nil {
				return converge.Actual{}, err
			}
			arn = aws.ToString(out.ConfigRules[0].ConfigRuleArn)
			tags, err := s.ruleTags(ctx, arn)
			if err != nil {
				return converge.Actual{}, err
			}
			return s.found(tags, describeRule(out.ConfigRules[0])), nil
		},
		Create: put,
		Parts: []converge.Part{
			{
				Fields: []string{"owner", "identifier", "parameters", "frequency", "scope"}, Call: "config:PutConfigRule",
				Write: func(ctx context.Context, _ converge.Actual) error { return put(ctx) },
			},
			{Fields: []string{"tags"}, Call: "config:TagResource", Write: func(ctx context.Context, now converge.Actual) error {
				_, err := s.Account.Config.TagResource(ctx, &configservice.TagResourceInput{ResourceArn: &arn, Tags: ruleTags(s.tagsFor(now))})
				return err
			}},
		},
		Delete: func(ctx context.Context) error { return s.deleteRule(ctx, r.name()) },
		Retry:  waitForRule,
	}
}

// going reports whether a rule is being deleted, which takes AWS Config a while.
func going(r types.ConfigRule) bool {
	return r.ConfigRuleState == types.ConfigRuleStateDeleting || r.ConfigRuleState == types.ConfigRuleStateDeletingResults
}

// waitForRule returns why AWS Config refuses a rule temporarily.
func waitForRule(err error) string {
	if account.Code(err) == "ResourceInUseException" {
		return "AWS Config is evaluating or deleting the rule"
	}
	return ""
}

func describeRule(r types.ConfigRule) converge.State {
	state := converge.State{"frequency": cmp.Or(string(r.MaximumExecutionFrequency), string(types.MaximumExecutionFrequencyTwentyFourHours))}
	if r.Source != nil {
		state["owner"], state["identifier"] = string(r.Source.Owner), aws.ToString(r.Source.SourceIdentifier)
	}
	if text := aws.ToString(r.InputParameters); text != "" {
		parameters := map[string]string{}
		state["parameters"] = parameters
		if json.Unmarshal([]byte(text), &parameters) != nil {
			state["parameters"] = text // not JSON, so not our parameters
		}
	}
	if scope := r.Scope; scope != nil {
		state["scope"] = append(converge.Set(scope.ComplianceResourceTypes),
			aws.ToString(scope.ComplianceResourceId), aws.ToString(scope.TagKey), aws.ToString(scope.TagValue))
	}
	return state
}

func (s *Set) putRule(ctx context.Context, r rule) error {
	put := types.ConfigRule{
		ConfigRuleName: aws.String(r.name()),
		Source:         &types.Source{Owner: types.OwnerAws, SourceIdentifier: &r.identifier},
	}
	if r.periodic {
		put.MaximumExecutionFrequency = types.MaximumExecutionFrequencyTwentyFourHours
	}
	if len(r.parameters) > 0 {
		parameters, err := json.Marshal(r.parameters)
		if err != nil {
			return err
		}
		put.InputParameters = aws.String(string(parameters))
	}
	_, err := s.Account.Config.PutConfigRule(ctx, &configservice.PutConfigRuleInput{ConfigRule: &put, Tags: ruleTags(s.wantedTags())})
	if account.Code(err) == "NoAvailableConfigurationRecorderException" { // deleted since the plan
		return outcome.WithHint(err, recorderAdvice)
	}
	return err
}

func (s *Set) deleteRule(ctx context.Context, name string) error {
	_, err := s.Account.Config.DeleteConfigRule(ctx, &configservice.DeleteConfigRuleInput{ConfigRuleName: &name})
	if account.Missing(err) {
		return nil
	}
	return err
}

// leftoverRules are rules that only an earlier configuration wanted.
func (s *Set) leftoverRules() converge.Resource {
	list := leftoverList("leftover Config rules", s.Names.Trail, s.unwantedRules, s.deleteRule)
	list.Retry = waitForRule
	return list
}

// unwantedRules lists those that carry our tag. An account can have hundreds of rules,
// so only the tags of those with a name of ours are read.
func (s *Set) unwantedRules(ctx context.Context) (names []string, err error) {
	var wanted []rule
	if s.Spec.ConfigRules.Enabled {
		wanted = s.rules()
	}
	pages := configservice.NewDescribeConfigRulesPaginator(s.Account.Config, &configservice.DescribeConfigRulesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, found := range page.ConfigRules {
			name := aws.ToString(found.ConfigRuleName)
			if going(found) || found.Source == nil || name != (rule{identifier: aws.ToString(found.Source.SourceIdentifier)}).name() ||
				slices.ContainsFunc(wanted, func(r rule) bool { return r.name() == name }) {
				continue
			}
			tags, err := s.ruleTags(ctx, aws.ToString(found.ConfigRuleArn))
			if err != nil {
				return nil, err
			}
			if s.claimOf(tags) == made {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

func (s *Set) ruleTags(ctx context.Context, arn string) (map[string]string, error) {
	tags := map[string]string{}
	pages := configservice.NewListTagsForResourcePaginator(s.Account.Config, &configservice.ListTagsForResourceInput{ResourceArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return tags, nil
}

// ruleTags returns tags in AWS Config's type, sorted by key.
func ruleTags(tags map[string]string) (list []types.Tag) {
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	slices.SortFunc(list, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return list
}

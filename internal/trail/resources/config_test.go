package resources

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/selector"
)

// nowhere is an account without clients.
func nowhere() *account.Account {
	return &account.Account{Place: trail.Place{Partition: "aws", Account: testAccount, Region: testRegion}}
}

// record makes AWS Config's recorder, as somebody has who uses it.
func (b *trailBox) record(t *testing.T) {
	t.Helper()
	_, err := b.Config.PutConfigurationRecorder(t.Context(), &configservice.PutConfigurationRecorderInput{
		ConfigurationRecorder: &types.ConfigurationRecorder{
			Name: aws.String("default"), RoleARN: aws.String("arn:aws:iam::" + testAccount + ":role/config"),
			RecordingGroup: &types.RecordingGroup{AllSupported: true},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *trailBox) ruleNames(t *testing.T) (names []string) {
	t.Helper()
	out, err := b.Config.DescribeConfigRules(t.Context(), &configservice.DescribeConfigRulesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range out.ConfigRules {
		names = append(names, *r.ConfigRuleName)
	}
	return slices.Sorted(slices.Values(names))
}

func TestConfigRules(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(func(spec *trail.Spec) { spec.ConfigRules.Enabled, spec.KMS = true, "create" })
	rules := s.configRules()

	t.Run("no recorder", func(t *testing.T) {
		refuses(t, rules, "no configuration recorder in eu-west-2")
		if _, err := converge.Apply(t.Context(), rules, hurried()); err == nil || !strings.Contains(err.Error(), "turn AWS Config on") {
			t.Errorf("apply without a recorder: %v", err)
		}
		if names := b.ruleNames(t); len(names) > 0 {
			t.Errorf("the rules are %q", names)
		}
		mustDestroy(t, rules)
	})

	b.record(t)
	if text := planText(t, mustPlan(t, rules)); !strings.Contains(text, "recorder default is stopped") {
		t.Errorf("nothing is said of a recorder that is stopped:\n%s", text)
	}
	theirs := types.ConfigRule{
		ConfigRuleName: aws.String("cloudtrail-security-trail-enabled"),
		Source:         &types.Source{Owner: types.OwnerAws, SourceIdentifier: aws.String("CLOUDTRAIL_SECURITY_TRAIL_ENABLED")},
	}
	if _, err := b.Config.PutConfigRule(t.Context(), &configservice.PutConfigRuleInput{ConfigRule: &theirs}); err != nil {
		t.Fatal(err)
	}
	const name = "cloudtrail-enabled"
	change := func(change func(*types.ConfigRule)) func(context.Context) error {
		return func(ctx context.Context) error {
			out, err := b.Config.DescribeConfigRules(ctx, &configservice.DescribeConfigRulesInput{ConfigRuleNames: []string{name}})
			if err != nil {
				return err
			}
			r := out.ConfigRules[0]
			change(&r)
			_, err = b.Config.PutConfigRule(ctx, &configservice.PutConfigRuleInput{ConfigRule: &r, Tags: ruleTags(s.wantedTags())})
			return err
		}
	}
	mends(t, rules, []drift{
		{"parameters", change(func(r *types.ConfigRule) { r.InputParameters = aws.String(`{"s3BucketName":"elsewhere"}`) }), []string{"parameters"}},
		{"other parameters", change(func(r *types.ConfigRule) { r.InputParameters = aws.String(`{"s3BucketName":[1]}`) }), []string{"parameters"}},
		{"no parameters", change(func(r *types.ConfigRule) { r.InputParameters = nil }), []string{"parameters"}},
		{"frequency", change(func(r *types.ConfigRule) { r.MaximumExecutionFrequency = types.MaximumExecutionFrequencyOneHour }), []string{"frequency"}},
		{"scope", change(func(r *types.ConfigRule) {
			r.Scope = &types.Scope{TagKey: aws.String("audited"), TagValue: aws.String("never")}
		}), []string{"scope"}},
		{"identifier", change(func(r *types.ConfigRule) {
			r.InputParameters, r.Source.SourceIdentifier = nil, aws.String("CLOUDTRAIL_S3_BUCKET_ACCESS_LOGGING")
		}), []string{"identifier", "parameters"}},
		{"deleted", func(ctx context.Context) error {
			_, err := b.Config.DeleteConfigRule(ctx, &configservice.DeleteConfigRuleInput{ConfigRuleName: aws.String(name)})
			return err
		}, []string{"frequency", "identifier", "owner", "parameters", "tags"}},
		{"tag", func(ctx context.Context) error {
			out, err := b.Config.DescribeConfigRules(ctx, &configservice.DescribeConfigRulesInput{ConfigRuleNames: []string{name}})
			if err == nil {
				_, err = b.Config.UntagResource(ctx, &configservice.UntagResourceInput{ResourceArn: out.ConfigRules[0].ConfigRuleArn, TagKeys: []string{"team"}})
			}
			return err
		}, []string{"tags"}},
	})
	want := []string{
		"cloudtrail-cloud-watch-logs-enabled", "cloudtrail-enabled", "cloudtrail-encryption-enabled",
		"cloudtrail-log-file-validation-enabled", "cloudtrail-security-trail-enabled", "multi-region-cloudtrail-enabled",
	}
	if got := b.ruleNames(t); !slices.Equal(got, want) {
		t.Errorf("the rules are %q, want %q", got, want)
	}

	t.Run("some no longer wanted", func(t *testing.T) {
		s := b.set(func(spec *trail.Spec) {
			spec.ConfigRules = trail.ConfigRules{Enabled: true, Rules: []string{"CLOUD_TRAIL_ENABLED", "CLOUDTRAIL_S3_DATAEVENTS_ENABLED"}}
		})
		if text := planText(t, mustPlan(t, s.configRules())); !strings.Contains(text, "delete leftover Config rules") || !strings.Contains(text, "cloudtrail-encryption-enabled") {
			t.Errorf("the plan says:\n%s", text)
		}
		mustApply(t, s.configRules())
		want := []string{"cloudtrail-enabled", "cloudtrail-s3-dataevents-enabled", "cloudtrail-security-trail-enabled"}
		if got := b.ruleNames(t); !slices.Equal(got, want) {
			t.Errorf("the rules are %q, want %q", got, want)
		}
	})

	// Rules of an earlier configuration go too.
	mustDestroy(t, rules)
	if got := b.ruleNames(t); !slices.Equal(got, []string{"cloudtrail-security-trail-enabled"}) {
		t.Errorf("after destroy the rules are %q", got)
	}
}

func TestFittingRules(t *testing.T) {
	no := false
	all := map[string]string{"readWriteType": "ALL", "includeManagementEvents": "true"}
	always := map[string]map[string]string{
		"CLOUD_TRAIL_ENABLED":                     {"s3BucketName": "test-trail-cloudtrail-logs"},
		"CLOUD_TRAIL_CLOUD_WATCH_LOGS_ENABLED":    nil,
		"CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED": nil,
	}
	field := func(name string, values ...string) selector.FieldSelector {
		return selector.FieldSelector{Field: name, Equals: values}
	}
	tests := []struct {
		name   string
		change func(*trail.Spec)
		more   map[string]map[string]string
	}{
		{"defaults", func(*trail.Spec) {}, map[string]map[string]string{"MULTI_REGION_CLOUD_TRAIL_ENABLED": all}},
		{"key", func(s *trail.Spec) { s.KMS = "create" }, map[string]map[string]string{
			"MULTI_REGION_CLOUD_TRAIL_ENABLED": all, "CLOUD_TRAIL_ENCRYPTION_ENABLED": nil,
		}},
		{"topic", func(s *trail.Spec) { s.SNS = "arn:aws:sns:eu-west-2:123456789012:n" }, map[string]map[string]string{
			"CLOUD_TRAIL_ENABLED":              {"s3BucketName": "test-trail-cloudtrail-logs", "snsTopicArn": "arn:aws:sns:eu-west-2:123456789012:n"},
			"MULTI_REGION_CLOUD_TRAIL_ENABLED": all,
		}},
		{"writes only", func(s *trail.Spec) { s.EventSelectors = []selector.Basic{{ReadWriteType: "WriteOnly"}} }, nil},
		{"no management events", func(s *trail.Spec) {
			s.EventSelectors = []selector.Basic{{IncludeManagementEvents: &no}}
		}, nil},
		{"without KMS", func(s *trail.Spec) {
			s.EventSelectors = []selector.Basic{{ExcludeManagementEventSources: []string{"kms.amazonaws.com"}}}
		}, nil},
		{"advanced", func(s *trail.Spec) {
			s.AdvancedEventSelectors = []selector.Advanced{{FieldSelectors: []selector.FieldSelector{field("eventCategory", "Management")}}}
		}, map[string]map[string]string{"MULTI_REGION_CLOUD_TRAIL_ENABLED": all}},
		{"advanced writes only", func(s *trail.Spec) {
			s.AdvancedEventSelectors = []selector.Advanced{{
				FieldSelectors: []selector.FieldSelector{field("eventCategory", "Management"), field("readOnly", "false")},
			}}
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := trail.Default()
			spec.Env, spec.ProjectID = "test", "trail"
			test.change(&spec)
			s := &Set{Spec: &spec, Account: nowhere(), Names: spec.Names(nowhere().Place)}
			got := map[string]map[string]string{}
			for _, r := range s.rules() {
				got[r.identifier] = r.parameters
			}
			want := maps.Clone(always)
			maps.Copy(want, test.more)
			if !maps.EqualFunc(got, want, maps.Equal) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

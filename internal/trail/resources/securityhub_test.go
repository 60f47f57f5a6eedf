package resources

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

const (
	oldest = "cis-aws-foundations-benchmark/v/1.2.0"
	newest = "cis-aws-foundations-benchmark/v/5.0.0"
)

// standards are those of the hub, by ARN, and its tags; "" without a hub.
func (b *trailBox) standards(t *testing.T) (arns []string, tags string) {
	t.Helper()
	hub, of, err := b.set(nil).describeHub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if hub == "" {
		return nil, ""
	}
	out, err := b.SecurityHub.GetEnabledStandards(t.Context(), &securityhub.GetEnabledStandardsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range out.StandardsSubscriptions {
		arns = append(arns, *s.StandardsArn)
	}
	return slices.Sorted(slices.Values(arns)), fmt.Sprint(of)
}

func hubOf(standards ...string) func(*trail.Spec) {
	return func(spec *trail.Spec) { spec.SecurityHub = trail.SecurityHub{Enabled: true, Standards: standards} }
}

func (b *trailBox) unsubscribe(ctx context.Context, name string) error {
	s, err := (&standard{Set: b.set(nil), name: name}).subscription(ctx)
	if err != nil {
		return err
	}
	_, err = b.SecurityHub.BatchDisableStandards(ctx, &securityhub.BatchDisableStandardsInput{
		StandardsSubscriptionArns: []string{*s.StandardsSubscriptionArn},
	})
	return err
}

func TestSecurityHub(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	hub := b.set(hubOf(oldest, newest)).securityHub()
	arn := aws.String("arn:aws:securityhub:eu-west-2:" + testAccount + ":hub/default")
	mends(t, hub, []drift{
		{"standard disabled", func(ctx context.Context) error { return b.unsubscribe(ctx, newest) }, []string{"enabled"}},
		{"tag", func(ctx context.Context) error {
			_, err := b.SecurityHub.UntagResource(ctx, &securityhub.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"team"}})
			return err
		}, []string{"tags"}},
		{"hub disabled", func(ctx context.Context) error {
			_, err := b.SecurityHub.DisableSecurityHub(ctx, &securityhub.DisableSecurityHubInput{})
			return err
		}, []string{"tags", "enabled", "enabled"}},
	})
	got, tags := b.standards(t)
	want := []string{
		"arn:aws:securityhub:::ruleset/" + oldest,
		"arn:aws:securityhub:eu-west-2::standards/" + newest,
	}
	if !slices.Equal(got, want) || tags != "map[team:audit trailkeeper:trail:test-trail-audit-trail]" {
		t.Errorf("standards %q, tags %s", got, tags)
	}

	t.Run("unknown standard", func(t *testing.T) {
		_, err := converge.PlanApply(t.Context(), b.set(hubOf("cis/v/9")).securityHub(), hurried())
		if err == nil || !strings.Contains(err.Error(), `no Security Hub standard "cis/v/9"; it has `) {
			t.Errorf("%v", err)
		}
	})

	mustDestroy(t, hub)
	if got, tags := b.standards(t); len(got) > 0 || tags != "" {
		t.Errorf("after destroy: standards %q, tags %s", got, tags)
	}
}

// A hub that was there before is used, with the standards that it has, and is as
// before when the trail is gone.
func TestSecurityHubOfOthers(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	_, err := b.SecurityHub.EnableSecurityHub(t.Context(), &securityhub.EnableSecurityHubInput{
		EnableDefaultStandards: aws.Bool(false), Tags: map[string]string{"team": "other"},
	})
	if err != nil {
		t.Fatal(err)
	}
	theirs := "arn:aws:securityhub:::ruleset/" + oldest
	_, err = b.SecurityHub.BatchEnableStandards(t.Context(), &securityhub.BatchEnableStandardsInput{
		StandardsSubscriptionRequests: []types.StandardsSubscriptionRequest{{StandardsArn: &theirs}},
	})
	if err != nil {
		t.Fatal(err)
	}
	hub := b.set(hubOf(oldest, newest)).securityHub()
	mends(t, hub, []drift{
		{"our standard disabled", func(ctx context.Context) error { return b.unsubscribe(ctx, newest) }, []string{"enabled"}},
	})
	if got, tags := b.standards(t); len(got) != 2 || tags != "map[team:other trailkeeper:trail:"+newest+":test-trail-audit-trail]" {
		t.Errorf("standards %q, tags %s", got, tags)
	}
	mustDestroy(t, hub)
	if got, tags := b.standards(t); !slices.Equal(got, []string{theirs}) || tags != "map[team:other]" {
		t.Errorf("after destroy: standards %q, tags %s", got, tags)
	}
}

func TestNamesOfStandards(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:securityhub:::ruleset/" + oldest:                       oldest,
		"arn:aws:securityhub:eu-west-2::standards/" + newest:            newest,
		"arn:aws-cn:securityhub:cn-north-1::standards/" + newest:        newest,
		"arn:aws-us-gov:securityhub:us-gov-west-1::standards/" + newest: newest,
	} {
		if got := nameOfStandard(&arn); got != want {
			t.Errorf("%s is called %q, want %q", arn, got, want)
		}
	}
}

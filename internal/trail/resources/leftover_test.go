package resources

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// watching is what can be switched off again.
func (s *Set) watching() []converge.Resource {
	return slices.Concat(s.logGroup(), s.alarms(), s.configRules(), s.guardDuty(), s.securityHub())
}

func switchedOn(spec *trail.Spec) {
	spec.Alarms.Enabled, spec.ConfigRules.Enabled, spec.GuardDuty = true, true, true
	spec.SecurityHub = trail.SecurityHub{Enabled: true, Standards: []string{newest}}
}

// deletions are what a plan deletes, with notes, by kind.
func deletions(t *testing.T, plan *converge.Plan) map[string]string {
	t.Helper()
	deleted := map[string]string{}
	for _, change := range plan.Changes() {
		switch change.Action {
		case converge.None, converge.Gone:
		case converge.Delete:
			deleted[change.Kind] = change.Note
		default:
			t.Errorf("the plan has %+v", change)
		}
	}
	return deleted
}

// What is no longer enabled is deleted, once, and only if it is ours.
func TestSwitchedOff(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	b.record(t)
	on, off := b.set(switchedOn), b.set(nil)
	mustApply(t, on.watching())
	theirRule := configtypes.ConfigRule{
		ConfigRuleName: aws.String("cloudtrail-security-trail-enabled"),
		Source:         &configtypes.Source{Owner: configtypes.OwnerAws, SourceIdentifier: aws.String("CLOUDTRAIL_SECURITY_TRAIL_ENABLED")},
	}
	_, err := b.Config.PutConfigRule(t.Context(), &configservice.PutConfigRuleInput{ConfigRule: &theirRule})
	for _, err := range []error{
		err,
		on.somebodysFilter(t.Context(), "Errors"),
		on.somebodysAlarm(t.Context(), "somebodys-errors", nil),
		on.somebodysAlarm(t.Context(), "test-trail-cis-somebodys", nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}

	deleted := deletions(t, mustPlan(t, off.watching()))
	for kind, named := range map[string]string{
		"leftover metric filters": "RootAccountUsage", "leftover alarms": "test-trail-cis-root-account-usage", "alarm topic": "subscriptions",
		"leftover Config rules": "cloudtrail-enabled", "GuardDuty detector": "findings", "Security Hub": "standards",
	} {
		if note, ok := deleted[kind]; !ok || !strings.Contains(note, named) {
			t.Errorf("%s is deleted: %t, and %q does not name %s", kind, ok, note, named)
		}
	}
	if len(deleted) != 6 {
		t.Errorf("the plan deletes %v", deleted)
	}
	for _, name := range []string{"Errors", "somebodys", "security-trail"} {
		for kind, note := range deleted {
			if strings.Contains(note, name) {
				t.Errorf("the plan deletes somebody's: %s %s", kind, note)
			}
		}
	}

	mustApply(t, off.watching()) // which plans once more: there is nothing to do
	left := slices.Concat(off.filterNames(t), off.alarmNames(t), b.ruleNames(t), b.detectors(t))
	if want := []string{"Errors", "somebodys-errors", "test-trail-cis-somebodys", "cloudtrail-security-trail-enabled"}; !slices.Equal(left, want) {
		t.Errorf("left are %q, want %q", left, want)
	}
	if topics, err := b.SNS.ListTopics(t.Context(), &sns.ListTopicsInput{}); err != nil || len(topics.Topics) > 0 {
		t.Errorf("the topics are %+v (%v)", topics, err)
	}
	if standards, tags := b.standards(t); len(standards) > 0 || tags != "" {
		t.Errorf("the hub has standards %q and tags %s", standards, tags)
	}
	result, err := converge.Apply(t.Context(), off.watching(), hurried())
	if err != nil || len(result.Done) > 0 {
		t.Errorf("a second apply does %q (%v)", result.Done, err)
	}
}

// Destroy takes away too what the configuration does not want any more.
func TestDestroySwitchedOff(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	b.record(t)
	mustApply(t, b.set(switchedOn).watching())
	off := b.set(nil)
	mustDestroy(t, off.watching())
	standards, tags := b.standards(t)
	if left := slices.Concat(off.alarmNames(t), b.ruleNames(t), b.detectors(t), standards); len(left) > 0 || tags != "" {
		t.Errorf("left are %q %s", left, tags)
	}
}

// A detector and a hub that were there before stay, as do things with our names that
// lost our tag. Of a hub of others the standards go that we brought.
func TestSwitchedOffAtOthers(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	_, err := b.GuardDuty.CreateDetector(t.Context(), &guardduty.CreateDetectorInput{Enable: aws.Bool(true), Tags: map[string]string{"team": "other"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.SecurityHub.EnableSecurityHub(t.Context(), &securityhub.EnableSecurityHubInput{
		EnableDefaultStandards: aws.Bool(false), Tags: map[string]string{"team": "other"},
	})
	if err != nil {
		t.Fatal(err)
	}
	theirs := "arn:aws:securityhub:::ruleset/" + oldest
	_, err = b.SecurityHub.BatchEnableStandards(t.Context(), &securityhub.BatchEnableStandardsInput{
		StandardsSubscriptionRequests: []hubtypes.StandardsSubscriptionRequest{{StandardsArn: &theirs}},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := func(s *Set) []converge.Resource { return slices.Concat(s.guardDuty(), s.securityHub()) }
	mustApply(t, found(b.set(func(spec *trail.Spec) {
		spec.GuardDuty, spec.SecurityHub = true, trail.SecurityHub{Enabled: true, Standards: []string{oldest, newest}}
	})))
	off := b.set(nil)
	if deleted := deletions(t, mustPlan(t, found(off))); len(deleted) != 1 || deleted["leftover Security Hub standards"] != newest {
		t.Errorf("the plan deletes %v", deleted)
	}
	mustApply(t, found(off))
	if got, tags := b.standards(t); !slices.Equal(got, []string{theirs}) || tags != "map[team:other]" {
		t.Errorf("standards %q, tags %s", got, tags)
	}
	if left := b.detectors(t); len(left) != 1 {
		t.Errorf("detectors %q", left)
	}
}

// The topic of ours goes when the alarms notify another one.
func TestAlarmTopicOfOthers(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	mustApply(t, b.set(alarming(nil)).watched())
	other, err := b.SNS.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("alerts")})
	if err != nil {
		t.Fatal(err)
	}
	s := b.set(alarming(func(a *trail.Alarms) { a.TopicARN = *other.TopicArn }))
	mustApply(t, s.watched())
	topics, err := b.SNS.ListTopics(t.Context(), &sns.ListTopicsInput{})
	if err != nil || len(topics.Topics) != 1 || *topics.Topics[0].TopicArn != *other.TopicArn {
		t.Errorf("the topics are %+v (%v)", topics, err)
	}
	// One that the configuration names is not ours to delete, even with our name and off.
	own := b.set(alarming(func(a *trail.Alarms) { a.TopicARN = b.set(nil).Names.AlarmTopicARN }))
	if list := own.leftoverAlarmTopic(); len(list) > 0 {
		t.Errorf("%s is left over and wanted", list[0].Name)
	}
}

// In a Region without the service nothing is left over; other failures are told.
func TestNoEndpoint(t *testing.T) {
	for _, test := range []struct {
		err    error
		absent bool
	}{
		{&net.DNSError{Err: "no such host", Name: "guardduty.us-iso-east-1.c2s.ic.gov", IsNotFound: true}, true},
		{&net.DNSError{Err: "server misbehaving", IsTemporary: true}, false},
		{errors.New("access denied"), false},
	} {
		r := leftover(converge.Resource{Read: func(context.Context) (converge.Actual, error) {
			return converge.Actual{}, &net.OpError{Op: "dial", Err: test.err}
		}}, "")
		if now, err := r.Read(t.Context()); (err == nil) != test.absent || now.Exists {
			t.Errorf("%v: there is %+v (%v)", test.err, now, err)
		}
	}
}

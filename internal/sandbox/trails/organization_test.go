package trails_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

const (
	member    = "111122223333"
	delegated = "444455556666"
)

// organizations knows one organization, of all accounts but other.
type organizations struct {
	known trails.Organization
	err   error
}

func (o *organizations) Organization(_ context.Context, account string) (trails.Organization, error) {
	if account == other {
		return trails.Organization{}, o.err
	}
	return o.known, o.err
}

func TestOrganizationTrail(t *testing.T) {
	t.Parallel()
	org := &organizations{known: trails.Organization{ID: "o-1", Management: account, Delegated: []string{delegated}}}
	s := open(t, func(c *trails.Config) { c.Organizations = org })
	const create = `{"Name":"org","S3BucketName":"logs","IsOrganizationTrail":true,"IsMultiRegionTrail":true}`
	at := func(account string) caller { return caller{account, region} }
	expect := func(who caller, operation, body, want string) {
		t.Helper()
		if got := s.call(t, who, operation, body); got != want && (want != "" || !strings.HasPrefix(got, "{")) {
			t.Errorf("%s %s as %v gives %s\nwant %s", operation, body, who, got, want)
		}
	}
	expect(at(other), "CreateTrail", create, "OrganizationsNotInUseException: Your account is not a member of an organization.")
	expect(at(member), "CreateTrail", create, "NotOrganizationMasterAccountException: Your account is not the management account of the organization.")
	expect(at(account), "CreateTrail", create, "OrganizationNotInAllFeaturesModeException: Your organization does not have all features enabled.")
	org.known.AllFeatures = true
	expect(at(account), "CreateTrail", create, "CloudTrailAccessNotEnabledException: Your organization hasn't enabled CloudTrail service access.")
	org.known.Trusted = true

	// The trail of a delegated administrator is the management account's.
	expect(at(delegated), "CreateTrail", create, "")
	const arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/org"
	if trail := s.All()[0]; trail.ARN != arn || trail.Account != account || trail.OrganizationID != "o-1" {
		t.Errorf("the trail is %+v", trail)
	}
	const start, byName, update = `{"Name":"` + arn + `"}`, `{"Name":"org"}`, `{"Name":"` + arn + `","IsOrganizationTrail":false}`
	expect(at(delegated), "StartLogging", byName, "TrailNotFoundException: Unknown trail: arn:aws:cloudtrail:us-east-1:444455556666:trail/org for the user: 444455556666")
	expect(at(delegated), "StartLogging", start, "")
	expect(at(member), "StopLogging", start, "NotOrganizationMasterAccountException: Only the management account or a delegated administrator of the organization can change the trail "+arn+".")
	expect(at(other), "StopLogging", start, "TrailNotFoundException: Unknown trail: "+arn+" for the user: "+other)
	expect(at(delegated), "UpdateTrail", update, "NotOrganizationMasterAccountException: Your account is not the management account of the organization.")

	// Members see its shadow, in all Regions.
	expect(at(member), "GetTrail", byName, "TrailNotFoundException: Unknown trail: arn:aws:cloudtrail:us-east-1:111122223333:trail/org for the user: 111122223333")
	expect(caller{member, abroad}, "GetTrailStatus", start, "")
	for _, c := range []struct {
		who             caller
		operation, body string
		seen            bool
	}{
		{at(member), "DescribeTrails", "{}", true},
		{at(member), "DescribeTrails", `{"includeShadowTrails":false}`, false},
		{caller{member, abroad}, "DescribeTrails", "{}", true},
		{at(member), "ListTrails", "{}", true},
		{at(other), "DescribeTrails", "{}", false},
		{at(other), "ListTrails", "{}", false},
	} {
		if got := s.call(t, c.who, c.operation, c.body); strings.Contains(got, arn) != c.seen {
			t.Errorf("%s %s as %v gives %s", c.operation, c.body, c.who, got)
		}
	}
	expect(at(account), "UpdateTrail", update, "")
	expect(at(member), "GetTrail", start, "TrailNotFoundException: Unknown trail: "+arn+" for the user: "+member)

	org.err = errors.New("connection refused")
	expect(at(account), "UpdateTrail", `{"Name":"org","IsOrganizationTrail":true}`,
		"InternalFailure: find organization of account 123456789012: connection refused")
	if i := slices.IndexFunc(s.All(), func(t trails.Trail) bool { return t.OrganizationID != "" }); i >= 0 {
		t.Error("an answer that failed changed the trail")
	}
}

package permissions_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/permissions"
	"github.com/cerpac/trailkeeper/policy"
)

// thieves is what docs/policy.md says of what could be done with stolen credentials.
func thieves(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## What a thief could do\n")
	if !found {
		t.Fatal("docs/policy.md has no section on thieves")
	}
	return section
}

// all is a trail with every part that asks for rights.
func all() trail.Spec {
	spec := everything()
	spec.ObjectLock = &trail.ObjectLock{Mode: "GOVERNANCE", Days: 30}
	return spec
}

// The jobs of a line of the page are exactly those whose policy allows all its actions,
// and each action that does more than read is somewhere on the page.
func TestThief(t *testing.T) {
	section, off, found := strings.Cut(thieves(t), "| harm, with them off |")
	line := regexp.MustCompile("(?m)^\\| ([^|]+) \\| (`[^|]+`) \\| (`[^|]+`) \\|$")
	lines, linesOff := line.FindAllStringSubmatch(section, -1), line.FindAllStringSubmatch(off, -1)
	if len(lines) < 40 || !found || len(linesOff) < 5 {
		t.Fatalf("%d lines on thieves, and %d where parts are off", len(lines), len(linesOff))
	}
	canHarm(t, all(), lines)
	canHarm(t, switchedOff(), linesOff)
	listed := regexp.MustCompile("`([a-z0-9]+:[A-Z][A-Za-z]+)`").FindAllStringSubmatch(section, -1)
	for _, job := range permissions.Jobs() {
		for _, action := range actions(permissions.For(job, all(), place)) {
			_, call, _ := strings.Cut(action, ":")
			reads := strings.HasPrefix(call, "Get") || strings.HasPrefix(call, "List") || strings.HasPrefix(call, "Describe")
			if !reads && !slices.ContainsFunc(listed, func(l []string) bool { return l[1] == action }) {
				t.Errorf("the page has nothing on %s of %s", action, job)
			}
		}
	}
}

// canHarm checks the jobs of lines of the page, for a configuration.
func canHarm(t *testing.T, spec trail.Spec, lines [][]string) {
	t.Helper()
	words := func(cell string) []string { return strings.Fields(strings.ReplaceAll(cell, "`", "")) }
	for _, l := range lines {
		var able []string
		for _, job := range permissions.Jobs() {
			if allowsAll(t, permissions.For(job, spec, place), words(l[2])) {
				able = append(able, string(job))
			}
		}
		if jobs := words(l[3]); !slices.Equal(able, jobs) {
			t.Errorf("%s: %v can, the page says %v", l[1], able, jobs)
		}
	}
}

func allowsAll(t *testing.T, document policy.Document, actions []string) bool {
	t.Helper()
	ours := []string{all().Names(place).Trail}
	for _, action := range actions {
		r := policy.Request{Action: action, Resource: victim(t, action), Context: map[string][]string{
			// The tag that is there, or that the thief puts there.
			"aws:RequestTag/" + trail.OwnerTag: ours, "aws:ResourceTag/" + trail.OwnerTag: ours,
			"iam:PermissionsBoundary": {all().Names(place).BoundaryARN},
		}}
		if !policy.Evaluate([]policy.Document{document}, r).Allowed() {
			return false
		}
	}
	return true
}

// victim is what a thief would use an action on.
func victim(t *testing.T, action string) string {
	t.Helper()
	names := all().Names(place)
	own := func(service, resource string) string {
		return "arn:aws:" + service + ":" + place.Region + ":" + place.Account + ":" + resource
	}
	service, call, _ := strings.Cut(action, ":")
	switch service {
	case "iam":
		if strings.Contains(call, "Role") {
			return names.RoleARN
		}
		return names.BoundaryARN
	case "kms":
		return own("kms", "key/0f1e2d3c-0000-4000-8000-000000000001")
	case "s3":
		if strings.HasSuffix(call, "Object") || strings.HasSuffix(call, "ObjectVersion") {
			return names.BucketARN + "/" + below(all().KeyPrefix) + "AWSLogs/" + place.Account + "/CloudTrail/log.json.gz"
		}
		return names.BucketARN
	case "cloudtrail":
		return names.TrailARN
	case "logs":
		return names.LogGroupARN
	case "sns":
		if call == "DeleteTopic" {
			return names.OwnAlarmTopicARN
		}
		return names.TopicARN
	case "cloudwatch":
		return own("cloudwatch", "alarm:"+all().Env+"-"+all().ProjectID+"-cis-1")
	case "config":
		return own("config", "config-rule/config-rule-abcdef")
	case "guardduty":
		return own("guardduty", "detector/0123456789abcdef")
	case "securityhub":
		return own("securityhub", "hub/default")
	}
	t.Fatalf("no resource for %s", action)
	return ""
}

func below(prefix string) string {
	if prefix == "" {
		return ""
	}
	return strings.TrimSuffix(prefix, "/") + "/"
}

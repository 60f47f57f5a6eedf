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

// docs/policy.md says what a stolen credential of each job could do. The jobs of a line
// are exactly those whose policy allows all its actions.
func TestThief(t *testing.T) {
	text, err := os.ReadFile("../../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## What a thief could do\n")
	if !found {
		t.Fatal("docs/policy.md has no section on thieves")
	}
	line := regexp.MustCompile("(?m)^\\| ([^|]+) \\| (`[^|]+`) \\| (`[^|]+`) \\|$")
	lines := line.FindAllStringSubmatch(section, -1)
	if len(lines) < 20 {
		t.Fatalf("%d lines on thieves", len(lines))
	}
	for _, l := range lines {
		harm, actions, jobs := l[1], strings.Fields(strings.ReplaceAll(l[2], "`", "")), strings.Fields(strings.ReplaceAll(l[3], "`", ""))
		var able []string
		for _, job := range permissions.Jobs() {
			if allowsAll(t, permissions.For(job, everything(), place), actions) {
				able = append(able, string(job))
			}
		}
		if !slices.Equal(able, jobs) {
			t.Errorf("%s: %v can, the page says %v", harm, able, jobs)
		}
	}
}

func allowsAll(t *testing.T, document policy.Document, actions []string) bool {
	t.Helper()
	for _, action := range actions {
		r := policy.Request{Action: action, Resource: victim(t, action)}
		if strings.HasPrefix(action, "kms:") { // the tag that the thief puts there, or that is there
			r.Context = map[string][]string{
				"aws:RequestTag/" + trail.OwnerTag:  {everything().Names(place).Trail},
				"aws:ResourceTag/" + trail.OwnerTag: {everything().Names(place).Trail},
			}
		}
		if !policy.Evaluate([]policy.Document{document}, r).Allowed() {
			return false
		}
	}
	return true
}

// victim is what a thief would use an action on.
func victim(t *testing.T, action string) string {
	t.Helper()
	names := everything().Names(place)
	own := func(service, resource string) string {
		return "arn:aws:" + service + ":" + place.Region + ":" + place.Account + ":" + resource
	}
	service, call, _ := strings.Cut(action, ":")
	switch service {
	case "iam":
		return names.RoleARN
	case "kms":
		return own("kms", "key/0f1e2d3c-0000-4000-8000-000000000001")
	case "s3":
		if strings.HasSuffix(call, "Object") || strings.HasSuffix(call, "ObjectVersion") {
			return names.BucketARN + "/" + below(everything().KeyPrefix) + "AWSLogs/" + place.Account + "/CloudTrail/log.json.gz"
		}
		return names.BucketARN
	case "cloudtrail":
		return names.TrailARN
	case "logs":
		return names.LogGroupARN
	case "sns":
		return names.TopicARN
	case "cloudwatch":
		return own("cloudwatch", "alarm:"+everything().Env+"-"+everything().ProjectID+"-cis-1")
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

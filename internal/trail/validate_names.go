package trail

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/nearest"
)

// Patterns of AWS names.
const (
	accountID  = `[0-9]{12}`
	regionName = `[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}`
	namePart   = `[a-z0-9]+(-[a-z0-9]+)*`
	bucketName = `[a-z0-9][a-z0-9.-]*[a-z0-9]`
	keyPrefix  = `[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*`
	topicName  = `[A-Za-z0-9_-]{1,256}`
)

const (
	maxBucket = 63
	maxRole   = 64
	maxPrefix = 200
)

// isLike reports whether a pattern matches the whole text.
func isLike(pattern, text string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(text)
}

// names checks env, project_id and the names made of them. Of all names with a limit,
// the role's is the longest.
func (c *checker) names(s Spec) {
	const pattern = "write it in lower-case letters and digits, with single hyphens inside only, such as %q"
	env := c.matches(namePart, "env", s.Env, pattern, "production")
	project := c.matches(namePart, "project_id", s.ProjectID, pattern, "my-project")
	if s.Region != "" {
		c.matches(regionName, "region", s.Region, "write a Region's code, such as %q", "eu-west-2")
	}
	if s.ExpectedAccount != "" {
		c.matches(accountID, "expected_account", s.ExpectedAccount, "write the account's id, twelve digits in quotes")
	}
	if !env || !project {
		return
	}
	if role := s.Names(Place{}).Role; len(role) > maxRole {
		c.fail("env and project_id", s.Env+"-"+s.ProjectID,
			"shorten them, as the role's name %q would have %d characters and IAM takes %d", role, len(role), maxRole)
	}
	if s.BucketName == "" && s.CreatesBucket() {
		if fault := bucketFault(s.bucketName()); fault != "" {
			c.fail("env and project_id", s.Env+"-"+s.ProjectID, "set bucket_name, as the bucket's default name %q %s", s.bucketName(), fault)
		}
	}
}

// bucketFault returns why S3 or CloudTrail would refuse a bucket's name, or "".
func bucketFault(name string) string {
	_, notAddress := netip.ParseAddr(name)
	has := func(marks func(s, mark string) bool, list ...string) bool {
		return slices.ContainsFunc(list, func(mark string) bool { return marks(name, mark) })
	}
	switch {
	case len(name) < 3 || len(name) > maxBucket:
		return fmt.Sprintf("is of length %d and S3 takes 3 to %d", len(name), maxBucket)
	case !isLike(bucketName, name):
		return "is not of lower-case letters, digits, hyphens and dots, with a letter or digit at both ends"
	case has(strings.Contains, "..", ".-", "-."):
		return "has a dot next to a dot or hyphen"
	case notAddress == nil:
		return "looks like an IP address"
	case has(strings.HasPrefix, "xn--", "sthree-", "amzn-s3-demo-"), has(strings.HasSuffix, "-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"):
		return "has a prefix or suffix that S3 reserves"
	}
	return ""
}

// isARN reports whether text is the ARN of a service's resource whose parts match the
// patterns.
func isARN(text, service, region, account, resource string) bool {
	a, err := arn.Parse(text)
	return err == nil && a.Service == service && isLike(region, a.Region) && isLike(account, a.AccountID) && isLike(resource, a.Resource)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func fold(text string) string { return strings.ToLower(text) }

func hasPrefixFold(text, prefix string) bool { return strings.HasPrefix(fold(text), prefix) }

// alternatives returns "a", "a or b", "a, b or c".
func alternatives(list []string) string {
	last := len(list) - 1
	if last < 1 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// guess returns a question that suggests a known value similar to text, or "".
func guess(text string, known []string) string {
	near := cmp.Or(nearest.Name(shortened(text), known), nearest.Name(strings.ToUpper(shortened(text)), known))
	if near == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", near)
}

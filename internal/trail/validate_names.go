package trail

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/internal/nearest"
)

// Patterns of what AWS makes names of.
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

// isLike tells whether all of a text matches a pattern.
func isLike(pattern, text string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(text)
}

// names checks what names are made of, and the names. Of those that AWS limits, the
// role's comes to its limit first.
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
	if s.BucketName == "" {
		if fault := bucketFault(s.bucketName()); fault != "" {
			c.fail("env and project_id", s.Env+"-"+s.ProjectID, "set bucket_name, as the bucket's default name %q %s", s.bucketName(), fault)
		}
	}
}

// bucketFault says why S3 or CloudTrail would not take a bucket's name, or "".
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
		return "has a start or end that S3 keeps for itself"
	}
	return ""
}

// arn is arn:partition:service:region:account:resource; the start of one, such as
// arn:aws:s3, has the rest empty.
type arn struct{ partition, service, region, account, resource string }

func parseARN(text string) (a arn, ok bool) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) < 3 || parts[0] != "arn" || !isLike(`aws(-[a-z]+)*`, parts[1]) {
		return arn{}, false
	}
	parts = append(parts, "", "", "")
	return arn{parts[1], parts[2], parts[3], parts[4], parts[5]}, true
}

// isARN tells whether text is the ARN of a service's resource whose parts are like the
// patterns.
func isARN(text, service, region, account, resource string) bool {
	a, ok := parseARN(text)
	return ok && a.service == service && isLike(region, a.region) && isLike(account, a.account) && isLike(resource, a.resource)
}

// Partition is the part of AWS that a Region belongs to.
func Partition(region string) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"},
		{"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"}, {"us-isof-", "aws-iso-f"}, {"eu-isoe-", "aws-iso-e"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func fold(text string) string { return strings.ToLower(text) }

func hasPrefixFold(text, prefix string) bool { return strings.HasPrefix(fold(text), prefix) }

// alternatives are "a", "a or b", "a, b or c".
func alternatives(list []string) string {
	last := len(list) - 1
	if last < 1 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// guess asks for what may be meant, or is "".
func guess(text string, known []string) string {
	near := cmp.Or(nearest.Name(shortened(text), known), nearest.Name(strings.ToUpper(shortened(text)), known))
	if near == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", near)
}

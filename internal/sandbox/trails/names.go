package trails

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
	"github.com/cerpac/trailkeeper/internal/cloudtrail"
)

const (
	maxPrefix = 200
	maxTopic  = 256
)

// isAlnum reports whether c is an ASCII letter or digit.
func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isPunctuation(c byte) bool { return c == '.' || c == '_' || c == '-' }

// checkTrailName refuses an invalid trail name.
func checkTrailName(name string) error {
	const code = "InvalidTrailNameException"
	switch {
	case name == "":
		return cloudtrail.Refuse(code, "Trail name cannot be blank!")
	case len(name) < 3:
		return cloudtrail.Refuse(code, "Trail name too short. Minimum allowed length: 3 characters. Specified name length: %d characters.", len(name))
	case len(name) > 128:
		return cloudtrail.Refuse(code, "Trail name too long. Maximum allowed length: 128 characters. Specified name length: %d characters.", len(name))
	case !isAlnum(name[0]):
		return cloudtrail.Refuse(code, "Trail name must starts with a letter or number.")
	case !isAlnum(name[len(name)-1]):
		return cloudtrail.Refuse(code, "Trail name must ends with a letter or number.")
	}
	for i := range len(name) {
		if !isAlnum(name[i]) && !isPunctuation(name[i]) {
			return cloudtrail.Refuse(code, "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).")
		}
		if i > 0 && isPunctuation(name[i]) && isPunctuation(name[i-1]) {
			return cloudtrail.Refuse(code, "Trail name or ARN cannot contain adjacent periods (.), hyphens (-), or underscores (_).")
		}
	}
	if isAddress(name) {
		return cloudtrail.Refuse(code, "Trail name cannot be in IP address format.")
	}
	return nil
}

// isAddress reports whether the name looks like 192.168.5.4.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// checkBucket refuses an invalid bucket name.
func checkBucket(name string) error {
	const code = "InvalidS3BucketNameException"
	switch {
	case name == "":
		return cloudtrail.Refuse(code, "Bucket name cannot be blank!")
	case len(name) < 3 || len(name) > 63:
		return cloudtrail.Refuse(code, "Bucket name must be between 3 and 63 characters long.")
	case !bucketName().MatchString(name) || strings.Contains(name, "..") || isAddress(name):
		return cloudtrail.Refuse(code, "Bucket name is not valid: %s.", name)
	}
	return nil
}

func bucketName() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`) }

// checkPrefix refuses a prefix that is too long or that would mix the log files with
// those of other trails.
func checkPrefix(prefix string) error {
	const code = "InvalidS3PrefixException"
	if len(prefix) > maxPrefix {
		return cloudtrail.Refuse(code, "S3 prefix is longer than maximum length of %d characters.", maxPrefix)
	}
	if strings.Contains("/"+prefix+"/", "/AWSLogs/") {
		return cloudtrail.Refuse(code, "S3 prefix cannot contain AWSLogs/: %s.", prefix)
	}
	return nil
}

// topicARN returns the ARN of a topic that is given by name or ARN.
func topicARN(topic, account, region string) (string, error) {
	name := topic
	if arn.Begins(topic) {
		a, err := arn.Parse(topic)
		if err != nil || a.Service != "sns" || a.Region == "" || !isAccount(a.AccountID) {
			return "", cloudtrail.Refuse("InvalidSnsTopicNameException", "SNS topic name or ARN is not valid: %s.", topic)
		}
		name = a.Resource
	}
	if len(name) > maxTopic || !topicName().MatchString(name) {
		return "", cloudtrail.Refuse("InvalidSnsTopicNameException", "SNS topic name or ARN is not valid: %s.", topic)
	}
	if name != topic {
		return topic, nil
	}
	return arn.Build(partition.Of(region).ID, "sns", region, account, name), nil
}

func topicName() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]+$`) }

func trailARN(account, region, name string) string {
	return arn.Build(partition.Of(region).ID, "cloudtrail", region, account, "trail/"+name)
}

// parseTrailARN parses the ARN of a trail.
func parseTrailARN(text string) (arn.ARN, error) {
	a, err := arn.Parse(text)
	name, isTrail := strings.CutPrefix(a.Resource, "trail/")
	if err != nil || a.Service != "cloudtrail" || a.Region == "" || !isAccount(a.AccountID) || !isTrail || checkTrailName(name) != nil {
		return arn.ARN{}, cloudtrail.Refuse("CloudTrailARNInvalidException", "The ARN is not valid: %s.", text)
	}
	return a, nil
}

func isAccount(text string) bool {
	return len(text) == 12 && strings.Trim(text, "0123456789") == ""
}

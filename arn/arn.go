// Package arn builds and parses Amazon Resource Names.
//
// Its subpackage partition finds the partition of a Region.
package arn

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// partitions matches the ids of AWS's partitions, including future ones.
var partitions = regexp.MustCompile(`^aws(-[a-z]+)*$`)

// ARN is a parsed Amazon Resource Name. Only Resource may contain colons.
type ARN = arn.ARN

// Build returns the ARN of a resource. Region and account are empty for services that
// omit them, such as S3.
func Build(partition, service, region, account, resource string) string {
	return ARN{Partition: partition, Service: service, Region: region, AccountID: account, Resource: resource}.String()
}

// Parse parses the ARN of an AWS resource, in any partition.
func Parse(text string) (ARN, error) {
	a, err := arn.Parse(text)
	switch {
	case err != nil:
		return ARN{}, fmt.Errorf("parse ARN %q: %w", text, err)
	case !partitions.MatchString(a.Partition):
		return ARN{}, fmt.Errorf("parse ARN %q: %q is not an AWS partition", text, a.Partition)
	case a.Service == "" || a.Resource == "":
		return ARN{}, fmt.Errorf("parse ARN %q: a service and a resource are needed", text)
	}
	return a, nil
}

// ParseStart parses an ARN or the start of one, at least up to the service. Missing
// parts are empty: arn:aws:s3 is every bucket.
func ParseStart(text string) (ARN, error) {
	const colons = 5
	a, err := arn.Parse(text + strings.Repeat(":", max(0, colons-strings.Count(text, ":"))))
	switch {
	case err != nil:
		return ARN{}, fmt.Errorf("parse start of ARN %q: %w", text, err)
	case !partitions.MatchString(a.Partition):
		return ARN{}, fmt.Errorf("parse start of ARN %q: %q is not an AWS partition", text, a.Partition)
	case a.Service == "":
		return ARN{}, fmt.Errorf("parse start of ARN %q: a service is needed", text)
	}
	return a, nil
}

// Account returns the account in an ARN, or "" if there is none or text is not an ARN.
func Account(text string) string {
	a, err := Parse(text)
	if err != nil {
		return ""
	}
	return a.AccountID
}

// Begins reports whether text looks like an ARN, valid or not, rather than a name:
// names contain no colon.
func Begins(text string) bool { return strings.HasPrefix(text, "arn:") }

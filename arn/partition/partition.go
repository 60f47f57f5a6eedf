// Package partition finds the AWS partition of a Region, and how services are named there.
//
// It uses only the standard library, so that records can be read without the AWS SDK.
package partition

import (
	"slices"
	"strings"
)

// Partition is a part of AWS with its own accounts, credentials and endpoints.
type Partition struct {
	ID           string // the second part of an ARN: aws, aws-us-gov
	DNSSuffix    string // suffix of its endpoint names
	RegionPrefix string // prefix of its Region names; empty for aws, which has all other Regions
}

// All returns the partitions. aws is last, so the first whose prefix matches is the
// Region's partition.
func All() []Partition {
	return []Partition{
		{"aws-cn", "amazonaws.com.cn", "cn-"},
		{"aws-us-gov", "amazonaws.com", "us-gov-"},
		{"aws-iso", "c2s.ic.gov", "us-iso-"},
		{"aws-iso-b", "sc2s.sgov.gov", "us-isob-"},
		{"aws-iso-e", "cloud.adc-e.uk", "eu-isoe-"},
		{"aws-iso-f", "csp.hci.ic.gov", "us-isof-"},
		{"aws-eusc", "amazonaws.eu", "eusc-"},
		{"aws", "amazonaws.com", ""},
	}
}

// Of returns the partition that a Region is in.
func Of(region string) Partition {
	all := All()
	return all[slices.IndexFunc(all, func(p Partition) bool { return strings.HasPrefix(region, p.RegionPrefix) })]
}

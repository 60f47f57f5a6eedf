// Package partition tells which part of the AWS cloud a Region belongs to, and how services are named there.
//
// It needs the standard library only, so that a record can be read without AWS's SDK.
package partition

import (
	"slices"
	"strings"
)

// Partition is a part of the cloud with accounts, credentials and endpoints of its own.
type Partition struct {
	ID           string // the second part of an ARN: aws, aws-us-gov
	DNSSuffix    string // ends the names of its endpoints
	RegionPrefix string // begins the names of its Regions; empty for aws, which has all that are in no other
}

// All returns the partitions. The last is aws, so that the first whose prefix fits is that of a Region.
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

package partition_test

import (
	"testing"

	"github.com/cerpac/trailkeeper/arn/partition"
)

func TestOf(t *testing.T) {
	for region, want := range map[string][2]string{
		"us-east-1":       {"aws", "amazonaws.com"},
		"us-west-2":       {"aws", "amazonaws.com"},
		"eu-west-3":       {"aws", "amazonaws.com"},
		"ap-southeast-7":  {"aws", "amazonaws.com"},
		"mx-central-1":    {"aws", "amazonaws.com"},
		"":                {"aws", "amazonaws.com"},
		"cn-north-1":      {"aws-cn", "amazonaws.com.cn"},
		"cn-northwest-1":  {"aws-cn", "amazonaws.com.cn"},
		"us-gov-west-1":   {"aws-us-gov", "amazonaws.com"},
		"us-iso-east-1":   {"aws-iso", "c2s.ic.gov"},
		"us-isob-east-1":  {"aws-iso-b", "sc2s.sgov.gov"},
		"eu-isoe-west-1":  {"aws-iso-e", "cloud.adc-e.uk"},
		"us-isof-south-1": {"aws-iso-f", "csp.hci.ic.gov"},
		"eusc-de-east-1":  {"aws-eusc", "amazonaws.eu"},
	} {
		got := partition.Of(region)
		if got.ID != want[0] || got.DNSSuffix != want[1] {
			t.Errorf("%q is in %s with names in %s, want %q", region, got.ID, got.DNSSuffix, want)
		}
	}
}

// Each Region has one partition, whatever the order that the partitions are looked at.
func TestPrefixesAreDistinct(t *testing.T) {
	for _, p := range partition.All() {
		if got := partition.Of(p.RegionPrefix + "north-1"); got != p {
			t.Errorf("a Region %snorth-1 is in %s, want %s", p.RegionPrefix, got.ID, p.ID)
		}
	}
}

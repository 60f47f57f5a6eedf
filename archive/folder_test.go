package archive_test

import (
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
)

func TestParseFolder(t *testing.T) {
	type told struct {
		prefix, organization, account string
		kind                          archive.Kind
		region, root, within          string
		from, to                      time.Time
		other                         bool
	}
	const account = "123456789012"
	day := func(y, m, d int) time.Time { return utc(y, m, d, 0, 0, 0) }
	for path, want := range map[string]told{
		"":                                    {},
		"some/where":                          {prefix: "some/where"},
		"AWSLogs":                             {within: "AWSLogs"},
		"p/AWSLogs/":                          {prefix: "p", within: "AWSLogs"},
		"p/AWSLogs/o-abc":                     {prefix: "p", organization: "o-abc", within: "AWSLogs/o-abc"},
		"AWSLogs/" + account:                  {account: account, within: "AWSLogs/" + account},
		"AWSLogs/" + account + "/Config":      {account: account, other: true},
		"AWSLogs/" + account + "/Config/a/b":  {account: account, other: true},
		"AWSLogs/" + account + "/CloudTrailX": {account: account},
		"AWSLogs/notes/2023":                  {},
		"AWSLogs/AWSLogs/o-abc":               {prefix: "AWSLogs", organization: "o-abc", within: "AWSLogs/o-abc"},
		"xAWSLogs/AWSLogsx":                   {prefix: "xAWSLogs/AWSLogsx"},
		"AWSLogs/" + account + "/CloudTrail/eu-west-1": {
			account: account, kind: archive.Logs, region: "eu-west-1",
			root: "AWSLogs/" + account + "/CloudTrail/eu-west-1", within: "AWSLogs/" + account + "/CloudTrail/eu-west-1",
		},
		"/a/eu-west-1/2024": {
			prefix: "/a", region: "eu-west-1", root: "/a/eu-west-1", within: "eu-west-1/2024",
			from: day(2024, 1, 1), to: day(2025, 1, 1),
		},
		"CloudTrail/eu-west-1/2024/02": {
			kind: archive.Logs, region: "eu-west-1", root: "CloudTrail/eu-west-1", within: "CloudTrail/eu-west-1/2024/02",
			from: day(2024, 2, 1), to: day(2024, 3, 1),
		},
		account + "/CloudTrail-Insight/eu-west-1/2023/12/31": {
			account: account, kind: archive.Insight, region: "eu-west-1",
			root: account + "/CloudTrail-Insight/eu-west-1", within: account + "/CloudTrail-Insight/eu-west-1/2023/12/31",
			from: day(2023, 12, 31), to: day(2024, 1, 1),
		},
		"eu-west-1/2023/02/30": {region: "eu-west-1", root: "eu-west-1", from: day(2023, 2, 1), to: day(2023, 3, 1)},
		"eu-west-1/notes":      {prefix: "eu-west-1/notes"},
		"2023/07/10":           {prefix: "2023/07/10"},
	} {
		f := archive.ParseFolder(path)
		got := told{f.Prefix, f.Organization, f.Account, f.Kind, f.Region, f.Root, f.Within, f.From, f.To, f.OtherService}
		if got != want {
			t.Errorf("ParseFolder(%q)\n got %+v\nwant %+v", path, got, want)
		}
	}
}

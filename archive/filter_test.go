package archive_test

import (
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
)

func TestFilterMatch(t *testing.T) {
	const account, region = "123456789012", "us-east-1"
	at := utc(2023, 7, 10, 11, 45, 0)
	log := archive.Key{Account: account, Kind: archive.Logs, Region: region, Day: utc(2023, 7, 10, 0, 0, 0), Delivered: at}
	dayOnly := archive.Key{Account: account, Region: region, Day: utc(2023, 7, 10, 0, 0, 0)}
	for _, test := range []struct {
		name   string
		filter archive.Filter
		key    archive.Key
		reason string // empty when it matches
	}{
		{"zero filter, zero key", archive.Filter{}, archive.Key{}, ""},
		{"account", archive.Filter{Accounts: []string{"1", account}}, log, ""},
		{"other account", archive.Filter{Accounts: []string{"1"}}, log, "outside --account"},
		{"no account", archive.Filter{Accounts: []string{account}}, archive.Key{Region: region}, "account not told by its name"},
		{"region", archive.Filter{Regions: []string{region}}, log, ""},
		{"other region", archive.Filter{Regions: []string{"us-east-2"}}, log, "outside --region"},
		{"no region", archive.Filter{Regions: []string{region}}, archive.Key{Account: account}, "region not told by its name"},
		{"since its minute", archive.Filter{Since: at}, log, ""},
		{"since later", archive.Filter{Since: at.Add(time.Second)}, log, "outside --since/--until"},
		{"until its minute", archive.Filter{Until: at}, log, "outside --since/--until"},
		{"until later", archive.Filter{Until: at.Add(1)}, log, ""},
		{"since in another zone", archive.Filter{Since: at.In(time.FixedZone("", 9*3600))}, log, ""},
		{"no time", archive.Filter{Since: at}, archive.Key{Account: account}, "delivery time not told by its name"},
		{"day that holds since", archive.Filter{Since: at}, dayOnly, ""},
		{"day that holds until", archive.Filter{Until: at}, dayOnly, ""},
		{"day before since", archive.Filter{Since: utc(2023, 7, 11, 0, 0, 0)}, dayOnly, "outside --since/--until"},
		{"day of until", archive.Filter{Until: utc(2023, 7, 10, 0, 0, 0)}, dayOnly, "outside --since/--until"},
	} {
		ok, reason := test.filter.Match(test.key)
		if reason != test.reason || ok != (reason == "") {
			t.Errorf("%s: %v, %q; want %q", test.name, ok, reason, test.reason)
		}
	}
}

func TestFilterSkip(t *testing.T) {
	digest := archive.Key{Account: "123456789012", Kind: archive.Digest, Region: "us-east-1"}
	for filter, want := range map[*archive.Filter]string{
		{}:                         archive.SkipDigest,
		{Accounts: []string{"1"}}:  "outside --account",
		{Since: time.Unix(1e9, 0)}: "delivery time not told by its name",
	} {
		if got := filter.Skip(digest); got != want {
			t.Errorf("%+v: skip %q, want %q", filter, got, want)
		}
	}
	if got := (archive.Filter{}).Skip(archive.Key{Kind: archive.Logs}); got != "" {
		t.Errorf("log file: skip %q", got)
	}
}

// What Prunes rules out, Match rules out for every key below the folder.
func TestPrunesAgreesWithMatch(t *testing.T) {
	const key = "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/123456789012_CloudTrail_us-east-1_20230710T1145Z_abc.json"
	k, err := archive.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []archive.Filter{
		{}, {Accounts: []string{"1"}}, {Accounts: []string{k.Account}}, {Regions: []string{"eu-west-1"}},
		{Since: k.Delivered}, {Since: k.Delivered.Add(1)}, {Since: k.Day.AddDate(0, 0, 1)}, {Since: k.Day.AddDate(0, 1, 0)},
		{Since: k.Day.AddDate(1, 0, 0)}, {Until: k.Delivered}, {Until: k.Day}, {Until: k.Day.AddDate(0, -1, 0)},
		{Since: k.Day, Until: k.Day.AddDate(0, 0, 1)},
	} {
		ok, _ := f.Match(k)
		pruned := false
		for i, c := range key {
			if c == '/' {
				pruned = pruned || f.Prunes(archive.ParseFolder(key[:i]))
			}
		}
		if ok && pruned {
			t.Errorf("%+v prunes a folder of a key it selects", f)
		}
		if day := k.Day; !pruned && (!f.Since.Before(day.AddDate(0, 0, 1)) || !f.Until.IsZero() && !f.Until.After(day)) {
			t.Errorf("%+v does not prune the day", f)
		}
	}
}

package archive_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
)

func utc(year, month, day, hour, minute, second int) time.Time {
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
}

func TestParseKey(t *testing.T) {
	const logName = "123456789012_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json.gz"
	day, delivered := utc(2023, 7, 10, 0, 0, 0), utc(2023, 7, 10, 11, 45, 0)
	log := archive.Key{
		Account: "123456789012", Kind: archive.Logs, Region: "us-east-1",
		Day: day, Delivered: delivered, Unique: "7xgocspSowgK0Gto", Ext: ".json.gz",
	}
	with := func(k archive.Key, change func(*archive.Key)) archive.Key {
		change(&k)
		return k
	}
	digest := archive.Key{
		Account: "123456789012", Kind: archive.Digest, Region: "eu-west-1", Day: day,
		Delivered: utc(2023, 7, 10, 14, 1, 31), Trail: "main", HomeRegion: "us-east-1", Ext: ".json.gz",
	}
	for _, test := range []struct {
		name, key string
		want      archive.Key
	}{
		{"log", "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/" + logName, log},
		{"prefix", "a/b/AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/" + logName,
			with(log, func(k *archive.Key) { k.Prefix = "a/b" })},
		{"prefix AWSLogs", "AWSLogs/AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/" + logName,
			with(log, func(k *archive.Key) { k.Prefix = "AWSLogs" })},
		{"organization", "p/AWSLogs/o-a1b2c3d4e5/123456789012/CloudTrail/us-east-1/2023/07/10/" + logName,
			with(log, func(k *archive.Key) { k.Prefix, k.Organization = "p", "o-a1b2c3d4e5" })},
		{"plain", "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/" + strings.TrimSuffix(logName, ".gz"),
			with(log, func(k *archive.Key) { k.Ext = ".json" })},
		{"insight", strings.ReplaceAll("AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/"+logName, "CloudTrail", "CloudTrail-Insight"),
			with(log, func(k *archive.Key) { k.Kind = archive.Insight })},
		{"network activity in GovCloud",
			"AWSLogs/123456789012/CloudTrail-NetworkActivity/us-gov-west-1/2023/07/10/123456789012_CloudTrail-NetworkActivity_us-gov-west-1_20230710T1145Z_7xgocspSowgK0Gto.json.gz",
			with(log, func(k *archive.Key) { k.Kind, k.Region = archive.NetworkActivity, "us-gov-west-1" })},
		{"name of 2014", "AWSLogs/123456789012/CloudTrail/us-east-2/2014/07/17/123456789012_CloudTrail_us-east-2_20140717T1255ZHdkvFTXOA3Vnhbc.json.gz",
			archive.Key{
				Account: "123456789012", Kind: archive.Logs, Region: "us-east-2", Day: utc(2014, 7, 17, 0, 0, 0),
				Delivered: utc(2014, 7, 17, 12, 55, 0), Unique: "HdkvFTXOA3Vnhbc",
				Name: "123456789012_CloudTrail_us-east-2_20140717T1255ZHdkvFTXOA3Vnhbc.json.gz",
			}},
		{"odd tail", "AWSLogs/o-abcd/811596193553/CloudTrail/ap-southeast-1/2020/09/30/811596193553_CloudTrail_ap-southeast-1-20200930T2358.json",
			archive.Key{
				Organization: "o-abcd", Account: "811596193553", Kind: archive.Logs, Region: "ap-southeast-1",
				Day: utc(2020, 9, 30, 0, 0, 0), Delivered: utc(2020, 9, 30, 23, 58, 0),
				Name: "811596193553_CloudTrail_ap-southeast-1-20200930T2358.json",
			}},
		{"foreign name in a day folder", "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/part-0.jsonl",
			archive.Key{Account: "123456789012", Kind: archive.Logs, Region: "us-east-1", Day: day, Name: "part-0.jsonl"}},
		{"digest", "AWSLogs/123456789012/CloudTrail-Digest/eu-west-1/2023/07/10/123456789012_CloudTrail-Digest_eu-west-1_main_us-east-1_20230710T140131Z.json.gz", digest},
		{"backfill digest of a trail with underscores",
			"AWSLogs/123456789012/CloudTrail-Digest/eu-west-1/2023/07/10/123456789012_CloudTrail-Digest_eu-west-1_foo_us-east-1_bar_us-east-1_20230710T140131Z_backfill.json.gz",
			with(digest, func(k *archive.Key) { k.Trail, k.Backfill = "foo_us-east-1_bar", true })},
		{"flat", "123456789012_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json.gz",
			with(log, func(k *archive.Key) { k.Flat, k.Day = true, time.Time{} })},
		{"flat in a folder", "case 7/logs/" + logName,
			with(log, func(k *archive.Key) { k.Flat, k.Prefix, k.Day = true, "case 7/logs", time.Time{} })},
		{"copied from below the account", "logs/us-east-1/2023/07/10/" + logName,
			with(log, func(k *archive.Key) { k.Flat, k.Prefix = true, "logs/us-east-1/2023/07/10" })},
		{"only the folder tells", "us-east-1/2023/07/10/x.json",
			archive.Key{Flat: true, Prefix: "us-east-1/2023/07/10", Region: "us-east-1", Day: day, Name: "x.json"}},
		{"digest among the logs", "AWSLogs/123456789012/CloudTrail/eu-west-1/2023/07/10/123456789012_CloudTrail-Digest_eu-west-1_main_us-east-1_20230710T140131Z.json.gz",
			with(digest, func(k *archive.Key) { k.Flat, k.Prefix = true, "AWSLogs/123456789012/CloudTrail/eu-west-1/2023/07/10" })},
		{"deeper than a day", "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/11/" + logName,
			with(log, func(k *archive.Key) {
				k.Flat, k.Prefix = true, "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/11"
			})},
		{"two slashes", "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10//" + logName,
			with(log, func(k *archive.Key) {
				k.Flat, k.Prefix = true, "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/"
			})},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := archive.ParseKey(test.key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ParseKey(%q) (-want +got):\n%s", test.key, diff)
			}
			if s := got.String(); s != test.key {
				t.Errorf("String:\n got %s\nwant %s", s, test.key)
			}
		})
	}
}

func TestParseKeyRefuses(t *testing.T) {
	partly := archive.Key{Account: "123456789012", Kind: archive.Logs, Region: "us-east-1"}
	for _, test := range []struct {
		key, err string
		told     archive.Key // account, kind and Region of the key that comes with the error
	}{
		{"", "no file name", archive.Key{}},
		{"AWSLogs/", "no file name", archive.Key{}},
		{"/x.json", "no file name", archive.Key{}},
		{"x.json", "not a key of CloudTrail", archive.Key{}},
		{"AWSLogs/x.json", "not a key of CloudTrail", archive.Key{}},
		{"AWSLogs/123456789012/CloudTrail/us-east-1/2023/13/45/x.json", `folder "2023/13" is not a date`, partly},
		{"AWSLogs/123456789012/CloudTrail/us-east-1/2023/02/29/x.json", `folder "2023/02/29" is not a date`, partly},
		{"us-east-1/0000/01/01/x.json", `folder "0000" is not a date`, archive.Key{Region: "us-east-1"}},
		{"123456789012_CloudTrail_us-east-1_20231345T9999Z_abc.json", `"20231345T9999Z" is not a date`, partly},
		{"123456789012_CloudTrail_us-east-1_20231130T2400Z_abc.json", `"20231130T2400Z" is not a date`, partly},
		{"123456789012_CloudTrail-Digest_us-east-1_t_us-east-1_20231345T999999Z.json.gz", `"20231345T999999Z" is not a date`,
			archive.Key{Account: "123456789012", Kind: archive.Digest, Region: "us-east-1"}},
	} {
		got, err := archive.ParseKey(test.key)
		if err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("ParseKey(%q): %v, want %s", test.key, err, test.err)
		}
		told := archive.Key{Account: got.Account, Kind: got.Kind, Region: got.Region}
		if diff := cmp.Diff(test.told, told); diff != "" {
			t.Errorf("ParseKey(%q) (-want +got):\n%s", test.key, diff)
		}
	}
}

func TestRegions(t *testing.T) {
	for name, want := range map[string]bool{
		"us-east-1": true, "ap-southeast-7": true, "us-gov-west-1": true, "us-isob-east-1": true, "eusc-de-east-1": true,
		"ca-central-1": true, "cn-northwest-1": true, "us-east-12": true,
		"us-east": false, "us-east-": false, "east-1": false, "-east-1": false, "us-east-1a": false, "my-logs-1": false,
		"US-EAST-1": false, "us--east-1": false, "us_east_1": false,
	} {
		f := archive.ParseFolder("x/" + name)
		if got := f.Region == name; got != want {
			t.Errorf("%s is a Region: %v, want %v", name, got, want)
		}
	}
}

func ExampleKey_String() {
	fmt.Println(archive.Key{
		Organization: "o-a1b2c3d4e5", Account: "111122223333", Kind: archive.Logs, Region: "eu-west-2",
		Delivered: time.Date(2026, 1, 11, 9, 5, 0, 0, time.UTC), Unique: "Zq3bC4dE5fG6hI7j",
	})
	fmt.Println(archive.Key{
		Account: "111122223333", Kind: archive.Digest, Region: "eu-west-2", Trail: "audit", HomeRegion: "us-east-1",
		Delivered: time.Date(2026, 1, 11, 10, 1, 31, 0, time.UTC),
	})
	// Output:
	// AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/eu-west-2/2026/01/11/111122223333_CloudTrail_eu-west-2_20260111T0905Z_Zq3bC4dE5fG6hI7j.json.gz
	// AWSLogs/111122223333/CloudTrail-Digest/eu-west-2/2026/01/11/111122223333_CloudTrail-Digest_eu-west-2_audit_us-east-1_20260111T100131Z.json.gz
}

func TestRealNames(t *testing.T) {
	data := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(data); err != nil {
		t.Skip("SKIPPED REAL DATA: no folder ../shared/data beside the repository")
	}
	for folder, want := range map[string]int{"invictus/CloudTrail": 55, "umccr/test_input/AWSLogs": 5} {
		n := 0
		root := filepath.Join(data, filepath.FromSlash(folder))
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.Contains(d.Name(), "_CloudTrail_") {
				return err
			}
			n++
			key, err := filepath.Rel(filepath.Dir(root), path)
			if err != nil {
				return err
			}
			key = filepath.ToSlash(key)
			k, err := archive.ParseKey(key)
			if err != nil {
				t.Error(err)
			}
			if k.Account == "" || k.Kind != archive.Logs || k.Region == "" || k.Delivered.IsZero() {
				t.Errorf("%s: told too little: %+v", key, k)
			}
			if k.String() != key {
				t.Errorf("String: got %s, want %s", k, key)
			}
			return nil
		})
		if err != nil || n != want {
			t.Errorf("%s: %d log files, error %v; want %d", folder, n, err, want)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, key := range []string{
		"AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/123456789012_CloudTrail_us-east-1_20230710T1145Z_abc.json.gz",
		"p/AWSLogs/o-abc/123456789012/CloudTrail-Digest/us-east-1/2023/07/10/123456789012_CloudTrail-Digest_us-east-1_a_b_eu-west-1_20230710T114500Z_backfill.json.gz",
		"123456789012_CloudTrail_us-east-1-20230710T1145.json",
		"us-east-1/2023/07/10//x", "/AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/x",
		"//AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/x",
		"AWSLogs/123456789012/CloudTrail/us-east-1/2023/13/45/x.json",
	} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		k, err := archive.ParseKey(key)
		if err != nil {
			return
		}
		if s := k.String(); s != key {
			t.Errorf("ParseKey(%q).String() = %q", key, s)
		}
		if k.Account == "" && k.Region == "" {
			t.Errorf("ParseKey(%q) accepted a key that tells nothing", key)
		}
		again, err := archive.ParseKey(k.String())
		if err != nil || again != k {
			t.Errorf("ParseKey(%q) twice: %+v, then %+v (%v)", key, k, again, err)
		}
	})
}

package s3archive

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/archivetest"
)

// A day of an organization is found without listing the others.
func TestOneDayTakesFewLists(t *testing.T) {
	f := newFake(t)
	org := &bucket{f}
	archivetest.Organization(t, org, 3, 3, 30)
	s := f.source(t, "s3://b/logs/", quickOptions())

	all, err := listed(t, s, archive.Filter{})
	if err != nil || len(all) != 3*3*30*3 {
		t.Fatalf("listed %d objects, %v", len(all), err)
	}
	f.lists = 0
	got, err := listed(t, s, archive.Filter{Since: archivetest.Day(10), Until: archivetest.Day(11)})
	if err != nil || len(got) != 3*3*3 {
		t.Errorf("one day: listed %d objects, %v: %q", len(got), err, got)
	}
	// One for the prefix, one for each folder down to the accounts, one for each
	// account and each of its two kinds, and one for each Region of these.
	if want := 1 + 3 + 3 + 3*2 + 3*2*3; f.lists != want {
		t.Errorf("one day: %d lists, want %d", f.lists, want)
	}
	f.lists = 0
	one := archive.Filter{
		Accounts: []string{archivetest.Account(1)}, Regions: []string{archivetest.Region(2)},
		Since: archivetest.Day(10), Until: archivetest.Day(11),
	}
	got, err = listed(t, s, one)
	if err != nil || len(got) != 3 || f.lists != 1+3+1+2+2 {
		t.Errorf("one day of one Region: %d lists for %q, %v", f.lists, got, err)
	}
}

// bucket puts files into a fake one; it is half an archivetest.Store.
type bucket struct{ *fake }

func (b *bucket) Put(_ *testing.T, key string, data []byte) { b.objects[key] = string(data) }

func (b *bucket) Source(t *testing.T, folder string) archive.Source {
	return b.source(t, "s3://b/"+folder, quickOptions())
}

// The fake passes for S3 as far as the suite can tell.
func TestConformanceOfFake(t *testing.T) {
	archivetest.Run(t, func(t *testing.T) archivetest.Store { return &bucket{newFake(t)} })
}

func TestUnprintableNamesOfFake(t *testing.T) {
	archivetest.UnprintableNames(t, &bucket{newFake(t)})
}

// A root of many pages, a folder of many folders, and more folders outside the
// layout than are looked into one by one.
func TestManyPages(t *testing.T) {
	f := newFake(t)
	want := 0
	put := func(format string, n int) {
		for i := range n {
			f.objects[fmt.Sprintf(format, i)] = "x"
		}
		want += n
	}
	put("AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/%05d.json", 2500)
	put("AWSLogs/%012d/CloudTrail/us-east-1/2023/07/10/x.json", 1200)
	put("outside/%03d/x.json", 150)
	put("flat/%05d.json", 11000)
	put("flat/AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/%03d.json", 3)
	got, err := listed(t, f.source(t, "s3://b", quickOptions()), archive.Filter{})
	if err != nil || len(got) != want {
		t.Errorf("listed %d objects, want %d (%v)", len(got), want, err)
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != want {
		t.Error("objects are listed twice")
	}
	day := archive.ParseFolder("us-east-1/2023/07/10")
	got, err = listed(t, f.source(t, "s3://b/flat", quickOptions()), archive.Filter{Since: day.From, Until: day.To})
	read := slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "(") })
	if err != nil || len(read) != 3 {
		t.Errorf("day of a flat folder: %q, %v", read, err)
	}
}

func TestSingleObject(t *testing.T) {
	const name = "123456789012_CloudTrail_us-east-1_20230710T1145Z_abc.json.gz"
	f := newFake(t, "x/_"+name, "x/"+name, "x/"+name+"2", "y/AWSLogs/1", "y/AWSLogs2/1")
	for uri, want := range map[string][]string{
		"s3://b/x/" + name:    {"x/" + name},
		"s3://b/x/_" + name:   {"x/_" + name},
		"s3://b/y/AWSLogs":    {"y/AWSLogs/1"},
		"s3://b/y/AWSL":       nil,
		"s3://b/nothing/here": nil,
	} {
		got, err := listed(t, f.source(t, uri, quickOptions()), archive.Filter{})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", uri, err, diff)
		}
	}
}

func TestFolderMarkersAndColdObjects(t *testing.T) {
	f := newFake(t, "logs/a.json", "logs/b.json", "logs/c.json", "logs/d.json", "logs/e.json", "logs/_f.json")
	f.objects["logs/"] = ""
	f.objects["logs/sub/"] = ""
	f.class = map[string]string{
		"logs/a.json": "STANDARD", "logs/b.json": "GLACIER", "logs/c.json": "DEEP_ARCHIVE",
		"logs/d.json": "GLACIER restored", "logs/e.json": "GLACIER_IR", "logs/_f.json": "GLACIER",
	}
	got, err := listed(t, f.source(t, "s3://b/logs", quickOptions()), archive.Filter{})
	want := []string{
		"logs/ (folder marker)", "logs/_f.json (hidden)", "logs/a.json",
		"logs/b.json: read s3://b/logs/b.json: archived in GLACIER, restore it first",
		"logs/c.json: read s3://b/logs/c.json: archived in DEEP_ARCHIVE, restore it first",
		"logs/d.json", "logs/e.json", "logs/sub/ (folder marker)",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A folder that may not be listed does not hide the others.
func TestDeniedFolder(t *testing.T) {
	const log = "/CloudTrail/us-east-1/2023/07/10/x.json"
	f := newFake(t, "AWSLogs/111111111111"+log, "AWSLogs/222222222222"+log, "AWSLogs/333333333333"+log)
	f.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		switch prefix := r.URL.Query().Get("prefix"); {
		case strings.HasPrefix(prefix, "AWSLogs/111111111111/"), prefix == "AWSLogs/222222222222/CloudTrail/us-east-1/":
			apiError(w, http.StatusForbidden, "AccessDenied", "Access Denied")
			return true
		}
		return false
	}
	got, err := listed(t, f.source(t, "s3://b", quickOptions()), archive.Filter{})
	want := []string{
		"AWSLogs/111111111111/: list s3://b/AWSLogs/111111111111/: access denied: Access Denied",
		"AWSLogs/222222222222/CloudTrail/us-east-1/: list s3://b/AWSLogs/222222222222/CloudTrail/us-east-1/: access denied: Access Denied",
		"AWSLogs/333333333333" + log,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, uri := range []string{"s3://b/AWSLogs/111111111111", "s3://b/AWSLogs/222222222222/CloudTrail/us-east-1"} {
		_, err := listed(t, f.source(t, uri, quickOptions()), archive.Filter{})
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v, want access denied", uri, err)
		}
	}
}

func TestBounds(t *testing.T) {
	day := func(year, month, day, hour int) time.Time {
		return time.Date(year, time.Month(month), day, hour, 0, 0, 0, time.UTC)
	}
	const root = "AWSLogs/123456789012/CloudTrail/us-east-1"
	for _, test := range []struct {
		folder       string
		since, until time.Time
		from, to     string
	}{
		{root + "/", time.Time{}, time.Time{}, "", ""},
		{root + "/", day(2023, 7, 10, 5), time.Time{}, root + "/2023/07/10", ""},
		{root + "/2023/", day(2023, 7, 10, 5), day(2023, 12, 31, 1), root + "/2023/07/10", root + "/2024/01/01"},
		{root + "/", time.Time{}, day(2023, 7, 10, 0), "", root + "/2023/07/10"},
		{root + "/", time.Time{}, day(12023, 7, 10, 0), "", ""},
		{"AWSLogs/", day(2023, 7, 10, 0), day(2023, 7, 11, 0), "", ""},
	} {
		from, to := bounds(archive.ParseFolder(test.folder), archive.Filter{Since: test.since, Until: test.until})
		if from != test.from || to != test.to {
			t.Errorf("%s %v %v: got %q to %q, want %q to %q", test.folder, test.since, test.until, from, to, test.from, test.to)
		}
	}
}

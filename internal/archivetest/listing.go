package archivetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
)

func testEmpty(t *testing.T, s Store) {
	if got := list(t, s.Source(t, ""), archive.Filter{}); len(got) != 0 {
		t.Errorf("listed %d objects of an empty archive", len(got))
	}
}

func testEveryFileOnce(t *testing.T, s Store) {
	want := Organization(t, s, 2, 2, 4)
	for _, key := range []string{"README", "logs/other/notes.json", "logs/AWSLogs/o-a1b2c3d4e5/x.json"} {
		s.Put(t, key, []byte(key))
		want = append(want, key)
	}
	var got []string
	for _, o := range list(t, s.Source(t, ""), archive.Filter{}) {
		got = append(got, o.Key)
		if o.Size != int64(len(o.Key)) || o.Version == "" {
			t.Errorf("%s: size %d, version %q", o.Key, o.Size, o.Version)
		}
		info, err := archive.ParseKey(o.Key)
		if o.Info != info {
			t.Errorf("%s: info %+v, want %+v (%v)", o.Key, o.Info, info, err)
		}
		if isDigest := info.Kind == archive.Digest; isDigest != (o.Skip == archive.SkipDigest) {
			t.Errorf("%s: skip %q", o.Key, o.Skip)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func testOrder(t *testing.T, s Store) {
	want := Organization(t, s, 2, 3, 4)
	slices.SortFunc(want, func(a, b string) int { return delivered(t, a).Compare(delivered(t, b)) })
	var got []string
	for _, o := range list(t, s.Source(t, "logs"), archive.Filter{}) {
		got = append(got, whole(o.Key, "logs"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func delivered(t *testing.T, key string) time.Time {
	k, err := archive.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return k.Delivered
}

// filters are all kinds of filters that prune or skip in an organization of 3 accounts,
// 2 Regions and 5 days.
func filters() map[string]archive.Filter {
	return map[string]archive.Filter{
		"all":             {},
		"account":         {Accounts: []string{Account(1)}},
		"two accounts":    {Accounts: []string{Account(2), Account(0)}},
		"region":          {Regions: []string{Region(1)}},
		"since":           {Since: Day(2)},
		"until":           {Until: Day(2)},
		"one day":         {Since: Day(1), Until: Day(2)},
		"across the year": {Since: Day(1), Until: Day(3)},
		"within a day":    {Since: Day(2).Add(2 * time.Minute), Until: Day(2).Add(12*time.Hour + 3*time.Minute)},
		"exact ends":      {Since: Day(1).Add(time.Minute), Until: Day(1).Add(12*time.Hour + time.Minute)},
		"all three":       {Accounts: []string{Account(0)}, Regions: []string{Region(0)}, Since: Day(4)},
		"before all":      {Until: Day(-400)},
		"after all":       {Since: Day(400)},
		"far future":      {Until: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)},
		"unknown account": {Accounts: []string{"999999999999"}},
	}
}

func testFilter(t *testing.T, s Store) {
	all := append(Organization(t, s, 3, 2, 5), "README.json")
	s.Put(t, "README.json", []byte("{}"))
	checkFilters(t, s, all, "", filters())
}

func testAnyDepthFiltered(t *testing.T, s Store) {
	all := Organization(t, s, 3, 2, 5)
	some := filters()
	maps.DeleteFunc(some, func(name string, _ archive.Filter) bool {
		return !slices.Contains([]string{"account", "region", "across the year", "within a day"}, name)
	})
	for folder := range folders(all[len(all)/2]) {
		checkFilters(t, s, all, folder, some)
	}
}

// checkFilters compares a filtered listing with a filter over all keys.
func checkFilters(t *testing.T, s Store, all []string, folder string, filters map[string]archive.Filter) {
	t.Helper()
	for name, f := range filters {
		var want []string
		for _, key := range all {
			k, _ := archive.ParseKey(key)
			if ok, _ := f.Match(k); ok && k.Kind != archive.Digest && (folder == "" || strings.HasPrefix(key, folder+"/")) {
				want = append(want, key)
			}
		}
		got := keys(list(t, s.Source(t, folder), f), folder)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s of folder %q (-want +got):\n%s", name, folder, diff)
		}
	}
}

// folders returns every parent folder of the keys.
func folders(key string) map[string]bool {
	folders := map[string]bool{}
	for i, c := range key {
		if c == '/' {
			folders[key[:i]] = true
		}
	}
	return folders
}

func testAnyDepth(t *testing.T, s Store) {
	all := Organization(t, s, 1, 1, 3)
	for folder := range folders(all[3]) {
		for _, o := range list(t, s.Source(t, folder), archive.Filter{}) {
			want, err := archive.ParseKey(whole(o.Key, folder))
			if err != nil {
				t.Errorf("folder %q: %v", folder, err)
			}
			got := o.Info
			// How much of the path above the archive belongs to the key is up to the
			// source. What the path says about the events is not.
			got.Prefix, want.Prefix = "", ""
			got.Flat = want.Flat
			if got != want {
				t.Errorf("folder %q, key %q: info %+v, want %+v", folder, o.Key, got, want)
			}
		}
	}
}

func testFlat(t *testing.T, s Store) {
	const account = "123456789012"
	at := map[string]bool{
		"case/123456789012_CloudTrail_us-east-1_20230710T1145Z_abc.json":    true,
		"case/123456789012_CloudTrail_us-east-1_20230710T1150Z_abc.json.gz": true,
		"case/123456789012_CloudTrail_eu-west-1_20230711T0000Z_abc.json.gz": false,
		"case/999999999999_CloudTrail_us-east-1_20230710T1145Z_abc.json.gz": false,
		"case/events.json": false,
	}
	for key := range at {
		s.Put(t, key, []byte("{}"))
	}
	source := s.Source(t, "case")
	if got := keys(list(t, source, archive.Filter{}), "case"); len(got) != len(at) {
		t.Errorf("listed %q", got)
	}
	day := time.Date(2023, 7, 10, 0, 0, 0, 0, time.UTC)
	for _, o := range list(t, source, archive.Filter{Accounts: []string{account}, Since: day, Until: day.AddDate(0, 0, 1)}) {
		if want := at[whole(o.Key, "case")]; want != (o.Skip == "") {
			t.Errorf("%s: skip %q, want it read: %v", o.Key, o.Skip, want)
		}
		if strings.HasSuffix(o.Key, "events.json") && o.Skip != "account not told by its name" {
			t.Errorf("%s: skip %q", o.Key, o.Skip)
		}
	}
}

func testOddNames(t *testing.T, s Store) {
	const region = "AWSLogs/123456789012/CloudTrail/us-east-1/"
	want := []string{
		region + "2023/13/45/a.json", region + "0000/01/01/a.json", region + "2023/07/10/11/a.json",
		region + "a.json", region + "2023/a.json", region + "2023/07/b.json", region + "2023/07/10/c",
		region + "2023/07/10/123456789012_CloudTrail_us-east-1_20231345T9999Z_abc.json.gz",
		"a b+c%2Fd&e.json", "a+b %2B folder/c+d %2B e%0A.json", "größe/日本.json", "'\"<>;.json", "AWSLogs/AWSLogs/x", "us-east-1/2023/07/10/x.json",
	}
	for _, key := range want {
		s.Put(t, key, []byte(key))
	}
	source := s.Source(t, "")
	objects := list(t, source, archive.Filter{})
	for _, o := range objects {
		if data := read(t, source, o); data != o.Key {
			t.Errorf("%s: read %q", o.Key, data)
		}
	}
	got := keys(objects, "")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// UnprintableNames tests names that would break a line or control a terminal, for
// stores that support them. A source may escape them in its own way, as long as they
// stay distinct.
func UnprintableNames(t *testing.T, s Store) {
	want := []string{"line\nbreak/line\nbreak.json", "line\\nbreak.json", `line\x0abreak.json`, "tab\there.json", "escape\x1b[31m.json"}
	for _, key := range want {
		s.Put(t, key, []byte(key))
	}
	source := s.Source(t, "")
	var got []string
	seen := map[string]bool{}
	for _, o := range list(t, source, archive.Filter{}) {
		if seen[o.Key] || !utf8.ValidString(o.Key) {
			t.Errorf("key %q is not UTF-8, or is repeated", o.Key)
		}
		seen[o.Key] = true
		got = append(got, read(t, source, o))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func testSkips(t *testing.T, s Store) {
	want := map[string]string{
		"_simulate/":                   archive.SkipHidden,
		".git/":                        archive.SkipHidden,
		"logs/.hidden":                 archive.SkipHidden,
		"logs/_SUCCESS":                archive.SkipHidden,
		"AWSLogs/123456789012/Config/": archive.SkipService,
		"AWSLogs/123456789012/CloudTrail-Digest/us-east-1/x.json.gz": archive.SkipDigest,
		"AWSLogs/123456789012/CloudTrail-New/x.json.gz":              "",
		"AWSLogs/notes/x.json.gz":                                    "",
	}
	for key := range want {
		if strings.HasSuffix(key, "/") {
			s.Put(t, key+"us-east-1/a.json", []byte("{}"))
			key += "b.json"
		}
		s.Put(t, key, []byte("{}"))
	}
	got := map[string]string{}
	for _, o := range list(t, s.Source(t, ""), archive.Filter{}) {
		got[o.Key] = o.Skip
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("skips (-want +got):\n%s", diff)
	}
	// A folder named explicitly is read whatever its name.
	for folder, want := range map[string]int{"_simulate": 2, "AWSLogs/123456789012/Config": 2} {
		if got := keys(list(t, s.Source(t, folder), archive.Filter{}), folder); len(got) != want {
			t.Errorf("folder %q: listed %q, want %d files", folder, got, want)
		}
	}
}

func testVersion(t *testing.T, s Store) {
	versions := func() map[string]string {
		v := map[string]string{}
		for _, o := range list(t, s.Source(t, ""), archive.Filter{}) {
			v[o.Key] = o.Version
		}
		return v
	}
	s.Put(t, "a.json", []byte("1"))
	s.Put(t, "b.json", []byte("2"))
	before := versions()
	if again := versions(); !maps.Equal(before, again) {
		t.Errorf("versions changed by listing: %v, then %v", before, again)
	}
	s.Put(t, "b.json", []byte("23"))
	after := versions()
	if after["a.json"] != before["a.json"] || after["b.json"] == before["b.json"] {
		t.Errorf("versions %v, after a change of b.json %v", before, after)
	}
}

func testStop(t *testing.T, s Store) {
	Organization(t, s, 2, 2, 2)
	source := s.Source(t, "")
	enough := errors.New("enough")
	n := 0
	err := source.List(context.Background(), archive.Filter{}, func(archive.Object) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if err != enough || n != 3 { //nolint:errorlint // the contract is that very error, not one around it
		t.Errorf("stopped by %v after %d objects", err, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err = source.List(ctx, archive.Filter{}, func(archive.Object) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("list of a cancelled context: %v", err)
	}
}

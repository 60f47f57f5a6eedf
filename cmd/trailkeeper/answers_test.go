package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

// run runs a command line and returns what it printed.
func run(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	s, stdout, _ := testStreams(t)
	err = execute(t.Context(), args, s)
	return stdout.String(), err
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, args...)
	if err != nil {
		t.Fatalf("trailkeeper %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// realLake ingests one of the public data sets and returns the lake and the
// records of its files.
func realLake(t *testing.T, name string) (dir string, records []map[string]any) {
	t.Helper()
	data := filepath.Join("../../../shared/data", name)
	if _, err := os.Stat(data); err != nil {
		t.Skip("SKIPPED REAL DATA: no folder ../shared/data beside the repository")
	}
	dir = filepath.Join(t.TempDir(), "lake")
	mustRun(t, "ingest", "--archive", data, "--lake", dir)
	err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if packed, notGzip := gzip.NewReader(bytes.NewReader(text)); notGzip == nil {
			text, err = io.ReadAll(packed)
		}
		records = append(records, recordsOf(text)...)
		return err
	})
	if err != nil || len(records) == 0 {
		t.Fatalf("found no records in %s (%v)", data, err)
	}
	return dir, records
}

// recordsOf reads log files, lists of records and single records, as many as the
// text holds; anything else holds none.
func recordsOf(text []byte) (records []map[string]any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		var value any
		if decoder.Decode(&value) != nil {
			return records
		}
		if object, ok := value.(map[string]any); ok {
			if value = object["Records"]; value == nil {
				value = []any{object}
			}
		}
		list, _ := value.([]any)
		for _, element := range list {
			if record, ok := element.(map[string]any); ok && record["eventTime"] != nil {
				records = append(records, record)
			}
		}
	}
}

// canonical writes values in one form, sorted, each once.
func canonical(t *testing.T, records []map[string]any) []string {
	t.Helper()
	var list []string
	for _, record := range records {
		text, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(text))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func TestExportGivesBackRealEvents(t *testing.T) {
	for _, name := range []string{"invictus", "umccr", "traildiscover"} {
		t.Run(name, func(t *testing.T) {
			dir, records := realLake(t, name)
			want := canonical(t, records)

			var lines []map[string]any
			for line := range strings.Lines(mustRun(t, "export", "--lake", dir)) {
				lines = append(lines, recordsOf([]byte(line))...)
			}
			if diff := cmp.Diff(want, canonical(t, lines)); diff != "" {
				t.Errorf("jsonl (-in +out)\n%.2000s", diff)
			}
			whole := recordsOf([]byte(mustRun(t, "export", "--lake", dir, "--format", "records")))
			if diff := cmp.Diff(want, canonical(t, whole)); diff != "" {
				t.Errorf("records (-in +out)\n%.2000s", diff)
			}
		})
	}
}

type lookupAnswer struct{ Events []shownEvent }

type shownEvent struct {
	EventID, EventName, ReadOnly, AccessKeyID, EventTime, EventSource, Username string

	Resources []struct{ ResourceType, ResourceName string }
}

// What lookup shows of an event finds it again: the SQL that narrows the search
// leaves out nothing that the derivation would find.
func TestLookupFindsWhatItShows(t *testing.T) {
	dir, records := realLake(t, "umccr")
	var all lookupAnswer
	if err := json.Unmarshal([]byte(mustRun(t, "lookup", "--lake", dir)), &all); err != nil {
		t.Fatal(err)
	}
	if want := len(canonical(t, records)); len(all.Events) != want {
		t.Fatalf("%d events, want %d", len(all.Events), want)
	}
	if !slices.IsSortedFunc(all.Events, func(a, b shownEvent) int {
		return strings.Compare(b.EventTime+b.EventID, a.EventTime+a.EventID)
	}) {
		t.Error("the events are not newest first")
	}
	shown := map[[2]string]int{}
	for _, e := range all.Events {
		keys := map[[2]string]bool{
			{"EventId", e.EventID}: true, {"EventName", e.EventName}: true, {"ReadOnly", e.ReadOnly}: true,
			{"AccessKeyId", e.AccessKeyID}: true, {"EventSource", e.EventSource}: true, {"Username", e.Username}: true,
		}
		for _, r := range e.Resources {
			keys[[2]string{"ResourceName", r.ResourceName}], keys[[2]string{"ResourceType", r.ResourceType}] = true, true
		}
		for key := range keys {
			if key[1] != "" {
				shown[key]++
			}
		}
	}
	tried := map[string]int{}
	for key, want := range shown {
		if tried[key[0]]++; tried[key[0]] > 6 {
			continue // enough of this attribute
		}
		var found lookupAnswer
		if err := json.Unmarshal([]byte(mustRun(t, "lookup", "--lake", dir, "--attribute", key[0]+"="+key[1])), &found); err != nil {
			t.Fatal(err)
		}
		if len(found.Events) != want {
			t.Errorf("%s=%s finds %d events, %d show it", key[0], key[1], len(found.Events), want)
		}
	}
	if len(tried) != len(lookup.Attributes()) {
		t.Errorf("tried only %v", tried)
	}
}

// A limited search goes back through the days in steps, and must not lose or
// reorder events at their borders.
func TestLookupStopsWhereToldTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	mustRun(t, "ingest", "--archive", "../../queries/testdata", "--lake", dir)
	for _, attribute := range []string{"ReadOnly=true", "Username=deploy", "ResourceType=AWS::SecretsManager::Secret"} {
		var all lookupAnswer
		if err := json.Unmarshal([]byte(mustRun(t, "lookup", "--lake", dir, "--attribute", attribute)), &all); err != nil {
			t.Fatal(err)
		}
		if len(all.Events) < 10 {
			t.Fatalf("%s finds only %d events", attribute, len(all.Events))
		}
		for _, limit := range []int{1, 2, 5, 9, len(all.Events) - 1, len(all.Events), len(all.Events) + 1} {
			var some lookupAnswer
			out := mustRun(t, "lookup", "--lake", dir, "--attribute", attribute, "--max-results", strconv.Itoa(limit))
			if err := json.Unmarshal([]byte(out), &some); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(all.Events[:min(limit, len(all.Events))], some.Events); diff != "" {
				t.Errorf("%s, %d results (-want +got)\n%s", attribute, limit, diff)
			}
		}
	}
}

// A part that has gone is not an empty answer.
func TestMissingPartIsNotSilence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	mustRun(t, "ingest", "--archive", "../../queries/testdata", "--lake", dir)
	parts, err := filepath.Glob(filepath.Join(dir, "year=*/month=*/day=*/*.parquet"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("found no parts (%v)", err)
	}
	if err := os.Remove(parts[0]); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"query", "SELECT count(*) FROM events"}, {"lookup"}, {"export"}} {
		_, err := run(t, append(args, "--lake", dir)...)
		if outcome.ExitCode(err) != outcome.Unseen || !strings.Contains(err.Error(), filepath.Base(parts[0])) {
			t.Errorf("%s: %v, want an error that names the part", args[0], err)
		}
	}
}

func TestBriefSQLRunsUnchanged(t *testing.T) {
	dir, _ := realLake(t, "invictus")
	sql := `-- Find all IAM policy changes in 2025
SELECT
  eventtime,
  useridentity.username,
  eventname,
  requestparameters
FROM cloudtrail_logs
WHERE year = '2023'
  AND eventname IN (
    'PutUserPolicy',
    'PutRolePolicy',
    'AttachRolePolicy',
    'AttachUserPolicy',
    'CreatePolicy',
    'DeletePolicy'
  )
ORDER BY eventtime DESC;
`
	out := mustRun(t, "query", "--lake", dir, "--format", "jsonl", sql)
	var first struct{ EventTime, Username, EventName, RequestParameters string }
	if err := json.Unmarshal([]byte(out[:strings.Index(out, "\n")]), &first); err != nil {
		t.Fatal(err)
	}
	if first.EventTime != "2023-07-10T12:24:49Z" || first.Username != "bert-jan" || !json.Valid([]byte(first.RequestParameters)) {
		t.Errorf("the newest change is %+v", first)
	}
	for sql, want := range map[string]string{
		"SELECT count(*) AS n FROM cloudtrail_logs":                                               "2900",
		"SELECT count(DISTINCT eventid) AS n FROM cloudtrail_logs":                                "2900",
		"SELECT count(DISTINCT event_name) AS n FROM events":                                      "260",
		"SELECT count(*) AS n FROM events WHERE error_code IS NOT NULL":                           "300",
		"SELECT count(*) AS n FROM cloudtrail_logs WHERE year='2023' AND month='07' AND day='10'": "2900",
		"SELECT count(*) AS n FROM cloudtrail_logs WHERE eventtime LIKE '2023-07-10T1_:__:__Z'":   "2900",
	} {
		if got := mustRun(t, "query", "--lake", dir, "--format", "csv", sql); got != "n\n"+want+"\n" {
			t.Errorf("%s gives %q, want %s", sql, got, want)
		}
	}
}

func TestExportOutIsWholeOrAbsent(t *testing.T) {
	dir, _ := realLake(t, "umccr")
	folder := t.TempDir()
	path := filepath.Join(folder, "out.jsonl.gz")
	mustRun(t, "export", "--lake", dir, "--out", path)
	if text, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		t.Errorf("not compressed: %v", err)
	}
	if _, err := run(t, "export", "--lake", dir, "--out", filepath.Join(folder, "missing", "x")); outcome.ExitCode(err) != outcome.Unseen {
		t.Errorf("a folder that is missing: %v", err)
	}
	failed := cli.WriteAside(filepath.Join(folder, "broken"), func(w io.Writer) error {
		_, _ = w.Write([]byte("half of it"))
		return os.ErrInvalid
	})
	entries, err := os.ReadDir(folder)
	if failed == nil || err != nil || len(entries) != 1 {
		t.Errorf("after a failure (%v) the folder holds %v", failed, entries)
	}
}

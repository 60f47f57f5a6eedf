package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// formatQuestions are asked of a lake of each released format. The answers, in
// testdata/formats/answers.txt, were given by the program that released format 1.
var formatQuestions = [][]string{
	{"query", "SELECT event_time, event_id, principal, principal_kind, failed, changed FROM events ORDER BY ALL"},
	{"query", "SELECT principal_kind, count(*) AS n, count(*) FILTER (failed) AS failed FROM events WHERE event_date = DATE '2026-03-04' GROUP BY ALL ORDER BY ALL"},
	{"query", "SELECT event_id, error_code, user_identity, request_parameters, resources, log_file, extra FROM events WHERE NOT changed ORDER BY ALL"},
	{"query", "SELECT eventid, eventtime, useridentity.username, useridentity.arn, resources, readonly, region, day FROM cloudtrail_logs ORDER BY eventid, eventtime, eventname"},
	{"query", "--since", "2026-03-04T10:00:05Z", "--until", "2026-03-05T09:00:02Z", "SELECT event_time, event_name, principal FROM events ORDER BY ALL"},
	{"query", "SELECT count(*), min(event_time), max(event_time) FROM events WHERE principal LIKE '%alice' AND NOT failed"},
	{"lookup"},
	{"lookup", "--attribute", "Username=alice", "--max-results", "2"},
	{"lookup", "--attribute", "Username=root", "--attribute", "Username=u-1", "--attribute", "Username=ec2.amazonaws.com"},
	{"lookup", "--attribute", "Username=\ufffdx"},
	{"lookup", "--attribute", "ResourceName=i-2"},
	{"lookup", "--attribute", `ResourceName=db-"1"\`},
	{"lookup", "--attribute", "ResourceName=b-1", "--attribute", "Username=carol@example.com"},
	{"lookup", "--attribute", "ResourceType=AWS::IAM::User", "--attribute", "ReadOnly=false"},
	{"lookup", "--attribute", "EventName=CreateUser", "--event-category", "insight"},
	{"export"},
	{"export", "--principal", "carol@example.com", "--principal", "alice"},
	{"export", "--failed"},
}

// askFormat asks all questions of a copy of a lake. Exported records are sorted, as
// their order depends on the parts.
func askFormat(t *testing.T, released string) string {
	t.Helper()
	lake := copyOf(t, released)
	var all strings.Builder
	for _, question := range formatQuestions {
		args := append([]string{question[0], "--lake", lake, "--format", "jsonl"}, question[1:]...)
		lines := strings.SplitAfter(mustRun(t, args...), "\n")
		if question[0] == "export" {
			slices.Sort(lines)
		}
		all.WriteString("$ " + strings.Join(question, " ") + "\n" + strings.Join(lines, ""))
	}
	return all.String()
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestReleasedFormats asks lakes of every released format the same questions.
func TestReleasedFormats(t *testing.T) {
	lakes, err := filepath.Glob("testdata/formats/[0-9]*")
	if err != nil || len(lakes) == 0 {
		t.Fatalf("lakes %q, %v", lakes, err)
	}
	const answers = "testdata/formats/answers.txt"
	if *update {
		if err := os.WriteFile(answers, []byte(askFormat(t, lakes[0])), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(answers)
	if err != nil {
		t.Fatal(err)
	}
	for _, released := range lakes {
		t.Run(filepath.Base(released), func(t *testing.T) {
			if diff := cmp.Diff(string(want), askFormat(t, released)); diff != "" {
				t.Errorf("(-answers of format 1 +this program)\n%s", diff)
			}
		})
	}
}

// TestProofsOfFormat3 holds what a lake of format 3 says of the proof of its events
// against how it was made: one of its two log files was proven.
func TestProofsOfFormat3(t *testing.T) {
	out := mustRun(t, "query", "--lake", copyOf(t, "testdata/formats/3"), "--format", "jsonl",
		"SELECT log_file LIKE '%.gz' AS listed, digest LIKE '%_main_eu-west-2_20260304T120031Z.json.gz' AS proven, year(verified_at) AS y, count(*) AS n FROM events GROUP BY ALL ORDER BY ALL")
	const want = `{"listed":false,"proven":null,"y":null,"n":24}` + "\n" + `{"listed":true,"proven":true,"y":2026,"n":3}` + "\n"
	if out != want {
		t.Errorf("answered %s, want %s", out, want)
	}
}

// TestSources holds what lakes say of the sources of their events against the archive
// that they were made from.
func TestSources(t *testing.T) {
	for _, format := range []string{"2", "3"} {
		t.Run(format, func(t *testing.T) { requireSources(t, format) })
	}
}

func requireSources(t *testing.T, format string) {
	roots := map[string]string{".jsonl": "testdata/formats/archive", ".gz": "testdata/formats/archive/AWSLogs"} // ingested one after the other
	out := mustRun(t, "query", "--lake", copyOf(t, "testdata/formats/"+format), "--format", "jsonl",
		"SELECT DISTINCT log_file, log_file_sha256 AS sha256 FROM lake.rows WHERE log_offset >= 0")
	files := 0
	for line := range strings.Lines(out) {
		var from struct {
			LogFile string `json:"log_file"`
			SHA256  string `json:"sha256"`
		}
		if err := json.Unmarshal([]byte(line), &from); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(roots[filepath.Ext(from.LogFile)], from.LogFile))
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%x", sha256.Sum256(data)); from.SHA256 != want {
			t.Errorf("%s has the hash %s, want %s", from.LogFile, from.SHA256, want)
		}
		files++
	}
	if files != 2 {
		t.Errorf("%d log files, want 2", files)
	}
}

// TestUpgrade upgrades a lake of each older format: it answers as before, and there
// is nothing left to do.
func TestUpgrade(t *testing.T) {
	for _, format := range []string{"1", "2"} {
		t.Run(format, func(t *testing.T) { requireUpgrade(t, format) })
	}
}

func requireUpgrade(t *testing.T, format string) {
	dir := copyOf(t, "testdata/formats/"+format)
	want, err := os.ReadFile("testdata/formats/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{
		"parts of an older format: 3; upgraded: 3, with 27 events; damaged and left: 0\nformat of the lake: 3, before: " + format + "\n",
		"parts of an older format: 0; upgraded: 0, with 0 events; damaged and left: 0\n",
	} {
		if got := mustRun(t, "lake", "upgrade", "--lake", dir); got != said {
			t.Errorf("said %q, want %q", got, said)
		}
		if diff := cmp.Diff(string(want), askFormat(t, dir)); diff != "" {
			t.Errorf("(-answers of format 1 +upgraded)\n%s", diff)
		}
		if got := mustRun(t, "lake", "check", "--lake", dir); got != "27 events in 3 parts, damage: 0\n" {
			t.Errorf("check: %q", got)
		}
	}
	const named = "SELECT count(*) AS n FROM events WHERE list_contains(resource_names, 'i-2')"
	if got := mustRun(t, "query", "--lake", dir, "--format", "jsonl", named); got != "{\"n\":2}\n" {
		t.Errorf("events that name a resource: %q", got)
	}
}

// TestLackingColumnsAreSaid asks for columns that a lake of format 1 lacks.
func TestLackingColumnsAreSaid(t *testing.T) {
	dir := copyOf(t, "testdata/formats/1")
	const names, both = "resource_names", "resource_names, resource_types"
	for _, c := range []struct {
		args    []string
		columns string
		parts   string
	}{
		{[]string{"SELECT count(*) FROM events WHERE list_contains(resource_names, 'i-2')"}, names, "3, with 27"},
		{[]string{"SELECT event_id FROM events e WHERE 'i-2' IN e.RESOURCE_NAMES"}, names, "3, with 27"},
		{[]string{"--since", "2026-03-05", "SELECT DISTINCT resource_names, resource_types FROM events"}, both, "1, with 13"},
		{[]string{"--dialect", "trino", "SELECT count(*) FROM events WHERE resource_names IS NULL"}, names, "3, with 27"},
		{[]string{"SELECT * FROM events LIMIT 1"}, both, "3, with 27"},
		{[]string{"SELECT count(*) FROM events"}, "", ""},
		{[]string{"SELECT * FROM cloudtrail_logs LIMIT 1"}, "", ""},
		{[]string{"SELECT log_offset, username FROM events"}, "", ""},
	} {
		want := ""
		if c.columns != "" {
			want = "warning: NULL for the events of parts of an older format: " + c.columns + "; such parts: " + c.parts + " events\n" +
				"hint: trailkeeper lake upgrade fills these columns\n"
		}
		ask := append([]string{"query", "--lake", dir, "--format", "jsonl"}, c.args...)
		_, said, code := runVerb(t, ask...)
		if code != 0 || !strings.HasPrefix(said, want) || want == "" && strings.Contains(said, "warning") {
			t.Errorf("%q: code %d, said %q, want %q", c.args, code, said, want)
		}
	}
	mustRun(t, "lake", "upgrade", "--lake", dir)
	if _, said, _ := runVerb(t, "query", "--lake", dir, "SELECT event_id, resource_names FROM events"); said != "27 rows\n" {
		t.Errorf("upgraded: said %q", said)
	}
}

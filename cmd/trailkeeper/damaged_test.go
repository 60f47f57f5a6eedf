package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// damagedLake returns a copy of a lake of six events that a program wrote which
// overwrote the column extra. The row of event 4 has an extra that is no JSON;
// the one of event 6 has another address than its record.
func damagedLake(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "damaged", "lake"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runVerb runs a command line in this process.
func runVerb(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, messages strings.Builder
	s := &streams{in: strings.NewReader(""), out: &out, err: &messages, now: time.Now, getenv: func(string) string { return "" }}
	err := execute(t.Context(), args, s)
	text := messages.String()
	if err != nil {
		text += err.Error()
	}
	return out.String(), text, outcome.ExitCode(err)
}

// A damaged row keeps nobody from the others, and an answer without it is not
// taken for the whole.
func TestAnswersWithoutDamagedRows(t *testing.T) {
	const damaged = "00000000-0000-4000-8000-000000000004"
	for name, args := range map[string][]string{
		"export":        {"export"},
		"lookup":        {"lookup", "--format", "jsonl"},
		"lookup, some":  {"lookup", "--format", "jsonl", "--max-results", "5"},
		"query":         {"query", "--format", "jsonl", "SELECT event_id FROM events"},
		"query, extra":  {"query", "--format", "jsonl", "SELECT event_id, extra->>'$.x' AS x FROM events"},
		"query, Athena": {"query", "--format", "jsonl", "SELECT eventid FROM cloudtrail_logs"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := damagedLake(t)
			out, messages, code := runVerb(t, append(args, "--lake", dir)...)
			if code != outcome.Bad {
				t.Errorf("exit code %d, want %d\n%s", code, outcome.Bad, messages)
			}
			if got := strings.Count(out, "\n"); got != 5 {
				t.Errorf("%d events, want 5\n%s", got, out)
			}
			if strings.Contains(out, damaged) || !strings.Contains(messages, damaged) || !strings.Contains(messages, "events.jsonl") {
				t.Errorf("the damaged row is in the answer, or not named\n%s\n%s", out, messages)
			}
		})
	}
}

// Damage outside the time that is asked for is not the answer's.
func TestAnswersBesideDamagedParts(t *testing.T) {
	out, messages, code := runVerb(t, "export", "--lake", damagedLake(t), "--since", "2026-03-05")
	if code != outcome.Good || out != "" {
		t.Errorf("exit code %d\n%s\n%s", code, out, messages)
	}
}

// The check names the row whose extra is no JSON, and the one that gives back
// another record without a word.
func TestLakeCheckNamesDamagedRows(t *testing.T) {
	out, messages, code := runVerb(t, "lake", "check", "--lake", damagedLake(t))
	if code != outcome.Bad {
		t.Errorf("exit code %d, want %d: %s", code, outcome.Bad, messages)
	}
	for _, want := range []string{
		`row 4: event "00000000-0000-4000-8000-000000000004" of log file "events.jsonl": column extra is not a JSON object`,
		`row 6: event "00000000-0000-4000-8000-000000000006" of log file "events.jsonl": the row gives back another record than was read`,
		"6 events in 1 parts, damage: 2",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestLakeCheckOfASoundLake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	archive := filepath.Join("testdata", "damaged", "archive")
	if _, messages, code := runVerb(t, "ingest", "--archive", archive, "--lake", dir); code != outcome.Good {
		t.Fatal(messages)
	}
	out, messages, code := runVerb(t, "lake", "check", "--lake", dir, "--format", "json")
	if code != outcome.Good || !strings.Contains(out, `"damage": []`) || !strings.Contains(out, `"rows": 6`) {
		t.Errorf("exit code %d\n%s\n%s", code, out, messages)
	}
}

// A part with another byte, without its end, or gone, and a list of identities
// with another byte are found.
func TestLakeCheckFindsDamagedFiles(t *testing.T) {
	flip := func(path string) error {
		data, err := os.ReadFile(path)
		if err == nil {
			data[len(data)/2] ^= 1
			err = os.WriteFile(path, data, 0o600)
		}
		return err
	}
	const part, ids = "year=*/month=*/day=*/*.parquet", "_trailkeeper/ids/*.ids"
	for name, damage := range map[string]struct {
		file string
		do   func(path string) error
		code int
	}{
		"part, another byte":       {part, flip, outcome.Bad},
		"part, cut":                {part, func(path string) error { return os.Truncate(path, 100) }, outcome.Bad},
		"part, missing":            {part, os.Remove, outcome.Unseen},
		"identities, another byte": {ids, flip, outcome.Bad},
		"identities, missing":      {ids, os.Remove, outcome.Bad},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "lake")
			if _, messages, code := runVerb(t, "ingest", "--archive", filepath.Join("testdata", "damaged", "archive"), "--lake", dir); code != outcome.Good {
				t.Fatal(messages)
			}
			found, err := filepath.Glob(filepath.Join(dir, damage.file))
			if err != nil || len(found) != 1 {
				t.Fatalf("%q, %v", found, err)
			}
			if err := damage.do(found[0]); err != nil {
				t.Fatal(err)
			}
			out, messages, code := runVerb(t, "lake", "check", "--lake", dir)
			if code != damage.code || !strings.Contains(out+messages, strings.TrimSuffix(filepath.Base(found[0]), filepath.Ext(found[0]))) {
				t.Errorf("exit code %d, want %d\n%s\n%s", code, damage.code, out, messages)
			}
		})
	}
}

// A repair gives back what the log files say, in the lake of an older program too.
func TestLakeRepair(t *testing.T) {
	archive := filepath.Join("testdata", "damaged", "archive")
	exported := func(t *testing.T, dir string) []string {
		t.Helper()
		out, messages, code := runVerb(t, "export", "--lake", dir)
		if code != outcome.Good {
			t.Fatalf("exit code %d: %s", code, messages)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		slices.Sort(lines)
		return lines
	}
	fresh := func(t *testing.T) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "fresh")
		if _, messages, code := runVerb(t, "ingest", "--archive", archive, "--lake", dir); code != outcome.Good {
			t.Fatal(messages)
		}
		return dir
	}
	want := exported(t, fresh(t))
	for name, damaged := range map[string]func(t *testing.T) string{
		"rows of an older program": damagedLake,
		"another byte in a part": func(t *testing.T) string {
			dir := fresh(t)
			found, err := filepath.Glob(filepath.Join(dir, "year=*", "*", "*", "*.parquet"))
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			data, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/2] ^= 1
			if err := os.WriteFile(found[0], data, 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		},
		"no list of identities": func(t *testing.T) string {
			dir := fresh(t)
			if err := os.RemoveAll(filepath.Join(dir, "_trailkeeper", "ids")); err != nil {
				t.Fatal(err)
			}
			return dir
		},
		"nothing": fresh,
	} {
		t.Run(name, func(t *testing.T) {
			dir := damaged(t)
			if out, messages, code := runVerb(t, "lake", "repair", "--lake", dir, "--archive", archive); code != outcome.Good {
				t.Fatalf("exit code %d\n%s\n%s", code, out, messages)
			}
			if out, _, code := runVerb(t, "lake", "check", "--lake", dir); code != outcome.Good {
				t.Errorf("still damaged\n%s", out)
			}
			if got := exported(t, dir); !slices.Equal(got, want) {
				t.Errorf("the lake has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// Without its log file, a damaged part stays as it is, and that is said.
func TestLakeRepairWithoutTheLogFile(t *testing.T) {
	dir := damagedLake(t)
	out, messages, code := runVerb(t, "lake", "repair", "--lake", dir, "--archive", t.TempDir())
	if code != outcome.Bad || !strings.Contains(out, `absent   "events.jsonl"`) || !strings.Contains(out, "events that are not in the archive: 2") {
		t.Errorf("exit code %d\n%s\n%s", code, out, messages)
	}
	if out, _, _ := runVerb(t, "lake", "check", "--lake", dir); !strings.Contains(out, "damage: 2") {
		t.Errorf("the lake has changed\n%s", out)
	}
}

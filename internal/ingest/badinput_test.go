package ingest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/ingest"
)

// badCase is an archive with something bad in it, beside a good file.
type badCase struct {
	name  string
	files map[string]string
	setup func(t *testing.T, root string)

	failed, skipped, rejected int64
	unseen                    int64
	problem                   string // "FILE: CAUSE" of the first problem, or nothing
	kept                      []string
}

func badCases(t *testing.T) []badCase {
	good, more := rec("good", 0), rec("more", 1)
	packed := zipped(t, delivered(good, more))
	name := key(one, east, 0, "bad")
	big := rec("big", 0, `,"requestParameters":{"a":"`, strings.Repeat("x", 5<<20), `"}`)
	only := func(text string) map[string]string { return map[string]string{name: text} }
	return []badCase{
		{name: "truncated gzip", files: only(packed[:len(packed)/2]), failed: 1, problem: name + ": truncated gzip"},
		{name: "gzip without its end", files: only(packed[:len(packed)-4]), failed: 1, problem: name + ": truncated gzip", kept: []string{good, more}},
		{name: "corrupt gzip", files: only(packed[:30] + "\x00\xff\x00\xff" + packed[34:]), failed: 1, problem: name + ": corrupt gzip"},
		{name: "wrong checksum", files: only(packed[:len(packed)-8] + "xxxx" + packed[len(packed)-4:]), failed: 1, problem: name + ": gzip checksum mismatch", kept: []string{good, more}},
		{name: "gzip header only", files: only(packed[:8]), failed: 1, problem: name + ": truncated gzip"},
		{name: "trailing bytes", files: only(packed + "more"), failed: 1, problem: name + ": trailing bytes after the gzip stream", kept: []string{good, more}},
		{name: "two gzip members", files: only(zipped(t, good+"\n") + zipped(t, more+"\n")), kept: []string{good, more}},
		{name: "gzip bomb", files: only(bomb(t)), failed: 1, problem: name + ": gzip bomb: over 300 times its size"},
		{name: "empty", files: only(""), failed: 1, problem: name + ": empty file"},
		{name: "not JSON", files: only("<html>"), failed: 1, problem: name + ": not JSON"},
		{name: "not JSON, not named as a log", files: map[string]string{"README": "Dear reader"}, skipped: 1},
		{name: "truncated JSON", files: only(delivered(good, more)[:200]), failed: 1, problem: name + ": truncated: the file ends inside a value", kept: []string{good}},
		{name: "JSON without records", files: only(`{"a":1}`), failed: 1, problem: name + ": JSON without CloudTrail records"},
		{name: "no record in it", files: only(delivered())},
		{name: "record without eventTime", files: only(delivered(good, `{"eventVersion":"1.08","eventName":"X","eventID":"x"}`, more)), rejected: 1, problem: name + ": no eventTime", kept: []string{good, more}},
		{name: "eventTime of another kind", files: only(delivered(`{"eventVersion":"1.08","eventName":"X","eventTime":1}`, more)), rejected: 1, problem: name + ": eventTime is not a time: the number 1", kept: []string{more}},
		{name: "eventTime that is none", files: only(delivered(`{"eventVersion":"1.08","eventName":"X","eventTime":"yesterday"}`)), rejected: 1, problem: name + ": eventTime is not a time: yesterday"},
		{name: "eventTime outside the years", files: only(delivered(`{"eventVersion":"1.08","eventTime":"9999-12-31T23:59:59-01:00"}`, `{"eventVersion":"1.08","eventTime":"0000-01-01T00:00:00Z"}`, more)), rejected: 2, problem: name + ": eventTime is not a time: 9999-12-31T23:59:59-01:00", kept: []string{more}},
		{name: "record without eventID", files: only(delivered(`{"eventVersion":"1.0","eventTime":"2026-01-11T00:00:00Z","eventName":"X"}`)), kept: []string{`{"eventVersion":"1.0","eventTime":"2026-01-11T00:00:00Z","eventName":"X"}`}},
		{name: "null record", files: only(delivered(good, "null", more)), rejected: 1, problem: name + ": record is null", kept: []string{good, more}},
		{name: "records of other kinds", files: only(delivered("7", `"x"`, `[]`, `{}`, more)), rejected: 4, problem: name + ": record is not a JSON object", kept: []string{more}},
		{name: "invalid UTF-8", files: only(delivered(good, strings.Replace(rec("a", 0), "Call", "\xff", 1), more)), rejected: 1, problem: name + ": invalid UTF-8", kept: []string{good, more}},
		{name: "control character", files: only(delivered(strings.Replace(rec("a", 0), "Call", "a\tb", 1), more)), rejected: 1, problem: name + ": control character in a string", kept: []string{more}},
		{name: "numbers beyond float64", files: only(delivered(rec("n", 0, `,"requestParameters":{"a":1e999,"b":123456789012345678901234567890.10}`))), kept: []string{rec("n", 0, `,"requestParameters":{"a":1e999,"b":123456789012345678901234567890.10}`)}},
		{name: "5 MB of requestParameters", files: only(zipped(t, delivered(good, big, more))), kept: []string{good, big, more}},
		{name: "absurd depth", files: only(delivered(good, rec("deep", 0, `,"a":`, strings.Repeat("[", 2000), strings.Repeat("]", 2000)), more)), rejected: 1, problem: name + ": nesting deeper than 1000", kept: []string{good, more}},
		{name: "digest by its place", files: map[string]string{"AWSLogs/" + one + "/CloudTrail-Digest/us-east-1/2026/01/11/" + one + "_CloudTrail-Digest_us-east-1_t_us-east-1_20260111T010000Z.json.gz": "x"}, skipped: 1},
		{name: "digest by its content", files: only(`{"awsAccountId":"1","digestStartTime":"2026-01-11T00:00:00Z","digestS3Object":"x","logFiles":[]}`), skipped: 1},
		{name: "wrong date in the name", files: map[string]string{"AWSLogs/" + one + "/CloudTrail/us-east-1/2026/13/41/" + one + "_CloudTrail_us-east-1_20261341T0000Z_x.json": delivered(good)}, kept: []string{good}},
		{name: "a folder named as a file", setup: func(t *testing.T, root string) {
			write(t, root, map[string]string{"x.json.gz/inner.json": delivered(good)})
		}, kept: []string{good}},
		{name: "dangling link", setup: link("gone.json", "dangling.json"), failed: 1, unseen: 1, problem: `dangling.json: read "dangling.json": no such file or directory`},
		{name: "link loops", setup: func(t *testing.T, root string) {
			link("..", "deep/up")(t, root)
			link("self.json", "self.json")(t, root)
		}, skipped: 2},
		{name: "a file that cannot be read", setup: link("/proc/self/mem", "mem.json"), failed: 1, unseen: 1, problem: "mem.json: reading stopped: read "},
		{name: "a name that is not UTF-8", files: map[string]string{"caf\xe9.json": delivered(good), "bad\xff.json": "x"}, failed: 1, problem: `bad\xff.json: not JSON`, kept: []string{good}},
		{name: "broken lines", files: map[string]string{"x.jsonl": good + "\n{\"eventVersion\":\n" + more + "\n"}, rejected: 1, problem: "x.jsonl: ", kept: []string{good, more}},
	}
}

func link(target, name string) func(t *testing.T, root string) {
	return func(t *testing.T, root string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(target, path)); err != nil {
			t.Fatal(err)
		}
	}
}

// bomb is a small file of very much white space.
func bomb(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for range 72 {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever is bad in an archive is named, and everything else goes in.
func TestBadInput(t *testing.T) {
	for _, test := range badCases(t) {
		t.Run(test.name, func(t *testing.T) {
			root, dir := t.TempDir(), t.TempDir()
			write(t, root, test.files)
			if test.setup != nil {
				test.setup(t, root)
			}
			beside := rec("beside", 5)
			write(t, root, map[string]string{key(two, london, 9, "good"): delivered(beside)})
			follow := func(o *ingest.Options) { o.Source.(*dirarchive.Source).FollowSymlinks = true }
			r := ingested(t, root, dir, follow)
			if r.Files.Failed != test.failed || r.Files.Skipped != test.skipped || r.Events.Rejected != test.rejected || r.Unseen != test.unseen {
				t.Errorf("%+v %+v, unseen %d, problems %+v", r.Files, r.Events, r.Unseen, r.Problems)
			}
			if bad := test.failed > test.unseen || test.rejected > 0; r.Bad() != bad {
				t.Errorf("bad is %t, want %t", r.Bad(), bad)
			}
			requireRecords(t, dir, append(test.kept, beside)...)
			requireListed(t, dir, r, test)

			// The next run lists nothing twice.
			before := quarantined(t, dir)
			again := ingested(t, root, dir, follow)
			if again.Files.Failed != test.failed || again.Events.Stored != 0 {
				t.Errorf("second run: %+v %+v", again.Files, again.Events)
			}
			if diff := cmp.Diff(before, quarantined(t, dir)); diff != "" {
				t.Errorf("quarantine after the second run (-before +after)\n%s", diff)
			}
		})
	}
}

type quarantineLine struct {
	Kind, File, Cause, Text string
	Offset                  int64
	Base64                  []byte
	Size, Pieces            int
}

func quarantined(t *testing.T, dir string) (lines []quarantineLine) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "_trailkeeper", "quarantine", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(f)
		for {
			var line quarantineLine
			err := decoder.Decode(&line)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		f.Close()
	}
	return lines
}

// requireListed checks that the report and the quarantine name what was bad.
func requireListed(t *testing.T, dir string, r *ingest.Report, test badCase) {
	t.Helper()
	if test.problem == "" {
		if len(r.Problems) > 0 {
			t.Errorf("problems: %+v", r.Problems)
		}
		return
	}
	if got := r.Problems[0].File + ": " + r.Problems[0].Cause; !strings.HasPrefix(got, test.problem) {
		t.Errorf("the first problem is %q, want %q", got, test.problem)
	}
	lines := quarantined(t, dir)
	if want := int(test.failed + test.rejected); len(lines) != want {
		t.Fatalf("%d lines in the quarantine, want %d: %+v", len(lines), want, lines)
	}
	first := r.Problems[0]
	for _, line := range lines {
		if line.File == first.File && line.Offset == first.Offset && line.Cause == first.Cause {
			if line.Kind == "event" && line.Text == "" && line.Base64 == nil {
				t.Errorf("the quarantine does not have the piece: %+v", line)
			}
			return
		}
	}
	t.Errorf("%+v is not in the quarantine: %+v", first, lines)
}

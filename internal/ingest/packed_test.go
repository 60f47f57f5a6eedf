package ingest_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/ingest"
)

// member is a file to pack.
type member struct{ name, text string }

func tarred(t testing.TB, members ...member) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		_, err := io.WriteString(&headed{w, m}, m.text)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// headed writes a member after its header.
type headed struct {
	*tar.Writer
	member
}

func (h *headed) Write(p []byte) (int, error) {
	header := &tar.Header{Name: h.name, Size: int64(len(h.text)), Mode: 0o600}
	return len(p), errors.Join(h.WriteHeader(header), second(h.Writer.Write(p)))
}

func second(_ int, err error) error { return err }

func zippedUp(t testing.TB, members ...member) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, m.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMembersAreAccountedFor(t *testing.T) {
	a, b, c, d := rec("a", 0), rec("b", 1), rec("c", 2), rec("d", 3)
	noID := `{"eventVersion":"1.0","eventTime":"2026-01-11T00:00:00Z","eventName":"X"}`
	inner := tarred(t, member{"x/d.json", d}, member{"x/noid.json", noID + noID})
	packed := []member{
		{"logs/a.json", delivered(a)},
		{"logs/b.json.gz", zipped(t, delivered(b, "null"))},
		{"logs/", ""},
		{"logs/photo", "\x89PNG\r\n\x1a\n\x00\x00"},
		{"README.md", "Dear reader"},
		{"__MACOSX/logs/._a.json", "\x00\x05\x16\x07\x00\x02"},
		{"cut.json.gz", zipped(t, delivered(c, d))[:100]},
		{"inner.tgz", zipped(t, inner)},
		{"strange\x1b[2J.txt", "no events, but who knows"},
		{"empty.json", ""},
		{"marker", ""},
	}
	root, dir := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{"good.json": delivered(c), "all.zip": zippedUp(t, packed...)})
	r := ingested(t, root, dir)
	if r.Files.Listed != 2 || r.Files.Read != 1 || r.Files.Failed != 1 || r.Reasons.Failed["a member failed"] != 1 || !r.Bad() {
		t.Errorf("files %+v, reasons %+v", r.Files, r.Reasons)
	}
	want := ingest.Members{Listed: 11, Read: 4, Skipped: 4, Failed: 3}
	want.Reasons.Skipped = map[string]int64{"image": 1, "documentation": 1, "hidden": 1, "empty, and not named as a log file": 1}
	want.Reasons.Failed = map[string]int64{"truncated gzip": 1, "not JSON": 1, "empty file": 1}
	if diff := cmp.Diff(want, r.Members); diff != "" {
		t.Errorf("members (-want +got)\n%s", diff)
	}
	requireRecords(t, dir, a, b, c, d, noID, noID) // those without an id are told apart by their place
	problems := map[string]string{}
	for _, p := range r.Problems {
		problems[p.File] = p.Cause
	}
	wantProblems := map[string]string{
		"all.zip!logs/b.json.gz": "record is null", "all.zip!cut.json.gz": "truncated gzip",
		`all.zip!strange\x1b[2J.txt`: "not JSON", "all.zip!empty.json": "empty file",
	}
	if diff := cmp.Diff(wantProblems, problems); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
	listed := map[string]string{}
	for _, line := range quarantined(t, dir) {
		listed[line.File] = line.Cause
	}
	if diff := cmp.Diff(wantProblems, listed); diff != "" {
		t.Errorf("quarantine (-want +got)\n%s", diff)
	}
	// The archive that failed is tried again, the other one is known.
	again := ingested(t, root, dir)
	if again.Files.Unchanged != 1 || again.Files.Failed != 1 || again.Events.Stored != 0 || !cmp.Equal(again.Members, r.Members) {
		t.Errorf("second run: %+v %+v %+v", again.Files, again.Events, again.Members)
	}
}

// What is packed gives the same events as what is not, and is known by the
// second run.
func TestPackedIsRead(t *testing.T) {
	events := []string{rec("a", 0), rec("b", 30), rec("c", 2)}
	plain := delivered(events...)
	for name, in := range map[string]struct {
		packed string
		from   string // what the column log_file has
	}{
		"x.json.gz":      {zipped(t, plain), "x.json.gz"},
		"double.json.gz": {zipped(t, zipped(t, plain)), "double.json.gz"},
		"x.tar":          {tarred(t, member{"./AWSLogs/a.json", plain}), "x.tar!AWSLogs/a.json"},
		"x.tgz":          {zipped(t, tarred(t, member{"a.json.gz", zipped(t, plain)})), "x.tgz!a.json.gz"},
		"x.zip":          {zippedUp(t, member{"x.tar", tarred(t, member{"a!b.json", plain})}), "x.zip!x.tar!a!b.json"},
		"named.json":     {zippedUp(t, member{"../../etc/passwd", plain}), "named.json!../../etc/passwd"},
	} {
		root, dir := t.TempDir(), t.TempDir()
		write(t, root, map[string]string{name: in.packed})
		if r := ingested(t, root, dir); r.Files.Read != 1 || r.Events.Stored != 3 || r.Bad() {
			t.Errorf("%s: %+v %+v, problems %+v", name, r.Files, r.Events, r.Problems)
		}
		requireRecords(t, dir, events...)
		if n := eventsOf(t, dir, in.from); n != 3 {
			t.Errorf("%s: %d events are of %q", name, n, in.from)
		}
		if again := ingested(t, root, dir); again.Files.Unchanged != 1 || again.Members.Listed != 0 {
			t.Errorf("%s, second run: %+v %+v", name, again.Files, again.Members)
		}
	}
}

// An archive that breaks off keeps what came before, and names where.
func TestBrokenArchives(t *testing.T) {
	a, b := rec("a", 0), rec("b", 1)
	packed := tarred(t, member{"a.json", delivered(a)}, member{"b.json", delivered(b)})
	zip := zippedUp(t, member{"a.json", delivered(a)}, member{"b.json", delivered(b)})
	last := strings.LastIndex(zip, "PK\x03\x04")
	flipped := zip[:last] + "PK\x03\x05" + zip[last+4:]
	for _, test := range []struct {
		name, packed string
		problems     []string
		kept         []string
	}{
		{"cut.tar", packed[:1600], []string{`cut.tar!b.json: truncated tar`, `cut.tar: truncated tar`}, []string{a}},
		{"cut.tar.gz", zipped(t, packed)[:len(zipped(t, packed))-9], []string{`cut.tar.gz: truncated gzip`}, []string{a, b}},
		{"end.tar", packed[:2048], []string{`end.tar: truncated tar`}, []string{a, b}},
		{"more.tar", packed + "more", []string{`more.tar: corrupt tar: bytes after its end`}, []string{a, b}},
		{"cut.zip", zip[:len(zip)-30], []string{`cut.zip: truncated zip: no directory at its end`}, []string{a, b}},
		{"flipped.zip", flipped, []string{"flipped.zip!b.json: corrupt zip: malformed"}, []string{a}},
		{"bad.7z", "7z\xbc\xaf\x27\x1c\x00\x04", []string{"bad.7z: 7z archive: unpack it first"}, nil},
	} {
		root, dir := t.TempDir(), t.TempDir()
		write(t, root, map[string]string{test.name: test.packed})
		r := ingested(t, root, dir)
		got := []string{}
		for _, p := range r.Problems {
			got = append(got, p.File+": "+p.Cause)
		}
		slices.Sort(got)
		if !slices.Equal(got, test.problems) || r.Files.Failed != 1 || !r.Bad() {
			t.Errorf("%s: problems %q, want %q; %+v", test.name, got, test.problems, r.Files)
		}
		requireRecords(t, dir, test.kept...)
	}
}

// eventsOf counts the events of a log file.
func eventsOf(t *testing.T, dir, logFile string) (n int) {
	t.Helper()
	rows := records(t, dir, "WHERE log_file = $name", map[string]any{"name": logFile})
	defer rows.Close()
	for {
		if _, err := rows.Append(nil); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
		n++
	}
}

// A file that may hold events is never skipped; one of a kind that every folder
// has is, with a reason.
func TestWhatIsSkipped(t *testing.T) {
	for name, test := range map[string]struct{ text, skipped, failed string }{
		"README":                {"Dear reader", "documentation", ""},
		"readme.md":             {"# Title", "documentation", ""},
		"README.txt":            {"", "documentation", ""},
		"LICENSE":               {"[MIT]", "documentation", ""},
		"Thumbs.db":             {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "side file of a file manager", ""},
		"desktop.ini":           {"\xff\xfe[\x00.\x00S\x00", "side file of a file manager", ""},
		"logs_$folder$":         {"", "folder marker", ""},
		"done":                  {"", "empty, and not named as a log file", ""},
		"a.json.gz.sha256":      {"1234  a.json.gz", "checksum or signature", ""},
		"main.tf":               {"resource {", "source code", ""},
		"x.png":                 {"\x89PNG\r\n\x1a\n\x00", "image", ""},
		"part.parquet":          {"PAR1\x00\x00", "Parquet file", ""},
		"q/result_sign.json":    {`{"version":"1.0","files":[]}`, "checksum or signature", ""},
		"readme.json":           {"Dear reader", "", "not JSON"},
		"x.json":                {"\x89PNG\r\n\x1a\n\x00", "", "image, though named as a log file"},
		"notes.txt":             {"to do", "", "not JSON"},
		"noext":                 {"to do", "", "not JSON"},
		"noext2":                {`{"a":1}`, "", "JSON without CloudTrail records"},
		"zero.log":              {"", "", "empty file"},
		"zero.json.gz":          {"", "", "empty file"},
		"random":                {"\x00\x01\x02\x03", "", "binary data of an unknown kind"},
		"keys.age":              {"age-encryption.org/v1\n", "", "encrypted with age"},
		"readme":                {delivered("null"), "", ""},
		"AWSLogs/" + one + "/x": {"to do", "", "not JSON"},
	} {
		root, dir := t.TempDir(), t.TempDir()
		write(t, root, map[string]string{name: test.text})
		r := ingested(t, root, dir)
		var reasons []string
		for reason := range r.Reasons.Skipped {
			reasons = append(reasons, "skipped "+reason)
		}
		for reason := range r.Reasons.Failed {
			reasons = append(reasons, "failed "+reason)
		}
		want := []string(nil)
		switch {
		case test.skipped != "":
			want = []string{"skipped " + test.skipped}
		case test.failed != "":
			want = []string{"failed " + test.failed}
		}
		if !slices.Equal(reasons, want) {
			t.Errorf("%s: %q, want %q", name, reasons, want)
		}
		if r.Bad() == (test.skipped != "") {
			t.Errorf("%s: bad is %t", name, r.Bad())
		}
	}
}

// A temporary file for a large archive is gone after the run.
func TestTemporaryFiles(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	large := zippedUp(t, member{"a.json", delivered(rec("a", 0))}, member{"noise.png", "\x89PNG\r\n\x1a\n\x00" + strings.Repeat(zipped(t, root), 20000)})
	write(t, root, map[string]string{"x.zip.gz": zipped(t, large)})
	if r := ingested(t, root, dir); r.Members.Read != 1 || r.Members.Skipped != 1 {
		t.Errorf("%+v", r.Members)
	}
	left, err := filepath.Glob(filepath.Join(dir, "_trailkeeper", ".unpack*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// The listing of an archive with very many bad members is bounded.
func TestManyBadMembers(t *testing.T) {
	const many = 10020
	members := make([]member, many)
	for i := range members {
		members[i].name = fmt.Sprintf("%d.json", i)
	}
	root, dir := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{"x.zip": zippedUp(t, members...)})
	r := ingested(t, root, dir)
	if r.Members.Failed != many || r.MoreProblems() != many-int64(len(r.Problems)) {
		t.Errorf("%+v, %d more problems", r.Members, r.MoreProblems())
	}
	lines := quarantined(t, dir)
	if last := lines[len(lines)-1]; len(lines) != 10001 || last.File != "x.zip" || last.Cause != "20 further members failed" {
		t.Errorf("%d lines, the last is %+v", len(lines), last)
	}
}

// The members are in the JSON report when there are any, and else not.
func TestMembersInJSON(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{"a.json": delivered(rec("a", 0))})
	text, err := json.Marshal(ingested(t, root, dir))
	if err != nil || bytes.Contains(text, []byte(`"members"`)) {
		t.Errorf("%s, %v", text, err)
	}
	if err := os.WriteFile(filepath.Join(root, "b.zip"), []byte(zippedUp(t, member{"a.json", delivered(rec("a", 0))})), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err = json.Marshal(ingested(t, root, dir))
	if err != nil || !bytes.Contains(text, []byte(`"members":{"listed":1,"read":1,"skipped":0,"failed":0}`)) {
		t.Errorf("%s, %v", text, err)
	}
}

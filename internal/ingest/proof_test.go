package ingest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/recordtest"
)

// TestRandomRecords brings random records through files, a lake and the engine:
// they come out as they went in.
func TestRandomRecords(t *testing.T) {
	number := 0
	recordtest.Rounds(t, 3, func(t *testing.T, random *rand.Rand) {
		var want []string
		files := map[string]string{}
		for range 1 + random.IntN(4) {
			var records []string
			for range random.IntN(80) {
				number++
				records = append(records, recordtest.Record(random, number))
			}
			want = append(want, records...)
			text := delivered(records...)
			if random.IntN(2) == 0 {
				text = strings.Join(records, "\n")
			}
			if random.IntN(2) == 0 {
				text = zipped(t, text)
			}
			if len(records) > 0 {
				files[fmt.Sprintf("%d.json", number)] = text
			}
		}
		root, dir := t.TempDir(), filepath.Join(t.TempDir(), "lake")
		write(t, root, files)
		report := ingested(t, root, dir)
		if report.Events.Stored != int64(len(want)) {
			t.Errorf("%d of %d events stored: %+v", report.Events.Stored, len(want), report.Problems)
		}
		requireSameRecords(t, dir, want)
	})
}

// requireSameRecords is requireRecords for records of which not all are Unicode.
func requireSameRecords(t *testing.T, dir string, want []string) {
	t.Helper()
	got := exported(t, dir)
	texts := normals(t, want...)
	if !slices.Equal(got, texts) {
		for i := range min(len(got), len(texts)) {
			if got[i] != texts[i] {
				t.Fatalf("%d records of %d; the first that differs\nwant %s\ngot  %s", len(got), len(texts), texts[i], got[i])
			}
		}
		t.Fatalf("%d records, want %d", len(got), len(texts))
	}
}

// brokenEncoder says in the environment that this process was built with a fault.
const brokenEncoder = "TRAILKEEPER_BROKEN_ENCODER"

// TestBrokenEncoderIsFoundOut builds this package with a fault that the encoder
// once had, two columns that shared a buffer, and wants every ingest to fail before
// it commits.
func TestBrokenEncoderIsFoundOut(t *testing.T) {
	if os.Getenv(brokenEncoder) != "" {
		t.Skip("this is the process with the broken encoder")
	}
	source, err := filepath.Abs("../lake/encode.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.ReplaceAll(string(text), "e.block.extra", "e.block.scratch")
	if broken == string(text) {
		t.Fatal("the encoder has no buffer of that name to break")
	}
	dir := t.TempDir()
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: filepath.Join(dir, "encode.go")}})
	err = errors.Join(err,
		os.WriteFile(filepath.Join(dir, "encode.go"), []byte(broken), 0o600),
		os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-overlay", filepath.Join(dir, "overlay.json"), "-count=1", "-v", "-run", "^TestWithBrokenEncoder$", ".")
	test.Env = append(os.Environ(), brokenEncoder+"=1")
	output, err := test.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: TestWithBrokenEncoder") {
		t.Fatalf("%v\n%s", err, output)
	}
}

// TestWithBrokenEncoder is run by TestBrokenEncoderIsFoundOut.
func TestWithBrokenEncoder(t *testing.T) {
	if os.Getenv(brokenEncoder) == "" {
		t.Skip("runs inside TestBrokenEncoderIsFoundOut")
	}
	for name, record := range map[string]string{
		"spaces":  `{"eventVersion":"1.08","eventTime":"2026-01-11T10:00:00.125Z","eventName":"PutRolePolicy","eventID":"a","requestParameters":{ "roleName" : "deploy" }}`,
		"escapes": `{"eventVersion":"1.08","eventTime":"2026-01-11T10:00:00Z","eventName":"RunInstances20150331","eventID":"b","apiVersion":20150331,"responseElements":{"x":"\u0041\u0042\u0043\u0044\u0045\u0046"}}`,
		"forged":  `{"eventVersion":"1.08","eventTime":"2026-01-11T10:00:00Z","eventName":"GetObject","eventID":"c","apiVersion":1,"sourceIPAddress":"198.51.100.3","requestParameters":{"a":"\u0022"}}`,
	} {
		root, dir := t.TempDir(), filepath.Join(t.TempDir(), "lake")
		write(t, root, map[string]string{"good.json": delivered(rec("good", 1))})
		ingested(t, root, dir)
		before := tree(t, dir)
		warm := rec("more", 2, `,"requestParameters":{ "text" : "`+strings.Repeat("warm ", 100)+`" }`) // the buffer has room from here on
		write(t, root, map[string]string{"more.json": delivered(warm, record)})
		_, err := ingest.Run(t.Context(), options(t, root, dir))
		if _, ok := errors.AsType[*lake.ProofError](err); !ok {
			t.Errorf("%s: ingest ended with %v, want a failed proof", name, err)
		}
		if after := tree(t, dir); fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%s: the lake has changed", name)
		}
		requireRecords(t, dir, rec("good", 1))
	}
}

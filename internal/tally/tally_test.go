package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden")

// testdata/*.jsonl are recorded runs of `go test -json`.
func TestTally(t *testing.T) {
	good := map[string]bool{"good": true}
	recordings, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(recordings) == 0 {
		t.Fatalf("found no recordings (%v)", err)
	}
	for _, recording := range recordings {
		name := strings.TrimSuffix(filepath.Base(recording), ".jsonl")
		t.Run(name, func(t *testing.T) {
			in, err := os.Open(recording)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			var out bytes.Buffer
			counts, err := tally(in, &out)
			if err != nil {
				t.Fatal(err)
			}
			if counts.good() != good[name] {
				t.Errorf("good is %t: %+v", counts.good(), counts)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("report (-want +got)\n%s", diff)
			}
		})
	}
}

func TestNothingIsNotGood(t *testing.T) {
	var out bytes.Buffer
	counts, err := tally(strings.NewReader(""), &out)
	if err != nil || counts.good() {
		t.Errorf("a run without a test is good (%v)", err)
	}
}

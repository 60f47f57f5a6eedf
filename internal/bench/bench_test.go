package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childArgument {
		if err := runChild(context.Background(), os.Args[2:], os.Stdout); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestQuickRun runs everything on tiny archives. The figures are meaningless, but both
// sides of every comparison must have done the same work.
func TestQuickRun(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 1, 12, 9, 0, 0, 0, time.UTC) }
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-quick", "-json", "-dir", dir}, &stdout, &stderr, now); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var got result
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Date != "2026-01-12 09:00 UTC" || !got.Quick {
		t.Errorf("date %q, quick %t", got.Date, got.Quick)
	}
	judged := map[string]int{}
	for _, g := range got.Groups {
		for _, m := range g.Measures {
			if len(m.Samples) == 0 {
				t.Errorf("%s: %s was not measured", g.Title, m.Name)
			}
			if m.Verdict != nil {
				judged[g.Section]++
			}
		}
	}
	verify := 3
	if _, err := exec.LookPath("aws"); err == nil {
		verify = 4
	}
	for section, want := range map[string]int{"ingest": 2, "count": 2 * len(unzipReferences()), "queries": 5, "lookup": 9, "coldstart": 2, "memory": 1, "verify": verify, "sandbox": 5} {
		if judged[section] != want {
			t.Errorf("section %s has %d figures with a bar, want %d", section, judged[section], want)
		}
	}
	text := got.text()
	for _, want := range []string{"A QUICK RUN", "ingest, small files, against DuckDB", "duckdb", "query: who makes the most calls"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}

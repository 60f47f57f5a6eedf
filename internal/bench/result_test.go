package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		list []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.list); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.list, got, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		ratio float64
		bar   bar
		text  string
		pass  bool
	}{
		{4, bar{AtLeast: 4}, "at least 4", true},
		{3.99, bar{AtLeast: 4}, "at least 4", false},
		{1.1, bar{AtMost: 1.1}, "at most 1.1", true},
		{1.11, bar{AtMost: 1.1}, "at most 1.1", false},
		{1, bar{AtLeast: 0.9, AtMost: 1.1}, "0.9 to 1.1", true},
		{0.8, bar{AtLeast: 0.9, AtMost: 1.1}, "0.9 to 1.1", false},
		{1.2, bar{AtLeast: 0.9, AtMost: 1.1}, "0.9 to 1.1", false},
	} {
		m := measured{Ratio: c.ratio}
		m.judge("figure", c.bar)
		if m.Verdict.Pass != c.pass || c.bar.String() != c.text {
			t.Errorf("%v by %q is %t, want %t by %q", c.ratio, c.bar, m.Verdict.Pass, c.pass, c.text)
		}
	}
}

func TestText(t *testing.T) {
	ours, theirs := measured{Name: "trailkeeper"}, measured{Name: "gunzip alone"}
	for _, seconds := range []float64{0.3, 0.1, 0.25} {
		ours.add(sample{Seconds: seconds, CPU: 2 * seconds, Peak: 10 << 20})
		theirs.add(sample{Seconds: 2 * seconds})
	}
	theirs.compare(&ours, slowness)
	theirs.judge("counting", bar{AtLeast: 4})
	r := result{
		Date: "2026-01-12 09:00 UTC", Load: []string{"0.1", "1.9"}, Minutes: 4.6,
		Machine: machine{CPU: "Abacus", Cores: 2, Memory: 8 << 30, System: "linux/amd64", DuckDB: "v1.5.6", Build: "trailkeeper (devel)\ngo          go1.26"},
		Groups:  []group{{Title: "count", About: "of beads", Ratio: "times", Measures: []measured{ours, theirs}, Notes: []string{"A note."}}},
	}
	const want = `measured  2026-01-12 09:00 UTC, in 5 minutes
machine   Abacus, 2 cores, 8 GiB of memory, linux/amd64
version   (devel)
go        go1.26
duckdb    1.5.6
load      0.1 before the run, of other programs; 1.9 after it

            ratio         bar
  counting   2.00  at least 4  MISSES THE BAR

count (ratio: times)
of beads
                median     least    most     CPU    peak  runs  ratio
  trailkeeper   0.25 s  100.0 ms  0.30 s  0.50 s  10 MiB     3
  gunzip alone  0.50 s    0.20 s  0.60 s                     3   2.00
A note.
`
	if got := r.text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestInsertRun(t *testing.T) {
	page, err := os.ReadFile("../../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	once, err := insertRun(string(page), "measured now\n")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(once, pageBegin+"\n```text\nmeasured now\n```\n\n"+pageEnd) {
		t.Errorf("the run is not in the page:\n%s", once)
	}
	twice, err := insertRun(once, "measured now\n")
	if err != nil || twice != once {
		t.Errorf("a second insertion changes the page: %v", err)
	}
	if _, err := insertRun("# Another page\n", "measured now\n"); err == nil {
		t.Error("a page without the lines is changed")
	}
}

func TestParseOptions(t *testing.T) {
	for args, want := range map[string]string{
		"":                       "",
		"-quick -json -rounds 1": "",
		"-only count,memory":     "",
		"-only speed":            `no section "speed"`,
		"-rounds 0":              "less than 1",
		"-update -quick":         "whole runs only",
		"-update -only count":    "whole runs only",
		"now":                    `"now" is not expected`,
	} {
		_, err := parseOptions(strings.Fields(args), &bytes.Buffer{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", args, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}

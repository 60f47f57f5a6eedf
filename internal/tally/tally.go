package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// testEvent is one line of `go test -json`; the format is that of
// `go doc test2json`.
type testEvent struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Output     string
}

type testCounts struct {
	passed, failed, skipped int
	brokenPackages          int // did not build, or failed outside a test
}

func (c testCounts) good() bool {
	return c.failed == 0 && c.brokenPackages == 0 && c.passed > 0
}

type skippedTest struct{ name, reason string }

// run is the state of one report.
type run struct {
	out     io.Writer
	counts  testCounts
	skipped []skippedTest
	// output holds what tests printed that have not ended yet, by package and
	// test; the package's own output is under "".
	output map[string]map[string]*strings.Builder
	// blamed are packages with a failed test, so that the package's failure is
	// not counted again.
	blamed map[string]bool
}

// tally reads events until in ends and writes the report to out. A line that is
// not an event, such as an error of the go command, is copied.
func tally(in io.Reader, out io.Writer) (testCounts, error) {
	r := &run{out: out, output: map[string]map[string]*strings.Builder{}, blamed: map[string]bool{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var event testEvent
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			r.print(lines.Text() + "\n")
			continue
		}
		r.handle(event)
	}
	r.close()
	if err := lines.Err(); err != nil {
		return r.counts, fmt.Errorf("read test events: %w", err)
	}
	return r.counts, nil
}

// print ignores write errors: without standard output nobody reads the report,
// and the exit code still shows the result.
func (r *run) print(text string) { _, _ = io.WriteString(r.out, text) }

func (r *run) handle(event testEvent) {
	switch {
	case event.Action == "build-output":
		r.print(event.Output)
	case event.Action == "output":
		r.buffer(event.Package, event.Test).WriteString(event.Output)
	case event.Test == "":
		r.endPackage(event)
	default:
		r.endTest(event)
	}
}

func (r *run) buffer(pkg, test string) *strings.Builder {
	tests := r.output[pkg]
	if tests == nil {
		tests = map[string]*strings.Builder{}
		r.output[pkg] = tests
	}
	if tests[test] == nil {
		tests[test] = &strings.Builder{}
	}
	return tests[test]
}

func (r *run) endTest(event testEvent) {
	output := r.buffer(event.Package, event.Test).String()
	switch event.Action {
	case "pass":
		r.counts.passed++
	case "fail":
		r.counts.failed++
		r.blamed[event.Package] = true
		r.print(output)
	case "skip":
		r.counts.skipped++
		r.skipped = append(r.skipped, skippedTest{shortPackage(event.Package) + " " + event.Test, reason(output)})
	default:
		return // run, pause, cont: not an end
	}
	delete(r.output[event.Package], event.Test)
}

func (r *run) endPackage(event testEvent) {
	own := r.buffer(event.Package, "").String()
	switch event.Action {
	case "pass", "skip":
		r.print(closingLine(own))
	case "fail":
		if !r.blamed[event.Package] {
			r.counts.brokenPackages++
		}
		// Tests that never ended: the process died or ran out of time.
		tests := r.output[event.Package]
		delete(tests, "")
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			r.print(tests[name].String())
		}
		r.print(own)
	default:
		return
	}
	delete(r.output, event.Package)
}

// closingLine keeps the lines that `go test` prints without -v.
func closingLine(output string) string {
	var kept strings.Builder
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "?   \t") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// skipLine is what t.Skip prints, such as "    s3_test.go:31: no server".
var skipLine = regexp.MustCompile(`(?m)^\s+\S+\.go:\d+: (.*)$`)

func reason(output string) string {
	lines := skipLine.FindAllStringSubmatch(output, -1)
	if len(lines) == 0 {
		return "no reason given"
	}
	return lines[len(lines)-1][1]
}

// shortPackage leaves out the host, owner and name of the module.
func shortPackage(pkg string) string {
	if parts := strings.SplitN(pkg, "/", 4); len(parts) == 4 {
		return parts[3]
	}
	return pkg
}

func (r *run) close() {
	if len(r.skipped) > 0 {
		r.print("\nskipped\n")
	}
	for _, test := range r.skipped {
		r.print(fmt.Sprintf("  %s: %s\n", test.name, test.reason))
	}
	if r.counts.brokenPackages > 0 {
		r.print(fmt.Sprintf("\n%d packages did not build or broke outside a test\n", r.counts.brokenPackages))
	}
	r.print(fmt.Sprintf("\n%d passed, %d failed, %d skipped\n", r.counts.passed, r.counts.failed, r.counts.skipped))
}

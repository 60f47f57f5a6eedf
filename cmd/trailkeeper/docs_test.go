package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// exampleTimeout ends an example that hangs; it measures nothing.
const exampleTimeout = 5 * time.Minute

// TestDocs runs the examples of README.md and docs/*.md: every ```console block
// is a terminal session, of which a page's are run in order in one folder of
// their own. CONTRIBUTING.md describes the form. With -update the output in the
// pages is rewritten where it differs.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("found no pages in docs (%v)", err)
	}
	examples := 0
	for _, path := range append([]string{"../../README.md"}, pages...) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := parsePage(string(text))
			if err != nil {
				t.Fatalf("%s:%v", filepath.Base(path), err)
			}
			examples += len(p.examples)
			for _, skip := range p.skips {
				t.Run(fmt.Sprintf("line%d", skip.line), func(t *testing.T) { t.Skipf("SKIPPED DOCS EXAMPLE: %s", skip.reason) })
			}
			for _, program := range p.needs {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("SKIPPED REAL SERVICE: the page needs %s, which is not installed", program)
				}
			}
			runPage(t, path, p)
		})
	}
	if examples == 0 {
		t.Error("found no examples to run")
	}
}

// page is what a Markdown file asks to be run.
type page struct {
	lines    []string
	examples []example
	skips    []skippedBlock
	needs    []string // programs besides trailkeeper
}

// example is one command and the output that the page shows for it, in
// lines[from:to]. A setup command, which readers do not see, shows none.
type example struct {
	line     int // of the command, counted from 1
	command  string
	from, to int
	setup    bool
}

type skippedBlock struct {
	line   int
	reason string
}

var (
	notRunComment = regexp.MustCompile(`^<!-- not run: (.+) -->$`)
	needsComment  = regexp.MustCompile(`^<!-- needs: (.+) -->$`)
	setupComment  = regexp.MustCompile(`^<!-- setup: (.+) -->$`)
	fence         = regexp.MustCompile("^```(\\w*)")
	exitLine      = regexp.MustCompile(`\[exit status \d+\]\z`)
	shells        = regexp.MustCompile(`^(sh|bash|zsh|fish|shell|powershell)$`)
)

func parsePage(text string) (page, error) {
	p := page{lines: strings.Split(text, "\n")}
	reason := ""
	for i := 0; i < len(p.lines); i++ {
		line := p.lines[i]
		if m := setupComment.FindStringSubmatch(line); m != nil {
			p.examples = append(p.examples, example{line: i + 1, command: m[1], setup: true})
			continue
		}
		if m := needsComment.FindStringSubmatch(line); m != nil {
			p.needs = append(p.needs, strings.Fields(m[1])...)
			continue
		}
		if m := notRunComment.FindStringSubmatch(line); m != nil {
			reason = m[1]
			continue
		}
		opening := fence.FindStringSubmatch(line)
		if opening == nil {
			if reason != "" && line != "" {
				return p, fmt.Errorf("%d: a \"not run\" comment without a block below it", i)
			}
			continue
		}
		end := i + 1
		for end < len(p.lines) && p.lines[end] != "```" {
			end++
		}
		if end == len(p.lines) {
			return p, fmt.Errorf("%d: the block is not closed", i+1)
		}
		switch language := opening[1]; {
		case reason != "":
			p.skips = append(p.skips, skippedBlock{i + 1, reason})
		case language == "console":
			if err := p.parseSession(i+1, end); err != nil {
				return p, err
			}
		case shells.MatchString(language):
			return p, fmt.Errorf("%d: a %s block is not run: make it a console block, or put <!-- not run: REASON --> above it", i+1, language)
		}
		reason, i = "", end
	}
	return p, nil
}

// parseSession reads lines[from:end] of a console block. A command starts with
// "$ " and goes on in lines that start with "> " or follow a backslash.
func (p *page) parseSession(from, end int) error {
	if from == end || !strings.HasPrefix(p.lines[from], "$ ") {
		return fmt.Errorf("%d: a console block starts with a \"$ \" line", from+1)
	}
	for i := from; i < end; {
		e := example{line: i + 1, command: strings.TrimPrefix(p.lines[i], "$ ")}
		for i++; i < end; i++ {
			more, prompted := strings.CutPrefix(p.lines[i], "> ")
			if !prompted && !strings.HasSuffix(e.command, `\`) {
				break
			}
			e.command += "\n" + more
		}
		e.from = i
		for i < end && !strings.HasPrefix(p.lines[i], "$ ") {
			i++
		}
		e.to = i
		p.examples = append(p.examples, e)
	}
	return nil
}

func runPage(t *testing.T, path string, p page) {
	dir := t.TempDir()
	shift := 0 // by how many lines the rewritten page is longer
	for _, e := range p.examples {
		got, err := runExample(t.Context(), dir, e.command)
		if err != nil {
			t.Fatalf("line %d: %s: %v", e.line, e.command, err)
		}
		if e.setup {
			if strings.Contains(got, "[exit status ") {
				t.Fatalf("line %d: setup %s:\n%s", e.line, e.command, got)
			}
			continue
		}
		want := trimLines(strings.Join(p.lines[e.from+shift:e.to+shift], "\n"))
		if matchOutput(want, got) {
			continue
		}
		if !*update {
			t.Errorf("line %d: $ %s\n(-page +now)\n%s", e.line, e.command, cmp.Diff(want, got))
			continue
		}
		shift += p.replace(e.from+shift, e.to+shift, got)
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(p.lines, "\n")), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// replace puts output in the place of lines[from:to] and returns by how many
// lines the page grew. A blank line stays between it and a next command.
func (p *page) replace(from, to int, output string) int {
	var lines []string
	if output != "" {
		lines = strings.Split(output, "\n")
	}
	if to > from && p.lines[to-1] == "" {
		lines = append(lines, "")
	}
	p.lines = append(p.lines[:from:from], append(lines, p.lines[to:]...)...)
	return len(lines) - (to - from)
}

// runExample returns what a terminal would show, with the folder it ran in
// written as ~ and an exit code other than 0 on a last line.
func runExample(ctx context.Context, dir, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, exampleTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(isolation(dir), "PATH="+os.Getenv("PATH"))
	output, err := cmd.CombinedOutput()
	text := strings.ReplaceAll(string(output), dir, "~")
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		text, err = fmt.Sprintf("%s\n[exit status %d]", strings.TrimRight(text, "\n"), failed.ExitCode()), nil
	}
	return trimLines(text), err
}

// matchOutput compares line by line. A line of "..." in want stands for any
// number of lines, and "..." inside a line for any text. Neither stands for an
// exit code: a command that fails must be shown to fail.
func matchOutput(want, got string) bool {
	if exitLine.FindString(want) != exitLine.FindString(got) {
		return false
	}
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for line := range strings.SplitSeq(want, "\n") {
		if strings.TrimSpace(line) == "..." {
			pattern.WriteString(`(.*\n)*`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, `.*`) + `\n`)
	}
	return regexp.MustCompile(pattern.String() + `\z`).MatchString(got + "\n")
}

// trimLines drops what is not seen: spaces at the end of lines, blank lines at
// the end and the beginning.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func TestMatchOutput(t *testing.T) {
	tests := []struct {
		name, want, got string
		match           bool
	}{
		{"equal", "a\nb", "a\nb", true},
		{"nothing", "", "", true},
		{"more than shown", "a", "a\nb", false},
		{"less than shown", "a\nb", "a", false},
		{"no pattern characters but dots", "a+ (1.5)", "a+ (1.5)", true},
		{"a dot is a dot", "1.5", "1x5", false},
		{"elided lines", "a\n...\nd", "a\nb\nc\nd", true},
		{"elided lines that are not there", "a\n...\nd", "a\nd", true},
		{"elided end", "a\n...", "a\nb\nc", true},
		{"elided text", "took ... in all", "took 1.2 s in all", true},
		{"elided text keeps to its line", "took ... in all", "took\n1.2 s in all", false},
		{"an elision hides no failure", "...", "oh no\n[exit status 3]", false},
		{"a shown failure", "...\n[exit status 3]", "oh no\n[exit status 3]", true},
		{"a shown failure that did not happen", "...\n[exit status 3]", "fine", false},
		{"the line after an elision counts", "...\nd", "a\nx", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := matchOutput(test.want, test.got); got != test.match {
				t.Errorf("matchOutput(%q, %q) = %t", test.want, test.got, got)
			}
		})
	}
}

const samplePage = `# Sample
<!-- setup: echo hidden > file -->

` + "```console" + `
$ cat file
hidden
$ printf '%s\n' a \
    b
old
old
old

$ echo "one
> two" && exit 3
wrong
` + "```" + `

<!-- not run: needs an account -->
` + "```sh" + `
aws cloudtrail create-trail
` + "```" + `
`

func TestPageIsRunAndRewritten(t *testing.T) {
	p, err := parsePage(samplePage)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.examples) != 4 || len(p.skips) != 1 || p.skips[0].reason != "needs an account" {
		t.Fatalf("parsed %+v", p)
	}
	dir, shift := t.TempDir(), 0
	for _, e := range p.examples {
		got, err := runExample(t.Context(), dir, e.command)
		if err != nil {
			t.Fatal(err)
		}
		if !e.setup {
			shift += p.replace(e.from+shift, e.to+shift, got)
		}
	}
	want := strings.NewReplacer("old\nold\nold\n", "a\nb\n", "wrong\n", "one\ntwo\n[exit status 3]\n").Replace(samplePage)
	if diff := cmp.Diff(want, strings.Join(p.lines, "\n")); diff != "" {
		t.Errorf("the rewritten page (-want +got)\n%s", diff)
	}
}

func TestPagesThatHideExamples(t *testing.T) {
	for name, text := range map[string]string{
		"a shell block":         "```bash\ntrailkeeper demo\n```\n",
		"a block without $":     "```console\ntrailkeeper demo\n```\n",
		"an open block":         "```console\n$ trailkeeper demo\n",
		"a comment above prose": "<!-- not run: why -->\nprose\n",
	} {
		if _, err := parsePage(text); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

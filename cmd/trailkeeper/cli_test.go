package main

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

// testStreams are streams that no terminal, environment or clock reaches.
func testStreams(t *testing.T) (s *streams, out, errs *bytes.Buffer) {
	t.Helper()
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	return &streams{
		in:     strings.NewReader(""),
		out:    out,
		err:    errs,
		now:    func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) },
		getenv: func(string) string { return "" },
	}, out, errs
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		args          []string
		message, hint string
	}{
		{[]string{"compltion"}, `unknown verb "compltion"`, "did you mean 'trailkeeper completion'?"},
		{[]string{"comp", "--lake", "x"}, `unknown verb "comp"`, "did you mean 'trailkeeper completion'?"},
		{[]string{"xyzzy"}, `unknown verb "xyzzy"`, "run 'trailkeeper help' for the list of verbs"},
		{[]string{"help", "xyzzy"}, `unknown verb "xyzzy"`, "run 'trailkeeper help' for the list of verbs"},
		{[]string{"completion", "--hlep"}, "completion: unknown flag: --hlep", "did you mean --help?"},
		{[]string{"--vresion"}, "unknown flag: --vresion", "did you mean --version?"},
		{[]string{"completion", "--xyzzy"}, "completion: unknown flag: --xyzzy", "run 'trailkeeper completion --help' for the flags and examples"},
		{[]string{"completion", "tcsh"}, `completion: invalid argument "tcsh" for "trailkeeper completion"`, "run 'trailkeeper completion --help' for the flags and examples"},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			s, out, errs := testStreams(t)
			err := execute(t.Context(), test.args, s)
			if code := outcome.ExitCode(err); code != outcome.Misused {
				t.Errorf("exit code %d, want %d", code, outcome.Misused)
			}
			cli.PrintError(errs, err)
			if want := "trailkeeper: " + test.message + "\nhint: " + test.hint + "\n"; errs.String() != want {
				t.Errorf("stderr is\n%swant\n%s", errs, want)
			}
			if out.Len() > 0 {
				t.Errorf("stdout is %q", out)
			}
		})
	}
}

// What a verb itself returns is not a mistake in the command line.
func TestErrorsOfARunningVerb(t *testing.T) {
	failure := errors.New("open lake \"x\": no such folder")
	for _, test := range []struct {
		err  error
		code int
		text string
	}{
		{failure, 3, "trailkeeper: open lake \"x\": no such folder\n"},
		{outcome.BadEvidence(failure), 1, "trailkeeper: open lake \"x\": no such folder\n"},
		{outcome.WithHint(failure, "run ingest first"), 3, "trailkeeper: open lake \"x\": no such folder\nhint: run ingest first\n"},
		{context.Canceled, 130, "trailkeeper: interrupted\n"},
		{nil, 0, ""},
	} {
		started := false
		cmd := &cobra.Command{Use: "verb", SilenceErrors: true, SilenceUsage: true,
			RunE: func(*cobra.Command, []string) error { return test.err }}
		prepare(cmd, &started)
		cmd.SetArgs([]string{})
		err := cmd.ExecuteContext(t.Context())
		if !started {
			t.Error("the verb ran and is not marked as started")
		}
		if code := outcome.ExitCode(err); code != test.code {
			t.Errorf("%v: exit code %d, want %d", test.err, code, test.code)
		}
		var text bytes.Buffer
		if cli.PrintError(&text, err); text.String() != test.text {
			t.Errorf("printed %q, want %q", text.String(), test.text)
		}
	}
}

func TestEveryVerbIsDescribed(t *testing.T) {
	s, out, _ := testStreams(t)
	if err := execute(t.Context(), []string{}, s); err != nil {
		t.Fatal(err)
	}
	for _, job := range jobs(s) {
		for _, verb := range job.verbs {
			if verb.Short == "" || strings.HasSuffix(verb.Short, ".") {
				t.Errorf("%s: the short help is %q; want a phrase without a period", verb.Name(), verb.Short)
			}
			if verb.RunE == nil {
				t.Errorf("%s: has no RunE", verb.Name())
			}
			if !verb.HasExample() {
				t.Errorf("%s: has no example", verb.Name())
			}
			if !strings.Contains(out.String(), "  "+verb.Name()+" ") {
				t.Errorf("%s: is not in the root help", verb.Name())
			}
		}
	}
}

func TestDescribeBuild(t *testing.T) {
	full := describeBuild(&debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Version: "v0.2.0"},
		Deps:      []*debug.Module{{Path: "example.com/x", Version: "v1.0.0"}, {Path: duckdbModule, Version: "v0.10506.0"}},
		Settings:  []debug.BuildSetting{{Key: "vcs.revision", Value: "00d8da5"}, {Key: "vcs.modified", Value: "true"}},
	})
	for _, want := range []string{"trailkeeper v0.2.0\n", "revision    00d8da5 (modified)\n", "go          go1.26.8 ", "duckdb      1.5.6\n", "gunzip      " + gunzip.Library + "\n"} {
		if !strings.Contains(full, want) {
			t.Errorf("%q is not in\n%s", want, full)
		}
	}
	if empty := describeBuild(&debug.BuildInfo{}); !strings.HasPrefix(empty, "trailkeeper (devel)\ngo ") {
		t.Errorf("a build that records nothing is described as\n%s", empty)
	}
	if got := duckdbVersion("v2.4.1"); got != "driver v2.4.1" {
		t.Errorf("a driver version of another scheme is %q", got)
	}
}

func TestFlagValues(t *testing.T) {
	s, _, _ := testStreams(t)
	type format string
	var since time.Time
	memory, kind := int64(1<<30), format("table")
	cmd := &cobra.Command{Use: "verb"}
	cmd.Flags().Var(timeFlag(&since, s.now), "since", "events from then on")
	cmd.Flags().Var(sizeFlag(&memory), "memory", "memory to stay under")
	cmd.Flags().Var(choiceFlag(&kind, "table", "json"), "format", "how to print")

	usage := cmd.Flags().FlagUsages()
	for _, want := range []string{"--since time", "--memory size", "(default 1GiB)", "--format table|json", "(default table)"} {
		if !strings.Contains(usage, want) {
			t.Errorf("%q is not in\n%s", want, usage)
		}
	}
	if err := cmd.ParseFlags([]string{"--since=30d", "--memory=64MiB", "--format=json"}); err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC); !since.Equal(want) || memory != 64<<20 || kind != "json" {
		t.Errorf("since %s, memory %d, format %s", since, memory, kind)
	}
	for _, bad := range []string{"--since=tomorrow", "--memory=1G", "--format=yaml"} {
		if err := cmd.ParseFlags([]string{bad}); err == nil || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%s: %v; want an error that names what is accepted", bad, err)
		}
	}
}

func TestCompleteVerbs(t *testing.T) {
	s, out, _ := testStreams(t)
	if err := execute(t.Context(), []string{"__complete", "help", "comp"}, s); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(strings.Split(out.String(), "\n"), func(line string) bool { return strings.HasPrefix(line, "completion\t") }) {
		t.Errorf("completions of help are\n%s", out)
	}
}

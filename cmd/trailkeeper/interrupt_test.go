package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

// sampleLake is a lake of a few hundred events.
func sampleLake(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	logs, lake := filepath.Join(dir, "logs"), filepath.Join(dir, "lake")
	mustRun(t, "simulate", "--out", logs, "--accounts", "1", "--regions", "1", "--days", "2", "--events-per-day", "200")
	mustRun(t, "ingest", "--archive", logs, "--lake", lake)
	return lake
}

// A verb that reads ends when it is interrupted, whatever it waits for.
func TestInterruptsEndVerbs(t *testing.T) {
	lake := sampleLake(t)
	const endless = "SELECT * FROM range(1000000000000000)"
	stuck := func(*streams, context.CancelFunc) {}
	for name, test := range map[string]struct {
		args    []string
		prepare func(s *streams, interrupt context.CancelFunc)
	}{
		"query that gives rows": {[]string{"query", "--lake", lake, "--format", "csv", endless}, func(s *streams, interrupt context.CancelFunc) {
			s.out = cli.WriterFunc(func(p []byte) (int, error) { interrupt(); return len(p), nil })
		}},
		"query nobody reads":  {[]string{"query", "--lake", lake, "--format", "jsonl", endless}, stuck},
		"export nobody reads": {[]string{"export", "--lake", lake}, stuck},
		"lookup nobody reads": {[]string{"lookup", "--lake", lake}, stuck},
		"query nobody writes": {[]string{"query", "--lake", lake}, func(s *streams, interrupt context.CancelFunc) {
			in, _ := io.Pipe()
			s.in = readerFunc(func(p []byte) (int, error) { interrupt(); return in.Read(p) })
		}},
		"query from a file nobody writes": {[]string{"query", "--lake", lake, "--file", "-"}, func(s *streams, interrupt context.CancelFunc) {
			in, _ := io.Pipe()
			s.in = readerFunc(func(p []byte) (int, error) { interrupt(); return in.Read(p) })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			s, _, _ := testStreams(t)
			_, pipe := io.Pipe() // whose other end never reads
			s.out = cli.WriterFunc(func(p []byte) (int, error) { interrupt(); return pipe.Write(p) })
			test.prepare(s, interrupt)
			err := execute(ctx, test.args, s)
			if outcome.ExitCode(err) != outcome.Interrupted {
				t.Errorf("ended with %v", err)
			}
			if hint := outcome.Hint(err); strings.Contains(name, "reads") && !strings.Contains(hint, "not the whole answer") {
				t.Errorf("says %q", hint)
			}
		})
	}
}

// A file is written whole or not at all, and whoever interrupts is told so.
func TestInterruptedFilesAreNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "answer")
	if err := os.WriteFile(path, []byte("an older answer"), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := rowOptions{out: path}
	s, _, _ := testStreams(t)
	err := opts.write(t.Context(), s, func(w io.Writer) error {
		_, err := io.WriteString(w, "a part of the answer")
		return errors.Join(err, context.Canceled)
	})
	want := fmt.Sprintf("nothing of this run is kept; %q is as it was before", path)
	if outcome.ExitCode(err) != outcome.Interrupted || outcome.Hint(err) != want {
		t.Errorf("ended with %v, hint %q", err, outcome.Hint(err))
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "an older answer" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("beside the file: %v, %v", files, err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

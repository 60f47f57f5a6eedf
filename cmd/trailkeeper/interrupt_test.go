package main

import (
	"context"
	"io"
	"path/filepath"
	"testing"

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
			s.out = writerFunc(func(p []byte) (int, error) { interrupt(); return len(p), nil })
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
			s.out = writerFunc(func(p []byte) (int, error) { interrupt(); return pipe.Write(p) })
			test.prepare(s, interrupt)
			if err := execute(ctx, test.args, s); outcome.ExitCode(err) != outcome.Interrupted {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

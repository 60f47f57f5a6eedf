package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

// simulated writes a small archive and returns its folder.
func simulated(t testing.TB, change func(*simulate.Options)) string {
	t.Helper()
	opts := simulate.DefaultOptions()
	opts.Out = filepath.Join(t.TempDir(), "archive")
	opts.Regions, opts.Days, opts.GzipLevel = 2, 3, 1
	change(&opts)
	if _, err := simulate.Run(t.Context(), opts, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	return opts.Out
}

// trailkeeper is the real program with arguments, in an environment of its own.
func trailkeeper(t testing.TB, args ...string) (cmd *exec.Cmd, out, errs *bytes.Buffer) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), "trailkeeper", args...)
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, errs
	cmd.Env = append(cmd.Environ(), isolation(t.TempDir())...)
	return cmd, out, errs
}

// ingestOnce runs an ingest to its end and returns its report.
func ingestOnce(t testing.TB, code int, args ...string) (r *ingest.Report, stderr string) {
	r = &ingest.Report{}
	t.Helper()
	cmd, out, errs := trailkeeper(t, append([]string{"ingest", "--format", "json"}, args...)...)
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok || ok && failed.ExitCode() != code || !ok && code != 0 {
		t.Fatalf("%q: %v, want exit code %d\n%s%s", cmd.Args, err, code, out, errs)
	}
	if out.Len() == 0 {
		return r, errs.String()
	}
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return r, errs.String()
}

// fingerprint is the same for lakes with the same rows, in any order and in any
// parts. The log file an event was first read from is left out: of an event
// delivered twice, either may be.
func fingerprint(t testing.TB, dir string) string {
	t.Helper()
	return ask(t, dir, `SELECT count(*) || ' rows, ' || count(DISTINCT event_id) || ' ids, ' || coalesce(sum(hash(r)::HUGEINT), 0)
		FROM (SELECT * EXCLUDE (log_file, log_offset, log_file_sha256) FROM lake.rows) r`)
}

// ask returns the first value of the first row of a query's result.
func ask(t testing.TB, dir, sql string) string {
	t.Helper()
	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // only read from
	var parts []duckdb.Part
	for _, p := range l.Parts() {
		parts = append(parts, duckdb.Part{Path: p.Path(), Schema: p.Schema})
	}
	db, err := duckdb.Open(duckdb.Options{Parts: parts})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	rows, err := db.Query(t.Context(), engine.Statement{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	row, err := rows.Next()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(row[0])
}

// An ingest that is killed at any instant, again and again, ends with the same
// lake as one that nobody disturbed. The instants are random over the time that
// a run takes here.
func TestKilledIngests(t *testing.T) {
	kills := exhaustive.Or(8, 28)
	size := exhaustive.Or(6_000, 18_000)
	source := simulated(t, func(o *simulate.Options) { o.EventsPerDay, o.EventsPerFile, o.Late = size, 100, 0.05 })
	k := killer{archive: source, random: rand.New(rand.NewPCG(7, 11))}
	undisturbed := t.TempDir()
	started := time.Now()
	whole, _ := ingestOnce(t, 0, k.args(undisturbed)...)
	k.span = time.Since(started)
	want := fingerprint(t, undisturbed)
	if whole.Lake.Stored < int64(size)*100/18 || whole.Events.Duplicates == 0 {
		t.Fatalf("the archive is too small: %+v", whole.Events)
	}
	for lakes := 0; k.killed < kills; lakes++ {
		if lakes == 10*kills {
			t.Fatalf("only %d runs of %d lakes were killed before their end", k.killed, lakes)
		}
		dir := t.TempDir()
		for range 9 {
			if !k.kill(t, dir) {
				break
			}
		}
		r, _ := ingestOnce(t, 0, k.args(dir)...)
		if got := fingerprint(t, dir); got != want {
			t.Fatalf("after kills the lake has %s, undisturbed %s", got, want)
		}
		if r.Lake != whole.Lake {
			t.Fatalf("totals after kills %+v, undisturbed %+v", r.Lake, whole.Lake)
		}
		requireNoOrphans(t, dir)
		again, _ := ingestOnce(t, 0, k.args(dir)...)
		if again.Files.Read != 0 || again.Files.Unchanged != whole.Files.Read {
			t.Fatalf("a run after the last: %+v", again.Files)
		}
	}
}

// killer ends ingests of an archive before their time.
type killer struct {
	archive string
	random  *rand.Rand
	span    time.Duration // what a run takes, about
	killed  int
}

func (k *killer) args(dir string, more ...string) []string {
	return append([]string{"--archive", k.archive, "--lake", dir, "--memory", "192MiB"}, more...)
}

// kill starts an ingest, of the whole archive or of a part of it so that there
// are small commits to compact, and kills it. It reports false when the run was
// over before.
func (k *killer) kill(t *testing.T, dir string) bool {
	t.Helper()
	parts := [][]string{nil, nil, {"--region", "us-east-1"}, {"--until", "2026-01-06"}, {"--until", "2026-01-05T12:00"}}
	cmd, _, errs := trailkeeper(t, append([]string{"ingest"}, k.args(dir, parts[k.random.IntN(len(parts))]...)...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Duration(k.random.Int64N(int64(k.span))), func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err == nil {
		k.span = k.span * 9 / 10 // the machine may have become faster
		return false
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Fatalf("ended with %v instead of being killed: %s", err, errs)
	}
	k.killed++
	requireWhole(t, dir)
	return true
}

// requireWhole checks the lake that a killed process left: readable, and with
// each event once.
func requireWhole(t testing.TB, dir string) {
	t.Helper()
	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if _, none := errors.AsType[*lake.NotFoundError](err); none {
		return // killed before there was a lake
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // only read from
	// The bodies of an id differ, if there are several.
	got := ask(t, dir, `SELECT count(*) || ' ' || count(DISTINCT hash(r)) FROM (SELECT * EXCLUDE (log_file, log_offset, log_file_sha256) FROM lake.rows) r`)
	if want := fmt.Sprintf("%d %[1]d", l.Totals.Stored); got != want {
		t.Fatalf("rows and distinct rows are %s, want %s", got, want)
	}
}

// requireNoOrphans checks that every file of a lake is one that it needs.
func requireNoOrphans(t testing.TB, dir string) {
	t.Helper()
	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // only read from
	known := map[string]bool{}
	for _, p := range l.Parts() {
		known[p.Path()] = true
		known[filepath.Join(dir, "_trailkeeper/ids", strings.TrimSuffix(p.Name, ".parquet")+".ids")] = true
	}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		state := strings.Contains(path, "/_trailkeeper/sources/") || d.Name() == "manifest.json" || d.Name() == "lock" || d.Name() == "readers"
		if err == nil && !d.IsDir() && !known[path] && !state {
			t.Errorf("%s belongs to nothing", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

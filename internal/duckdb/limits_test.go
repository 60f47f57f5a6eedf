package duckdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/engine"
)

// limitReached runs a statement that would fill what has a limit and returns
// which limit ended it.
func limitReached(t *testing.T, db *DB, sql string) Limit {
	t.Helper()
	rows, err := all(db, sql, nil)
	reached, ok := errors.AsType[*LimitError](err)
	if !ok {
		t.Fatalf("%s\ngave %d rows, error %v; want a limit", sql, len(rows), err)
	}
	if errors.As(err, new(*SQLError)) {
		t.Errorf("%s\nis blamed: %v", sql, err)
	}
	return reached.Limit
}

func TestMemoryIsLimited(t *testing.T) {
	db := open(t, Options{MemoryLimit: 48 << 20, Threads: 1})
	for _, sql := range []string{
		"SELECT length(string_agg(a.range::VARCHAR || repeat('x', 1000), ',')) FROM range(100000) a, range(100000) b",
		"SELECT len(list(a.range)) FROM range(100000) a, range(100000) b",
		"SELECT len(range(1000000000))",
		"SELECT histogram(a.range * 100000 + b.range) FROM range(100000) a, range(100000) b",
	} {
		if got := limitReached(t, db, sql); got != Memory {
			t.Errorf("%s\nended for %s, want memory", sql, got)
		}
	}
	// The engine is none the worse for it.
	if got := mustAll(t, db, "SELECT 'well'")[0][0]; got != "well" {
		t.Errorf("the next query gives %v", got)
	}
}

func TestSpillIsLimited(t *testing.T) {
	temporary := filepath.Join(t.TempDir(), "tmp")
	db := open(t, Options{MemoryLimit: 128 << 20, SpillLimit: 32 << 20, Threads: 1, TempDir: temporary})
	const sort = "SELECT a.range AS x, repeat('x', 1000) || b.range AS y FROM range(100000) a, range(100000) b ORDER BY hash(x || y)"
	// With many megabytes in flight, the engine may run out of memory before it has
	// filled the space: then it is asked again.
	got := Memory
	for tries := 0; got == Memory && tries < 5; tries++ {
		got = limitReached(t, db, sort)
	}
	if got != Spill {
		t.Errorf("ended for %s, want temporary space", got)
	}
	if !strings.HasPrefix(db.scratch.Path(), temporary) {
		t.Errorf("it spills to %s, want a folder in %s", db.scratch.Path(), temporary)
	}
}

// Memory that the engine does not count is watched, where the system tells it.
func TestWatchMemory(t *testing.T) {
	if now, known := residentMemory(); !known || now <= 0 {
		t.Skip("SKIPPED REAL SERVICE: this system does not tell how much memory a process has")
	}
	db := &DB{opts: Options{MemoryLimit: 1}}
	ctx, cancel := db.watchMemory(t.Context())
	defer cancel(nil)
	var held [][]byte
	for ctx.Err() == nil {
		block := make([]byte, 8<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		held = append(held, block)
		if len(held) > 256 {
			t.Fatal("2 GiB were taken and nobody noticed")
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchInterval):
		}
	}
	if reached, ok := errors.AsType[*LimitError](context.Cause(ctx)); !ok || reached.Limit != Memory {
		t.Errorf("ended by %v", context.Cause(ctx))
	}
}

// A statement that would run for ever ends with its context, whatever it does.
func TestEndlessStatementsEnd(t *testing.T) {
	db := open(t, Options{Parts: tenDays(t), MemoryLimit: 256 << 20, Threads: 2})
	for _, sql := range []string{
		"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
		"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
		"WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT n + 1 FROM t) SELECT count(*) FROM t",
		"SELECT count(*) FROM range(1000000000000000)",
		"SELECT count(*) FROM generate_series(1, 1000000000000000) WHERE generate_series % 7 = 8",
		"SELECT sum(a.range * b.range % 7) FROM range(1000000000) a, range(1000000000) b",
		"SELECT count(*) FROM events a, events b, events c, events d, events e WHERE a.event_id || b.event_id || c.event_id || d.event_id < e.event_id",
		"SELECT (SELECT count(*) FROM range(1000000000000) t(x) WHERE x % 7 = y.range) FROM range(1000000) y",
		"SELECT levenshtein(repeat('a', 20000), repeat('b', 20000)) FROM range(1000000)",
		"SELECT * FROM range(1000000000000000)",
		"EXPLAIN ANALYZE SELECT count(*) FROM range(1000000000000000)",
	} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, &LimitError{Limit: Time})
		rows, err := db.Query(ctx, engine.Statement{SQL: sql})
		for err == nil {
			_, err = rows.Next()
		}
		if rows != nil {
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		}
		cancel()
		if reached, ok := errors.AsType[*LimitError](err); !ok || reached.Limit != Time {
			t.Errorf("%s\nended with %v", sql, err)
		}
	}
}

// A step that heeds no interrupt is left to itself and cleaned up at its end.
func TestStepsAreAbandoned(t *testing.T) {
	db, err := Open(Options{TempDir: filepath.Join(t.TempDir(), "tmp")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s, err := db.newSession(ctx)
	if err != nil {
		t.Fatal(err)
	}
	deaf, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		err = s.step(func() error {
			cancel()
			<-deaf
			return nil
		})
	}()
	<-done
	if !errors.Is(err, context.Canceled) || !s.abandoned {
		t.Errorf("the step ended with %v, abandoned %v", err, s.abandoned)
	}
	s.close()
	if err := db.Close(); err != nil {
		t.Errorf("close while the step goes on: %v", err)
	}
	if _, err := os.Stat(db.scratch.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary folder is still there: %v", err)
	}
	close(deaf)
	for db.abandoned.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// After the context has ended no step begins.
func TestNoStepAfterTheEnd(t *testing.T) {
	db := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	s, err := db.newSession(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	cancel()
	if err := s.step(func() error { t.Error("it began"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestLimitOf(t *testing.T) {
	for _, test := range []struct {
		kind, message string
		want          Limit
	}{
		{"Out of Memory", "failed to allocate data of size 16.0 MiB (242.8 MiB/256.0 MiB used)", Memory},
		{"Out of Memory", "Allocation failure", Memory},
		{"Out of Memory", "failed to offload data block of size 256.0 KiB (95.1 MiB/95.3 MiB used). This limit was set by the 'max_temp_directory_size' setting.", Spill},
		{"IO", "no such file", ""},
	} {
		got, ok := limitOf(test.kind, test.message)
		if ok != (test.want != "") || ok && got.Limit != test.want {
			t.Errorf("%s: %s is %v", test.kind, test.message, got)
		}
		if ok && strings.Contains(got.Error(), "setting") {
			t.Errorf("%v speaks of a setting that cannot be set", got)
		}
	}
}

package duckdb

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/internal/quantity"
)

// Limit is a resource that is limited for each statement.
type Limit string

// The limits that end a statement.
const (
	Memory Limit = "memory"
	Spill  Limit = "temporary space"
	Time   Limit = "time"
)

// LimitError reports that a statement exceeds a limit. The SQL is not wrong,
// and its result is unknown.
type LimitError struct {
	Limit  Limit
	Detail string // in the engine's words or ours, or ""
}

func (e *LimitError) Error() string {
	text := fmt.Sprintf("the statement needs more %s than it may take", e.Limit)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// limitOf returns the limit that an error of the engine is about.
func limitOf(kind, message string) (*LimitError, bool) {
	switch {
	case kind != "Out of Memory":
		return nil, false
	case strings.Contains(message, "max_temp_directory_size") || strings.Contains(message, "failed to offload"):
		message, _, _ = strings.Cut(message, ". This limit was set by") // names a setting of the engine, not ours
		return &LimitError{Spill, strings.TrimSuffix(message, ".")}, true
	}
	return &LimitError{Memory, message}, true
}

// The memory of the process that the engine's accounting may miss: some
// functions build values of gigabytes outside of it.
const (
	uncountedShare = 2 // one half of the limit
	uncountedLeast = 256 << 20
	watchInterval  = 20 * time.Millisecond
)

// watchMemory ends ctx with a LimitError when the process grows, from now on, by
// more than the engine's memory limit plus half of it, or plus 256 MiB if that is
// more. It works on Linux, where the size of a process is known; elsewhere the
// engine's accounting is the only limit.
func (db *DB) watchMemory(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	before, known := residentMemory()
	if db.opts.MemoryLimit == 0 || !known {
		return ctx, cancel
	}
	allowed := before + db.opts.MemoryLimit + max(db.opts.MemoryLimit/uncountedShare, uncountedLeast)
	go func() {
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if now, _ := residentMemory(); now > allowed {
				cancel(&LimitError{Memory, fmt.Sprintf("the process grew by %s", quantity.FormatSize(now-before))})
			}
		}
	}()
	return ctx, cancel
}

// residentMemory returns the resident memory of the process in bytes, and
// whether the system reports it.
func residentMemory() (int64, bool) {
	text, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}

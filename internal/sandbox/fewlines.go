package sandbox

import (
	"sync"
	"time"
)

// linesPerMinute bounds the log lines about refused calls, which anybody who reaches
// the port can cause.
const linesPerMinute = 30

// fewLines decides which lines of many are written. The zero value is ready for use.
type fewLines struct {
	mu      sync.Mutex
	began   time.Time // of the minute that is counted
	written int       // in this minute
	skipped int       // since the last line
}

// next reports whether a line may be written at that time, and if so, how many were
// skipped since the last one.
func (f *fewLines) next(at time.Time) (write bool, skipped int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at.Sub(f.began) >= time.Minute || at.Before(f.began) {
		f.began, f.written = at, 0
	}
	if f.written == linesPerMinute {
		f.skipped++
		return false, 0
	}
	f.written++
	skipped, f.skipped = f.skipped, 0
	return true, skipped
}

package sandbox

import (
	"testing"
	"time"
)

func TestFewLines(t *testing.T) {
	var f fewLines
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	lines, told := 0, 0
	for second := range 300 {
		for range 10 {
			if write, skipped := f.next(at.Add(time.Duration(second) * time.Second)); write {
				lines++
				told += skipped
			}
		}
	}
	if lines != 5*linesPerMinute {
		t.Errorf("%d lines in five minutes", lines)
	}
	write, skipped := f.next(at.Add(time.Hour))
	if lines+told+skipped != 3000 || !write {
		t.Errorf("%d lines, %d told as skipped, %d by the last one", lines, told, skipped)
	}
	if write, _ := f.next(at); !write {
		t.Error("a clock that was set back silences the log")
	}
}

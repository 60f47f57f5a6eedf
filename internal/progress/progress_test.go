package progress

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is a terminal of one row: what a person would see after the bytes
// written so far, and the lines that scrolled away above it.
type screen struct {
	row    []rune
	column int
	above  []string
}

func (s *screen) Write(p []byte) (int, error) {
	for _, r := range string(p) {
		switch r {
		case '\r':
			s.column = 0
		case '\n':
			s.above = append(s.above, s.String())
			s.row, s.column = nil, 0
		default:
			if s.column == len(s.row) {
				s.row = append(s.row, ' ')
			}
			s.row[s.column] = r
			s.column++
		}
	}
	return len(p), nil
}

func (s *screen) String() string { return strings.TrimRight(string(s.row), " ") }

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newTestBar(columns int) (*Bar, *screen, *clock) {
	s, c := &screen{}, &clock{at: time.Date(2026, 1, 11, 10, 0, 0, 0, time.UTC)}
	return newBar(s, "Reading", c.now, func() int { return columns }), s, c
}

func TestLine(t *testing.T) {
	bar, screen, clock := newTestBar(80)
	steps := []struct {
		name string
		do   func()
		wait time.Duration
		want string
	}{
		{"the first is drawn at once", func() { bar.Add(1) }, 0, "Reading  1"},
		{"too soon to redraw", func() { bar.Add(1) }, 50 * time.Millisecond, "Reading  1"},
		{"total", func() { bar.SetTotal(10_000) }, 100 * time.Millisecond, "Reading  2 of 10,000 (0%)"},
		{"rate and estimate", func() { bar.Add(998) }, 1850 * time.Millisecond, "Reading  1,000 of 10,000 (10%)  500/s  19s left"},
		{"slower", func() { bar.Add(0) }, 8 * time.Second, "Reading  1,000 of 10,000 (10%)  100/s  2m left"},
		{"much slower", func() { bar.Add(0) }, 990 * time.Second, "Reading  1,000 of 10,000 (10%)  1.0/s  2h30m left"},
		{"note", func() { bar.SetNote("a\x1b[31m\nb") }, time.Second, "Reading  1,000 of 10,000 (10%)  1.0/s  2h30m left  a\\x1b[31m\\nb"},
		{"the end", func() { bar.SetNote(""); clock.advance(time.Second); bar.Add(9000) }, 0, "Reading  10,000 of 10,000 (100%)  10/s"},
		{"more than the total", func() { bar.Add(10_000) }, time.Second, "Reading  20,000 of 10,000 (100%)  20/s"},
		{"erased", bar.Done, 0, ""},
		{"silent once done", func() { bar.Add(1); bar.SetNote("x") }, time.Second, ""},
	}
	for _, step := range steps {
		clock.advance(step.wait)
		step.do()
		if got := screen.String(); got != step.want {
			t.Fatalf("%s:\n got %q\nwant %q", step.name, got, step.want)
		}
	}
	if len(screen.above) != 0 {
		t.Errorf("the bar scrolled: %q", screen.above)
	}
}

func TestLineNeverWraps(t *testing.T) {
	for columns := range 60 {
		bar, screen, clock := newTestBar(columns)
		for range 3 {
			bar.SetNote(strings.Repeat("é", 50))
			clock.advance(time.Second)
			bar.Add(1)
			if len(screen.row) >= max(columns, 1) {
				t.Fatalf("%d columns are written on a terminal of %d", len(screen.row), columns)
			}
		}
	}
}

func TestPrintln(t *testing.T) {
	bar, screen, _ := newTestBar(80)
	bar.Add(5)
	bar.Println("skip file \"x\": a symbolic link loop")
	if got := screen.String(); got != "Reading  5" {
		t.Errorf("below the warning is %q", got)
	}
	bar.Done()
	bar.Println("after")
	want := []string{"skip file \"x\": a symbolic link loop", "after"}
	if strings.Join(screen.above, "|") != strings.Join(want, "|") {
		t.Errorf("above are %q, want %q", screen.above, want)
	}
	if got := screen.String(); got != "" {
		t.Errorf("a finished bar came back: %q", got)
	}
}

func TestSilentUnlessTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "not-a-terminal")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var buffer bytes.Buffer
	for _, bar := range []*Bar{New(&buffer, "Reading"), New(file, "Reading"), nil} {
		bar.SetTotal(2)
		bar.Add(1)
		bar.SetNote("note")
		bar.Done()
	}
	if buffer.Len() > 0 {
		t.Errorf("a buffer got %q", buffer.String())
	}
	if info, err := file.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("a file got %d bytes (%v)", info.Size(), err)
	}
}

func TestConcurrentUse(t *testing.T) {
	bar, screen, clock := newTestBar(80)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 1000 {
				bar.Add(1)
				bar.SetNote("busy")
				clock.advance(time.Millisecond)
			}
		})
	}
	group.Wait()
	clock.advance(time.Second)
	bar.SetNote("")
	if got := screen.String(); !strings.HasPrefix(got, "Reading  8,000") {
		t.Errorf("after 8 times 1000 the bar says %q", got)
	}
	bar.Done()
}

// Package progress draws one line on a terminal with the progress of a long
// job.
//
// The line is redrawn in place at most ten times a second and erased at the
// end. Nothing is written when the output is not a terminal, so logs and pipes
// stay clean. It uses only carriage returns and spaces, no escape sequences, so
// it works on every terminal.
package progress

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

const (
	redrawEvery = 100 * time.Millisecond
	// An estimate made of the first moments is noise.
	estimateAfter = time.Second
)

// Bar is the progress of one job. A nil Bar and one whose output is not a
// terminal are silent. All methods may be called from many goroutines.
type Bar struct {
	w     io.Writer
	label string
	now   func() time.Time
	width func() int // columns of the terminal, asked at every draw; nil means silent

	mu      sync.Mutex
	started time.Time
	drawn   time.Time
	shown   int // columns on the screen to overwrite
	done    bool
	count   int64
	total   int64
	note    string
}

// New starts a bar that draws on w, if w is a terminal. The label names what is
// counted, such as "Reading log files".
func New(w io.Writer, label string) *Bar {
	return newBar(terminal.Direct(w), label, time.Now, terminalWidth(w))
}

func newBar(w io.Writer, label string, now func() time.Time, width func() int) *Bar {
	return &Bar{w: w, label: label, now: now, width: width, started: now()}
}

// terminalWidth returns nil if w is not a terminal.
func terminalWidth(w io.Writer) func() int {
	if !terminal.Is(w) {
		return nil
	}
	return func() int {
		return cmp.Or(terminal.Width(w), 80)
	}
}

func (b *Bar) silent() bool { return b == nil || b.width == nil }

// Add adds n to the number done.
func (b *Bar) Add(n int64) {
	b.update(func() { b.count += n })
}

// SetTotal sets the total number, which allows a percentage and an estimate.
// Zero means unknown.
func (b *Bar) SetTotal(n int64) {
	b.update(func() { b.total = n })
}

// SetNote shows s at the end of the line, such as the name of the current file.
// Control characters in it are escaped.
func (b *Bar) SetNote(s string) {
	b.update(func() { b.note = terminal.Visible(s) })
}

// Println writes a line above the bar, for warnings during the job. It is
// written even when the bar is silent; a nil Bar drops it.
func (b *Bar) Println(line string) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erase()
	_, _ = io.WriteString(b.w, terminal.Visible(line)+"\n")
	if !b.silent() && !b.done {
		b.draw(b.now())
	}
}

// Done erases the line. Later calls draw nothing.
func (b *Bar) Done() {
	if b.silent() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erase()
	b.done = true
}

func (b *Bar) update(change func()) {
	if b.silent() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	if now := b.now(); !b.done && now.Sub(b.drawn) >= redrawEvery {
		b.draw(now)
	}
}

// draw needs the lock. A write error is ignored: a closed terminal must not end
// the job.
func (b *Bar) draw(now time.Time) {
	// The last column stays free: many terminals wrap when it is written.
	line := terminal.Truncate(b.line(now), b.width()-1)
	columns := terminal.TextWidth(line)
	padding := strings.Repeat(" ", max(b.shown-columns, 0))
	_, _ = io.WriteString(b.w, "\r"+line+padding)
	b.shown, b.drawn = columns, now
}

// erase needs the lock.
func (b *Bar) erase() {
	if b.shown > 0 {
		_, _ = io.WriteString(b.w, "\r"+strings.Repeat(" ", b.shown)+"\r")
		b.shown = 0
	}
}

func (b *Bar) line(now time.Time) string {
	parts := []string{b.label, quantity.FormatCount(b.count)}
	if b.total > 0 {
		percent := min(100*float64(b.count)/float64(b.total), 100)
		parts[1] += fmt.Sprintf(" of %s (%d%%)", quantity.FormatCount(b.total), int(percent))
	}
	elapsed := now.Sub(b.started)
	if elapsed >= estimateAfter && b.count > 0 {
		rate := float64(b.count) / elapsed.Seconds()
		parts = append(parts, formatRate(rate))
		if b.total > b.count {
			parts = append(parts, formatLeft(float64(b.total-b.count)/rate))
		}
	}
	if b.note != "" {
		parts = append(parts, b.note)
	}
	return strings.Join(parts, "  ")
}

func formatRate(perSecond float64) string {
	if perSecond < 9.95 { // 9.95 is printed as 10.0
		return fmt.Sprintf("%.1f/s", perSecond)
	}
	return quantity.FormatCount(int64(math.Round(perSecond))) + "/s"
}

// formatLeft formats an estimate with a precision that fits its accuracy.
func formatLeft(seconds float64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds left", int(seconds)+1)
	case seconds < 3600:
		return fmt.Sprintf("%dm left", int(seconds/60)+1)
	case seconds < 100*3600:
		return fmt.Sprintf("%dh%02dm left", int(seconds/3600), int(seconds/60)%60)
	}
	return "days left"
}

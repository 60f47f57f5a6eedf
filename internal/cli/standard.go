package cli

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/cerpac/trailkeeper/internal/terminal"
)

// Standard is standard output or standard error. Output to a terminal passes
// through terminal.Writer; other output is unchanged.
type Standard struct {
	file *os.File
	mu   sync.Mutex
	to   io.Writer // file, or the terminal.Writer before it
	// unread is the error of writes after the reader has gone away. If it is
	// nil, such writes are dropped.
	unread error
}

// NewStandard returns the writer to a standard stream. unread is the error of
// writes after the reader has gone away; nil drops such writes.
func NewStandard(file *os.File, unread error) *Standard {
	w := &Standard{file: file, to: file, unread: unread}
	if terminal.Is(file) {
		w.to = terminal.NewWriter(file)
	}
	return w
}

// Fd lets package terminal detect a terminal.
func (w *Standard) Fd() uintptr { return w.file.Fd() }

// File returns the file for child processes to inherit.
func (w *Standard) File() *os.File { return w.file }

func (w *Standard) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.to.Write(p)
	if !errors.Is(err, syscall.EPIPE) {
		return n, err
	}
	if w.unread != nil {
		return n, w.unread
	}
	return len(p), nil
}

// Finish shows the bytes of an incomplete character at the end. It does not
// wait for a write that hangs.
func (w *Standard) Finish() {
	if screen, ok := w.to.(*terminal.Writer); ok && w.mu.TryLock() {
		_ = screen.Close() // best effort: the process ends
		w.mu.Unlock()
	}
}

// ErrUnread is the error of writing results after the reader went away, as with
// `| head`. It ends a verb early and is not a failure. Other broken pipes, such
// as those of a network, are failures.
var ErrUnread = errors.New("write results: the reader went away")

// DropUnread returns err without ErrUnread; other joined errors stay.
func DropUnread(err error) error {
	if !errors.Is(err, ErrUnread) {
		return err
	}
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		var rest []error
		for _, part := range joined.Unwrap() {
			rest = append(rest, DropUnread(part))
		}
		return errors.Join(rest...)
	}
	return nil
}

package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/cerpac/trailkeeper/internal/terminal"
)

// standard is standard output or standard error. What goes to a terminal passes
// through terminal.Writer; what goes elsewhere is not touched.
type standard struct {
	file *os.File
	mu   sync.Mutex
	to   io.Writer // file, or the terminal.Writer before it
	// unread is the error for whatever is written after the reader went away.
	// Without one it is dropped: nobody misses a message.
	unread error
}

func newStandard(file *os.File, unread error) *standard {
	w := &standard{file: file, to: file, unread: unread}
	if terminal.Is(file) {
		w.to = terminal.NewWriter(file)
	}
	return w
}

// Fd makes the terminal behind it known to package terminal.
func (w *standard) Fd() uintptr { return w.file.Fd() }

// File is what other programs inherit.
func (w *standard) File() *os.File { return w.file }

func (w *standard) Write(p []byte) (int, error) {
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

// finish shows the beginning of a character that never got complete. A write that
// still hangs is left alone.
func (w *standard) finish() {
	if screen, ok := w.to.(*terminal.Writer); ok && w.mu.TryLock() {
		_ = screen.Close() // as well as can be: the process ends
		w.mu.Unlock()
	}
}

// errUnread is the error of writing results that nobody reads any more, as below
// `| head`. It ends a verb early and is no failure. Other broken pipes, such as
// those of a network, are.
var errUnread = errors.New("write results: the reader went away")

// dropUnread returns err without errUnread. An error that came along with it stays.
func dropUnread(err error) error {
	if !errors.Is(err, errUnread) {
		return err
	}
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		var rest []error
		for _, part := range joined.Unwrap() {
			rest = append(rest, dropUnread(part))
		}
		return errors.Join(rest...)
	}
	return nil
}

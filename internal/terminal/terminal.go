// Package terminal prevents text written by others from controlling a terminal.
//
// Attackers choose parts of events, such as user agents and names. On a terminal only
// printing characters, line ends and tabs are written unchanged. The rest is escaped,
// by Writer for any output, and by Visible for text on one line. Output to files and
// pipes is unchanged.
package terminal

import (
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
)

// Writer writes text to a terminal and escapes everything but printing
// characters, line ends and tabs. It is used by one goroutine at a time.
type Writer struct {
	to   io.Writer
	tail []byte // the first bytes of an incomplete character
	text []byte // reused by each Write
}

// NewWriter returns a Writer to a terminal.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Write writes all complete characters of p. It returns the number of bytes of
// p, not of its output.
func (w *Writer) Write(p []byte) (int, error) {
	pending := append(w.tail, p...)
	whole := len(pending) - incomplete(pending)
	w.text = appendVisible(w.text[:0], string(pending[:whole]), "\n\t")
	w.tail = append([]byte(nil), pending[whole:]...)
	if _, err := w.to.Write(w.text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close writes the rest of an incomplete character. It leaves the terminal
// open.
func (w *Writer) Close() error {
	_, err := w.to.Write(appendVisible(nil, string(w.tail), ""))
	w.tail = nil
	return err
}

// incomplete returns how many bytes at the end of p can be the beginning of a
// character.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if last := p[len(p)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// filer is a file, or a writer that wraps one.
type filer interface{ Fd() uintptr }

// Is reports whether w is a terminal, or writes to one.
func Is(w any) bool {
	file, ok := w.(filer)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Width returns the columns of the terminal w, or 0 if it is not a terminal.
func Width(w io.Writer) int {
	if !Is(w) {
		return 0
	}
	width, _, err := term.GetSize(int(w.(filer).Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Direct returns the file that w wraps, for code and programs that draw on the terminal
// themselves, or w itself if it wraps none.
func Direct(w io.Writer) io.Writer {
	if standing, ok := w.(interface{ File() *os.File }); ok {
		return standing.File()
	}
	return w
}

package logfile

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cerpac/trailkeeper/event"
)

// tooLong returns the reason for rejecting a piece of size bytes.
func tooLong(size int64) string {
	return fmt.Sprintf("longer than %d MiB: %d bytes", MaxRecord>>20, size)
}

// full reports whether the buffer from r.pos on has reached its maximum.
func (r *Reader) full() bool { return len(r.buf)-r.pos >= MaxRecord }

// longFault turns the error of a value that cannot be skipped, as all of it is
// needed to find its end, into a fault of the file.
func (r *Reader) longFault(err error) error {
	if errors.Is(err, errLong) {
		return &FaultError{r.offset(r.pos), fmt.Sprintf("a value longer than %d MiB", MaxRecord>>20), nil}
	}
	return err
}

// head copies the beginning of the piece at r.pos, which is going to be
// skipped.
func (r *Reader) head() []byte {
	return bytes.Clone(r.buf[r.pos:min(r.pos+keptHead, len(r.buf))])
}

// decode decodes the record that data starts with.
func (r *Reader) decode(rec *event.Record, data []byte) (n int, err error) {
	n, err = rec.Decode(data)
	r.count(n, err, len(data))
	return n, err
}

// count adds the number of decoded bytes of a value.
func (r *Reader) count(n int, err error, all int) {
	if n > 0 {
		all = n
	} else if syntax, ok := errors.AsType[*event.SyntaxError](err); ok {
		all = syntax.Offset
	}
	r.work += int64(all)
}

// skipLong skips the value at r.pos, which is too long to be buffered, and
// returns its length. It only searches for the end of the value.
func (r *Reader) skipLong() (size int64, err error) {
	first, start := r.base+int64(r.pos), r.offset(r.pos)
	var s skipper
	for {
		n, done := s.skip(r.buf[r.pos:])
		r.pos += n
		r.work += int64(n)
		if done {
			return r.base + int64(r.pos) - first, nil
		}
		if !r.fill() {
			return 0, r.cutAt(start)
		}
	}
}

// skipper finds the end of a JSON value that comes in pieces.
type skipper struct {
	depth    int  // of brackets
	inString bool // brackets are text there
	escaped  bool // the next byte is escaped
	scalar   bool // the value is a number or a literal
}

// skip returns the number of bytes of the value in data, and whether its end is
// in data.
func (s *skipper) skip(data []byte) (n int, done bool) {
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case s.escaped:
			s.escaped = false
		case s.inString && c == '\\':
			s.escaped = true
		case s.inString && c != '"':
		case c == '"':
			s.inString = !s.inString
			if !s.inString && s.depth == 0 {
				return i + 1, true
			}
		case c == '{' || c == '[':
			s.depth++
		case s.scalar && endsScalar(c):
			return i, true
		case s.depth == 0:
			s.scalar = true
		case c == '}' || c == ']':
			s.depth--
			if s.depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(data), false
}

func endsScalar(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

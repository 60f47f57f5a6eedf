package event

import (
	"errors"
	"fmt"
)

// ErrTruncated reports that the data ended inside a value; with more data the
// value may be valid.
var ErrTruncated = errors.New("unexpected end of JSON")

// SyntaxError reports text that is not JSON (RFC 8259). Offset counts bytes
// from the start of the decoded data.
type SyntaxError struct {
	Offset int
	Cause  string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.Cause, e.Offset)
}

// maxDepth is the maximum nesting depth of a record. Readers of the lake parse
// the same text again, most of them recursively.
const maxDepth = 1000

// keepStack is the capacity up to which a stack is kept for the next record.
// The stack grows with the nesting while the end of a record that nests too
// deeply is searched for.
const keepStack = 4 * maxDepth

// flags are the properties found in a value.
type flags uint8

const (
	sawSpace     flags = 1 << iota // white space between tokens
	sawEscape                      // a backslash inside a string
	sawSurrogate                   // an escaped UTF-16 surrogate without its pair
)

// scanner scans JSON text and validates it in the same pass. It continues after
// some faults, because the end of the value can still be found: then only this
// record is rejected, not its neighbours.
type scanner struct {
	data  []byte
	stack []byte // open brackets, outermost first
	flags flags
	fault *SyntaxError
}

func (s *scanner) reset(data []byte) {
	if cap(s.stack) > keepStack {
		s.stack = nil
	}
	s.data, s.stack, s.flags, s.fault = data, s.stack[:0], 0, nil
}

func (s *scanner) note(offset int, cause string) {
	if s.fault == nil {
		s.fault = &SyntaxError{offset, cause}
	}
}

// space returns the position of the next byte that is not white space. In
// nearly all files there is no white space, which costs one comparison.
func (s *scanner) space(i int) int {
	if i < len(s.data) && s.data[i] > ' ' {
		return i
	}
	return s.skipSpace(i)
}

func (s *scanner) skipSpace(i int) int {
	for i < len(s.data) {
		switch s.data[i] {
		case ' ', '\t', '\r', '\n':
			s.flags |= sawSpace
			i++
		default:
			return i
		}
	}
	return i
}

func (s *scanner) unexpected(i int, where string) error {
	if i >= len(s.data) {
		return ErrTruncated
	}
	return &SyntaxError{i, fmt.Sprintf("unexpected %q %s", s.data[i], where)}
}

// value returns the position after the value that starts at i.
func (s *scanner) value(i int) (int, error) {
	if i >= len(s.data) {
		return i, ErrTruncated
	}
	switch s.data[i] {
	case '"':
		return s.str(i)
	case '{', '[':
		return s.container(i)
	default:
		return s.scalar(i)
	}
}

// container scans an object or array without recursion.
func (s *scanner) container(i int) (int, error) {
	s.stack = append(s.stack[:0], s.data[i])
	i++
	opened := true
	for {
		top := s.stack[len(s.stack)-1]
		i = s.space(i)
		if i >= len(s.data) {
			return i, ErrTruncated
		}
		closing := opened && s.data[i] == top+2
		if !closing {
			var err error
			if top == '{' {
				if _, i, err = s.key(i); err != nil {
					return i, err
				}
			}
			if i >= len(s.data) {
				return i, ErrTruncated
			}
			switch s.data[i] {
			case '{', '[':
				s.push(i)
				i++
				opened = true
				continue
			case '"':
				i, err = s.str(i)
			default:
				i, err = s.scalar(i)
			}
			if err != nil {
				return i, err
			}
		}
		opened = false
		if i < len(s.data) && s.data[i] == ',' {
			i++
			continue
		}
		done, next, err := s.after(i)
		if err != nil || done {
			return next, err
		}
		i = next
	}
}

func (s *scanner) push(i int) {
	if len(s.stack) == maxDepth {
		s.note(i, fmt.Sprintf("nesting deeper than %d", maxDepth))
	}
	s.stack = append(s.stack, s.data[i])
}

// after handles what follows a member or element: closing brackets, then a
// comma. It reports whether the outermost container was closed. In ASCII each
// closing bracket is its opening one plus two.
func (s *scanner) after(i int) (done bool, next int, err error) {
	for {
		i = s.space(i)
		if i >= len(s.data) {
			return false, i, ErrTruncated
		}
		switch c := s.data[i]; {
		case c == s.stack[len(s.stack)-1]+2:
			s.stack = s.stack[:len(s.stack)-1]
			i++
			if len(s.stack) == 0 {
				return true, i, nil
			}
		case c == ',':
			return false, i + 1, nil
		default:
			return false, i, s.unexpected(i, "after a value")
		}
	}
}

// key scans a member's name and colon. It returns the positions after the
// name's closing quote and of the value.
func (s *scanner) key(i int) (nameEnd, value int, err error) {
	if s.data[i] != '"' {
		return i, i, s.unexpected(i, "where a member name should start")
	}
	nameEnd, err = s.str(i)
	if err != nil {
		return nameEnd, nameEnd, err
	}
	i = s.space(nameEnd)
	if i >= len(s.data) || s.data[i] != ':' {
		return nameEnd, i, s.unexpected(i, "after a member name")
	}
	return nameEnd, s.space(i + 1), nil
}

// scalar scans a number or one of the three literals.
func (s *scanner) scalar(i int) (int, error) {
	switch s.data[i] {
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	case 'n':
		return s.literal(i, "null")
	}
	return s.number(i)
}

func (s *scanner) literal(i int, want string) (int, error) {
	for k := range len(want) {
		if i+k >= len(s.data) {
			return i, ErrTruncated
		}
		if s.data[i+k] != want[k] {
			return i, s.unexpected(i+k, "in "+want)
		}
	}
	return i + len(want), nil
}

// number scans a number of any size without converting it. A number that ends
// with the data counts as truncated, as it may continue.
func (s *scanner) number(i int) (int, error) {
	d, start := s.data, i
	if d[i] == '-' {
		i++
	}
	if i < len(d) && d[i] == '0' {
		i++
	} else {
		n := digits(d, i)
		if n == i {
			return i, s.unexpected(i, "where a value should start")
		}
		i = n
	}
	if i < len(d) && d[i] == '.' {
		n := digits(d, i+1)
		if n == i+1 {
			return i, s.unexpected(n, "in a number")
		}
		i = n
	}
	if i < len(d) && (d[i] == 'e' || d[i] == 'E') {
		i++
		if i < len(d) && (d[i] == '+' || d[i] == '-') {
			i++
		}
		n := digits(d, i)
		if n == i {
			return i, s.unexpected(n, "in a number")
		}
		i = n
	}
	if i >= len(d) {
		return start, ErrTruncated
	}
	return i, nil
}

func digits(d []byte, i int) int {
	for i < len(d) && d[i] >= '0' && d[i] <= '9' {
		i++
	}
	return i
}

// DecodeValue decodes the JSON value at the start of data and returns its
// length in bytes, with the errors of [Record.Decode]. A number must be
// followed by another byte.
func DecodeValue(data []byte) (v Value, n int, err error) {
	s := scanner{data: data}
	n, err = s.value(0)
	if err != nil {
		return Value{}, 0, err
	}
	if s.fault != nil {
		return Value{}, n, s.fault
	}
	return Value{data[:n:n], s.flags}, n, nil
}

// ValueEnd returns the length in bytes of the JSON value at the start of data,
// with the errors of [Record.Decode]. A number must be followed by another
// byte.
func ValueEnd(data []byte) (int, error) {
	s := scanner{data: data}
	n, err := s.value(0)
	if err != nil {
		return 0, err
	}
	if s.fault != nil {
		return n, s.fault
	}
	return n, nil
}

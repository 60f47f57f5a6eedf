package event

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit set in the lowest byte of x that ends the plain
// part of a string: a quote, a backslash, a control character, or a byte
// outside ASCII. Bits above the lowest one set mean nothing.
//
// In a byte of ASCII a subtraction sets the high bit only where it borrows, from
// what is less than the subtrahend. A byte outside ASCII has the bit already.
func special(x uint64) uint64 {
	quote := x ^ ('"' * ones)
	back := x ^ ('\\' * ones)
	return ((quote - ones) | (back - ones) | (x - 0x20*ones) | x) & highs
}

// plainPrefix returns the length of the prefix of text that a JSON string holds
// unescaped. It counts in words of eight bytes and ignores the rest.
func plainPrefix(text []byte) (n int) {
	for n+8 <= len(text) && special(binary.LittleEndian.Uint64(text[n:])) == 0 {
		n += 8
	}
	return n
}

// str returns the position after the string whose opening quote is at i.
func (s *scanner) str(i int) (int, error) {
	d := s.data
	i++
	for {
		for i+8 <= len(d) {
			m := special(binary.LittleEndian.Uint64(d[i:]))
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(d) {
			return i, ErrTruncated
		}
		switch c := d[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			n, err := s.escape(i)
			if err != nil {
				return i, err
			}
			i = n
		case c < 0x20:
			s.note(i, "control character in a string")
			i++
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(d[i:])
			if r == utf8.RuneError && n == 1 {
				if !utf8.FullRune(d[i:]) {
					return i, ErrTruncated
				}
				s.note(i, "invalid UTF-8")
			}
			i += n
		}
	}
}

// escape returns the position after the escape sequence at i.
func (s *scanner) escape(i int) (int, error) {
	s.flags |= sawEscape
	d := s.data
	if i+1 >= len(d) {
		return i, ErrTruncated
	}
	switch d[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
	default:
		s.note(i, "invalid escape in a string")
		return i + 2, nil
	}
	if i+6 > len(d) {
		return i, ErrTruncated
	}
	r := hex4(d[i+2 : i+6])
	if r < 0 {
		s.note(i, "invalid escape in a string")
		return i + 2, nil
	}
	if r&0xf800 != 0xd800 {
		return i + 6, nil
	}
	if i+12 > len(d) && bytes.IndexByte(d[i+6:], '"') < 0 {
		return i, ErrTruncated
	}
	if r < 0xdc00 && i+12 <= len(d) && d[i+6] == '\\' && d[i+7] == 'u' && hex4(d[i+8:i+12])&^0x3ff == 0xdc00 {
		return i + 12, nil
	}
	s.flags |= sawSurrogate
	return i + 6, nil
}

// hex4 returns the value of four hexadecimal digits, or -1.
func hex4(d []byte) rune {
	var r rune
	for _, c := range d {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

package unpack

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// byteOrder detects the byte order of UTF-16 text from its byte order mark or from two
// ASCII characters at its start. It is nil for any other text.
func byteOrder(head []byte) binary.ByteOrder {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if len(head) < 2 {
			return nil
		}
		first := order.Uint16(head)
		switch {
		case first == 0xfeff:
			return order
		case len(head) >= 4 && isASCII(first) && isASCII(order.Uint16(head[2:])):
			return order
		}
	}
	return nil
}

// isASCII reports whether a UTF-16 unit is a character that text can begin with.
func isASCII(unit uint16) bool {
	return unit >= ' ' && unit < 0x7f || unit == '\t' || unit == '\n' || unit == '\r'
}

// utf16Reader converts UTF-16 text to UTF-8. An unpaired surrogate becomes invalid
// UTF-8, so that a record with one does not count as sound.
type utf16Reader struct {
	in    *bufio.Reader
	order binary.ByteOrder
	buf   []byte
	out   []byte // the unread part of buf
	err   error
}

var errHalfUnit = errors.New("odd number of bytes")

func (r *utf16Reader) Read(p []byte) (int, error) {
	for len(r.out) == 0 && r.err == nil {
		r.fill()
	}
	if len(r.out) == 0 {
		return 0, r.err
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// fill decodes the available units, at least one.
func (r *utf16Reader) fill() {
	_, r.err = r.in.Peek(2)
	units, _ := r.in.Peek(r.in.Buffered() &^ 1)
	out := r.buf[:0]
	used := 0
	for used < len(units) {
		unit := rune(r.order.Uint16(units[used:]))
		used += 2
		if !utf16.IsSurrogate(unit) {
			out = utf8.AppendRune(out, unit)
			continue
		}
		if used == len(units) && used > 2 {
			used -= 2 // the other half of the pair is in the next units
			break
		}
		second, _ := r.in.Peek(used + 2)
		pair := rune(utf8.RuneError)
		if len(second) == used+2 {
			pair = utf16.DecodeRune(unit, rune(r.order.Uint16(second[used:])))
		}
		if pair == utf8.RuneError {
			out = append(out, 0xe0|byte(unit>>12), 0x80|byte(unit>>6)&0x3f, 0x80|byte(unit)&0x3f)
			continue
		}
		out = utf8.AppendRune(out, pair)
		used += 2
	}
	_, _ = r.in.Discard(used) // it was peeked
	if r.err != nil && r.in.Buffered() == 1 && errors.Is(r.err, io.EOF) {
		r.err = errHalfUnit
	}
	r.buf, r.out = out, out
}

// utf16Cause describes the only fault that UTF-16 text can have.
func utf16Cause(error) string { return "truncated UTF-16 text" }

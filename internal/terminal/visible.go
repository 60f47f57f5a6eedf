package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Visible returns s on one line, with everything that is not a printing character
// escaped: control characters, escape sequences, and characters that are invisible or
// change the direction of writing. Invalid UTF-8 is escaped byte by byte.
//
// Characters that JSON strings may contain are escaped as in JSON, so that JSON on a
// terminal is still JSON.
func Visible(s string) string {
	if isPlain(s) {
		return s
	}
	return string(appendVisible(make([]byte, 0, len(s)+16), s, ""))
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// appendVisible appends s with non-printing characters escaped, except those in
// keep.
func appendVisible(dst []byte, s, keep string) []byte {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = fmt.Appendf(dst, `\x%02x`, s[i])
		case unicode.IsPrint(r) || r < ' ' && strings.IndexByte(keep, byte(r)) >= 0:
			dst = append(dst, s[i:i+size]...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r < ' ':
			dst = fmt.Appendf(dst, `\x%02x`, r)
		case r < 0x10000:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		}
		i += size
	}
	return dst
}

// Message formats text of several lines for display after a prefix: lines after
// the first are indented, so that none of them looks like a separate message.
func Message(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, line := range lines {
		lines[i] = Visible(line)
		if i > 0 && !strings.HasPrefix(line, "  ") {
			lines[i] = "  " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// TextWidth returns the number of columns of visible text.
func TextWidth(s string) int {
	if isPlain(s) {
		return len(s)
	}
	total := 0
	for _, r := range s {
		total += runeWidth(r)
	}
	return total
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0 // drawn over the character before
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Truncate shortens visible text to at most limit columns, with an ellipsis in
// place of the removed part.
func Truncate(s string, limit int) string {
	if TextWidth(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	used := 0
	for i, r := range s {
		w := runeWidth(r)
		if used+w > limit-1 {
			return s[:i] + "…"
		}
		used += w
	}
	return s
}

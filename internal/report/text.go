package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

func firstRune(s string) (rune, int) { return utf8.DecodeRuneInString(s) }

// Visible writes s for a terminal: on one line, and with everything that is not
// a printing character spelled out, from escape sequences to characters that
// turn the direction of writing. Invalid UTF-8 is spelled out byte by byte.
func Visible(s string) string {
	plain := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
	if plain {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += size
	}
	return b.String()
}

// textWidth is the number of terminal columns that visible text takes.
func textWidth(s string) int {
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

// truncate shortens visible text to at most limit columns, with an ellipsis in
// the place of what is cut off.
func truncate(s string, limit int) string {
	if textWidth(s) <= limit {
		return s
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

package archive

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EscapeName writes a file name as text that can be shown and stored anywhere: a
// byte that is not part of printable UTF-8, and every backslash, as \xHH. So
// different names stay different.
func EscapeName(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' }) {
		return name // as nearly all are
	}
	plain := func(r rune, size int) bool {
		return r != '\\' && unicode.IsPrint(r) && (r != utf8.RuneError || size > 1)
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if plain(r, size) {
			b.WriteString(name[i : i+size])
		} else {
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		i += size
	}
	return b.String()
}

// UnescapeName is the inverse of EscapeName. Text that EscapeName does not
// produce is returned unchanged.
func UnescapeName(key string) string {
	var b strings.Builder
	for i := 0; i < len(key); i++ {
		if c, ok := escaped(key[i:]); ok {
			b.WriteByte(c)
			i += len(`\xHH`) - 1
		} else {
			b.WriteByte(key[i])
		}
	}
	return b.String()
}

func escaped(s string) (c byte, ok bool) {
	if len(s) < len(`\xHH`) || s[:2] != `\x` {
		return 0, false
	}
	high, low := strings.IndexByte(hexDigits, s[2]), strings.IndexByte(hexDigits, s[3])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

// TextName is EscapeName for the names that need it, which are not printable or
// look as if they were escaped. Others stay as they are, with their backslashes.
func TextName(name string) string {
	printable := func(r rune) bool { return unicode.IsPrint(r) && r != utf8.RuneError }
	if strings.Contains(name, `\x`) || strings.ContainsFunc(name, func(r rune) bool { return !printable(r) }) {
		return EscapeName(name)
	}
	return name
}

const hexDigits = "0123456789abcdef"

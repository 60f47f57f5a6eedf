package dirarchive

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape writes a file name as part of a key; see the package comment.
func escape(name string) string {
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

// unescape is the inverse of escape. What escape does not write stays as it is.
func unescape(key string) string {
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

const hexDigits = "0123456789abcdef"

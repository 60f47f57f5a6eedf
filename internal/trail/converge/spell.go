package converge

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// plain quotes a text only where it would not be read as it is: control characters
// of somebody's tag must not reach a terminal.
func plain(text string) string {
	odd := func(r rune) bool { return r == '"' || !unicode.IsPrint(r) }
	if text == "" || strings.ContainsFunc(text, odd) {
		return strconv.Quote(text)
	}
	return text
}

// oneLine leaves out of a sentence what is not printable.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), " ")
}

// hide takes out what endpoints of subscriptions tell of passwords and tokens.
func hide(text []byte) []byte {
	text = regexp.MustCompile(`://[^/\s"\\@]+@`).ReplaceAll(text, []byte("://***@"))
	return regexp.MustCompile(`(https?://[^\s"\\?]+\?)[^\s"\\]+`).ReplaceAll(text, []byte("${1}***"))
}

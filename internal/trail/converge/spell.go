package converge

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// plain quotes a text only if it cannot be shown as it is: control characters in a tag
// must not reach a terminal.
func plain(text string) string {
	odd := func(r rune) bool { return r == '"' || !unicode.IsPrint(r) }
	if text == "" || strings.ContainsFunc(text, odd) {
		return strconv.Quote(text)
	}
	return text
}

// oneLine removes characters that are not printable from a sentence.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), " ")
}

// hide masks passwords and tokens in the endpoints of subscriptions.
func hide(text []byte) []byte {
	text = regexp.MustCompile(`://[^/\s"\\@]+@`).ReplaceAll(text, []byte("://***@"))
	return regexp.MustCompile(`(https?://[^\s"\\?]+\?)[^\s"\\]+`).ReplaceAll(text, []byte("${1}***"))
}

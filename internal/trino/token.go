package trino

import "strings"

type kind int

const (
	word   kind = iota // a keyword or a name
	quoted             // a name in double quotes
	text               // a string literal
	other              // a number, or one character of anything else
)

// token is a part of a statement, without blanks and comments.
type token struct {
	kind       kind
	start, end int // byte offsets
	name       string
}

// is reports whether the token is a keyword, in any case, or a symbol.
func (t token) is(name string) bool {
	return t.kind != quoted && t.kind != text && strings.EqualFold(t.name, name)
}

// named reports whether the token is a name, quoted or not.
func (t token) named(name string) bool {
	return t.kind == quoted && t.name == name || t.kind == word && strings.EqualFold(t.name, name)
}

// scan splits SQL into tokens. An unclosed token ends with the text; the
// engine's parser reports it.
func scan(sql string) []token {
	var tokens []token
	for at := 0; at < len(sql); {
		start, c := at, sql[at]
		switch {
		case c <= ' ':
			at++
		case strings.HasPrefix(sql[at:], "--"):
			at = after(sql, at, "\n")
		case strings.HasPrefix(sql[at:], "/*"):
			at = after(sql, at+2, "*/")
		case c == '\'' || c == '"':
			at = closing(sql, at)
			t := token{text, start, at, sql[start:at]}
			if c == '"' {
				t.kind, t.name = quoted, strings.ReplaceAll(strings.Trim(t.name, `"`), `""`, `"`)
			}
			tokens = append(tokens, t)
		case isLetter(c):
			for at < len(sql) && (isLetter(sql[at]) || isDigit(sql[at]) || sql[at] == '$') {
				at++
			}
			tokens = append(tokens, token{word, start, at, sql[start:at]})
		case isDigit(c):
			for at < len(sql) && (isDigit(sql[at]) || isLetter(sql[at]) || sql[at] == '.') {
				at++
			}
			tokens = append(tokens, token{other, start, at, sql[start:at]})
		default:
			at++
			tokens = append(tokens, token{other, start, at, sql[start:at]})
		}
	}
	return tokens
}

// after returns the offset after the next end marker.
func after(sql string, at int, end string) int {
	if i := strings.Index(sql[at:], end); i >= 0 {
		return at + i + len(end)
	}
	return len(sql)
}

// closing returns the offset after a quoted text that starts at the offset. A
// doubled quote is part of the text.
func closing(sql string, at int) int {
	quote := sql[at]
	for at++; at < len(sql); at++ {
		if sql[at] != quote {
			continue
		}
		if at+1 == len(sql) || sql[at+1] != quote {
			return at + 1
		}
		at++
	}
	return len(sql)
}

func isLetter(c byte) bool {
	return c == '_' || c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

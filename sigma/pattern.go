package sigma

import (
	"errors"
	"strings"

	"github.com/cerpac/trailkeeper/predicate"
)

// pattern is a text with wildcards: literal texts, and between them one wildcard each.
type pattern []piece

// piece is a literal text, or a wildcard.
type piece struct {
	wildcard byte // '*', '?' or 0
	text     string
}

// parsePattern reads a text of a rule. A backslash escapes a wildcard, and a
// backslash before one; elsewhere it is itself.
func parsePattern(text string) pattern {
	var p pattern
	var literal strings.Builder
	end := func() {
		if literal.Len() > 0 {
			p = append(p, piece{text: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`\*?`, text[i+1]) >= 0:
			i++
			literal.WriteByte(text[i])
		case c == '*' || c == '?':
			end()
			p = append(p, piece{wildcard: c})
		default:
			literal.WriteByte(c)
		}
	}
	end()
	return p
}

// literal returns the pattern that matches a text alone.
func literal(text string) pattern {
	if text == "" {
		return nil
	}
	return pattern{{text: text}}
}

// plain returns the text of a pattern without wildcards.
func (p pattern) plain() (string, error) {
	var b strings.Builder
	for _, piece := range p {
		if piece.wildcard != 0 {
			return "", errors.New("a wildcard cannot be in it")
		}
		b.WriteString(piece.text)
	}
	return b.String(), nil
}

// mapped returns the pattern with each literal text changed.
func (p pattern) mapped(change func(string) string) pattern {
	changed := make(pattern, len(p))
	for i, piece := range p {
		changed[i] = piece
		if piece.wildcard == 0 {
			changed[i].text = change(piece.text)
		}
	}
	return changed
}

// open returns the pattern with any text before it, and after it.
func (p pattern) open(before, after bool) pattern {
	star := piece{wildcard: '*'}
	var opened pattern
	if before && (len(p) == 0 || p[0] != star) {
		opened = append(opened, star)
	}
	opened = append(opened, p...)
	if after && (len(opened) == 0 || opened[len(opened)-1] != star) {
		opened = append(opened, star)
	}
	return opened
}

// any reports whether the pattern matches every text.
func (p pattern) any() bool {
	for _, piece := range p {
		if piece.wildcard != '*' {
			return false
		}
	}
	return len(p) > 0
}

// test returns the test of a text, by the cheapest operation that says it.
func (p pattern) test() predicate.Test {
	star := func(i int) bool { return p[i].wildcard == '*' }
	text := func(i int) bool { return p[i].wildcard == 0 }
	switch n := len(p); {
	case n == 0:
		return predicate.Equal("")
	case n == 1 && text(0):
		return predicate.Equal(p[0].text)
	case n == 2 && text(0) && star(1):
		return predicate.HasPrefix(p[0].text)
	case n == 2 && star(0) && text(1):
		return predicate.HasSuffix(p[1].text)
	case n == 3 && star(0) && text(1) && star(2):
		return predicate.Contains(p[1].text)
	}
	var b strings.Builder
	for _, piece := range p {
		if piece.wildcard != 0 {
			b.WriteByte(piece.wildcard)
		} else {
			b.WriteString(predicate.Literal(piece.text))
		}
	}
	return predicate.Glob(b.String())
}

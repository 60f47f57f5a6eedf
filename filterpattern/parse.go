package filterpattern

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/predicate"
)

// parser reads a pattern from left to right.
type parser struct {
	text      string
	at        int
	regexes   int
	wildcards int // selectors with a wildcard
	operand   func() (condition, error)
}

func (p *parser) wrong(format string, args ...any) error {
	return &Error{p.at, len(p.text), fmt.Sprintf(format, args...)}
}

func (p *parser) wrongSince(start int, format string, args ...any) error {
	return &Error{start, p.at, fmt.Sprintf(format, args...)}
}

// expected returns the error for a missing token.
func (p *parser) expected(what string) error {
	if p.at == len(p.text) {
		return p.wrong("expected %s, found the end", what)
	}
	found := p.text[p.at:]
	if len(found) > 12 {
		found = found[:12]
	}
	return &Error{p.at, p.at + len(found), fmt.Sprintf("expected %s, found %q", what, found)}
}

// peek returns the next byte, or 0 at the end.
func (p *parser) peek() byte {
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) end() bool {
	p.space()
	return p.at == len(p.text)
}

// take consumes the token if it is next, after white space.
func (p *parser) take(token string) bool {
	p.space()
	if !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

// keyword consumes the words, in either case, if they are next.
func (p *parser) keyword(words operator) bool {
	start := p.at
	for word := range strings.SplitSeq(string(words), " ") {
		p.space()
		if !strings.EqualFold(p.while(letter), word) {
			p.at = start
			return false
		}
	}
	return true
}

// while consumes bytes of a kind.
func (p *parser) while(kind func(byte) bool) string {
	start := p.at
	for p.at < len(p.text) && kind(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

func letter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
func digit(b byte) bool  { return '0' <= b && b <= '9' }
func word(b byte) bool   { return letter(b) || digit(b) || b == '_' }

// bare reports whether a value without quotes may contain the byte.
func bare(b byte) bool {
	return b > ' ' && strings.IndexByte("(){}[],\"%&|=<>!", b) < 0
}

func (p *parser) json() (matcher, error) {
	p.take("{")
	p.operand = p.selectorCondition
	conditions, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.take("}") {
		return nil, p.expected("&&, || or }")
	}
	return &jsonPattern{conditions, conditions.compiled()}, nil
}

func (p *parser) or() (*expression, error)  { return p.joined("||", p.and) }
func (p *parser) and() (*expression, error) { return p.joined("&&", p.primary) }

func (p *parser) joined(by string, part func() (*expression, error)) (*expression, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	parts := []*expression{first}
	for p.take(by) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return &expression{join: by, parts: parts}, nil
}

func (p *parser) primary() (*expression, error) {
	if p.take("(") {
		inner, err := p.or()
		if err == nil && !p.take(")") {
			err = p.expected("&&, || or )")
		}
		return inner, err
	}
	c, err := p.operand()
	if err != nil {
		return nil, err
	}
	return &expression{condition: &c}, nil
}

func (p *parser) selectorCondition() (condition, error) {
	p.space()
	start := p.at
	path, err := p.selector()
	if err != nil {
		return condition{}, err
	}
	c := condition{name: p.text[start:p.at], path: path}
	for _, o := range []operator{isNull, isTrue, isFalse, notExists} {
		if p.keyword(o) {
			c.test.operator = o
			return c, nil
		}
	}
	c.test, err = p.comparison()
	if err == nil && c.test.operator == always {
		err = p.expected("a comparison, IS NULL, IS TRUE, IS FALSE or NOT EXISTS")
	}
	return c, err
}

// selector parses $ with its steps, such as $.a-b[0].*.['c.d'].
func (p *parser) selector() (path predicate.Path, err error) {
	start := p.at
	if !p.take("$") {
		return path, p.expected("a selector, which starts with $")
	}
	stars := 0
	for p.peek() == '.' || p.peek() == '[' {
		before := len(path.Steps())
		if path, err = p.step(path); err != nil {
			return path, err
		}
		if path.Steps()[before].Kind == predicate.Each {
			stars++
		}
	}
	if len(path.Steps()) == 0 {
		return path, p.expected("a . and a name")
	}
	if stars > maxSelectorStar {
		return path, p.wrongSince(start, "more than %d wildcard in a selector", maxSelectorStar)
	}
	if p.wildcards += stars; p.wildcards > maxWildcards {
		return path, p.wrongSince(start, "more than %d wildcard selectors in a pattern", maxWildcards)
	}
	return path, nil
}

// step parses one step of a selector and returns the path with it.
func (p *parser) step(path predicate.Path) (predicate.Path, error) {
	if p.peek() == '[' {
		return p.bracket(path)
	}
	p.at++ // the dot
	switch p.peek() {
	case '[':
		return p.bracket(path)
	case '*':
		p.at++
		return path.Each(), nil
	}
	name := p.while(func(b byte) bool { return word(b) || b == '-' })
	if name == "" {
		return path, p.expected("a name of letters, digits, - and _")
	}
	return path.Member(name), nil
}

func (p *parser) bracket(path predicate.Path) (predicate.Path, error) {
	p.at++ // the [
	switch p.peek() {
	case '*':
		p.at++
		path = path.Each()
	case '\'', '"':
		mark := p.peek()
		p.at++
		path = path.Member(p.while(func(b byte) bool { return b != mark }))
		p.at = min(p.at+1, len(p.text))
	default:
		start := p.at
		index, err := strconv.Atoi(p.while(digit))
		if err != nil {
			p.at = start
			return path, p.expected("an index, * or a name in quotes")
		}
		path = path.Element(index)
	}
	if p.peek() != ']' {
		return path, p.expected("]")
	}
	p.at++
	return path, nil
}

// comparison parses an operator and a value, or nothing.
func (p *parser) comparison() (test, error) {
	for _, o := range []operator{unequal, atMost, atLeast, less, more, equal} {
		if !p.take(string(o)) {
			continue
		}
		p.space()
		start := p.at
		value, err := p.value()
		if err == nil && o.ordering() && value.number == nil {
			err = p.wrongSince(start, "%s compares with a number", o)
		}
		return test{o, value}, err
	}
	return test{}, nil
}

func (p *parser) value() (literal, error) {
	switch p.peek() {
	case '"':
		text, err := p.quoted()
		return literal{text: text}, err
	case '%':
		if p.regexes++; p.regexes > maxRegexes {
			return literal{}, p.wrong("more than %d regular expressions", maxRegexes)
		}
		return p.regex()
	}
	text := p.while(bare)
	if text == "" {
		return literal{}, p.expected("a value")
	}
	value := literal{text: text}
	if number, ok := predicate.ParseDecimal(text); ok {
		value.number = &number
	}
	return value, nil
}

func (p *parser) quoted() (string, error) {
	start := p.at
	p.at++
	var text strings.Builder
	for p.at < len(p.text) {
		b := p.text[p.at]
		p.at++
		switch {
		case b == '"':
			return text.String(), nil
		case b == '\\' && (p.peek() == '"' || p.peek() == '\\'):
			b = p.peek()
			p.at++
		}
		text.WriteByte(b)
	}
	return "", p.wrongSince(start, "a quote that does not end")
}

// regexSyntax is the syntax of regular expressions in CloudWatch Logs: no ( ),
// and no character beyond these.
var regexSyntax = regexp.MustCompile(
	`^([A-Za-z0-9:_#=@/;,\-^$?\[\]{}|*+.]|\\[dDsSwW:_#=@/;,\-^$?\[\]{}|*+.\\]|\\x[0-9A-Fa-f]{2})+$`)

// regex parses %expression%.
func (p *parser) regex() (literal, error) {
	start := p.at
	p.at++
	text := p.while(func(b byte) bool { return b != '%' })
	if p.peek() != '%' {
		return literal{}, p.wrongSince(start, "a regular expression that does not end with %%")
	}
	p.at++
	if !regexSyntax.MatchString(text) {
		return literal{}, p.wrongSince(start, "a regular expression with what CloudWatch Logs does not know: %q", text)
	}
	regex, err := regexp.Compile(text)
	if err != nil {
		return literal{}, p.wrongSince(start, "no regular expression: %v", err)
	}
	return literal{text: text, regex: regex}, nil
}

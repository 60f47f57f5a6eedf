package filterpattern

import (
	"regexp"
	"strings"

	"github.com/cerpac/trailkeeper/predicate"
)

// expression is a condition, or several joined by && or ||.
type expression struct {
	join  string // "&&", "||", or "" for the condition alone
	parts []*expression
	*condition
}

// condition is a test of the values of a selector or field.
type condition struct {
	name string         // as Extract names it
	path predicate.Path // of a selector
	test test
}

// holds reports whether the expression is true for a field of a message.
func (e *expression) holds(text string) bool {
	if e.condition != nil {
		return e.test.compiled().Fits(text)
	}
	for _, part := range e.parts {
		if part.holds(text) == (e.join == "||") {
			return e.join == "||"
		}
	}
	return e.join == "&&"
}

// compiled returns the expression as a predicate on the JSON of an event.
func (e *expression) compiled() *predicate.Predicate {
	if e.condition != nil {
		return e.condition.compiled()
	}
	parts := make([]*predicate.Predicate, len(e.parts))
	for i, part := range e.parts {
		parts[i] = part.compiled()
	}
	if e.join == "||" {
		return predicate.Any(parts...)
	}
	return predicate.All(parts...)
}

func (c *condition) compiled() *predicate.Predicate {
	if c.test.operator == notExists {
		return predicate.Not(predicate.Where(c.path, predicate.Exists()))
	}
	return predicate.Where(c.path, c.test.compiled())
}

func (e *expression) each(visit func(*condition)) {
	if e.condition != nil {
		visit(e.condition)
	}
	for _, part := range e.parts {
		part.each(visit)
	}
}

func (e *expression) String() string {
	if e.condition != nil {
		return e.name + e.test.String()
	}
	texts := make([]string, len(e.parts))
	for i, part := range e.parts {
		texts[i] = part.String()
		if part.condition == nil {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, " "+e.join+" ")
}

type operator string

const (
	always    operator = "" // a field that is only named
	equal     operator = "="
	unequal   operator = "!="
	less      operator = "<"
	atMost    operator = "<="
	more      operator = ">"
	atLeast   operator = ">="
	isNull    operator = "IS NULL"
	isTrue    operator = "IS TRUE"
	isFalse   operator = "IS FALSE"
	notExists operator = "NOT EXISTS"
)

func (o operator) ordering() bool { return o == less || o == atMost || o == more || o == atLeast }

// test is an operator with its operand.
type test struct {
	operator
	literal
}

// compiled returns the test of one value. NOT EXISTS has no such test.
func (t test) compiled() predicate.Test {
	switch t.operator {
	case isNull:
		return predicate.IsNull()
	case isTrue:
		return predicate.IsTrue()
	case isFalse:
		return predicate.IsFalse()
	case equal:
		return t.literal.compiled()
	case unequal:
		return t.literal.compiled().Unlike()
	case less, atMost, more, atLeast:
		return predicate.Number(predicate.Op(t.operator), *t.number)
	}
	return predicate.Exists()
}

func (t test) String() string {
	switch t.operator {
	case always:
		return ""
	case isNull, isTrue, isFalse, notExists:
		return " " + string(t.operator)
	}
	return " " + string(t.operator) + " " + t.literal.String()
}

// literal is an operand: text in which * matches anything, or a regular
// expression; also a number if the text is an unquoted number.
type literal struct {
	text   string
	number *float64
	regex  *regexp.Regexp
}

func (l literal) compiled() predicate.Test {
	pattern := strings.NewReplacer(`\`, `\\`, `?`, `\?`).Replace(l.text) // only * is special
	switch {
	case l.regex != nil:
		return predicate.Matches(l.regex)
	case l.number != nil:
		return predicate.NumberOrGlob(*l.number, pattern)
	case strings.Contains(l.text, "*"):
		return predicate.Glob(pattern)
	}
	return predicate.Equal(l.text)
}

func (l literal) String() string {
	switch {
	case l.regex != nil:
		return "%" + l.text + "%"
	case l.number != nil:
		return l.text
	}
	return quote(l.text)
}

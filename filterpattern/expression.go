package filterpattern

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// expression is a condition, or several joined by && or ||.
type expression struct {
	join  string // "&&", "||", or "" for the condition alone
	parts []*expression
	*condition
}

// condition is a test of the values that a selector or field has.
type condition struct {
	name string // as Extract names it
	path path   // of a selector
	test test
}

// holds tells whether the expression is true of an event; values finds what a
// condition is about.
func (e *expression) holds(values func(*condition) []any) bool {
	if e.condition != nil {
		return e.test.holds(values(e.condition))
	}
	for _, part := range e.parts {
		if part.holds(values) == (e.join == "||") {
			return e.join == "||"
		}
	}
	return e.join == "&&"
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

// test is an operator with what it compares to.
type test struct {
	operator
	literal
}

// holds tells whether one of the values passes.
func (t test) holds(values []any) bool {
	if t.operator == notExists {
		return len(values) == 0
	}
	for _, value := range values {
		if t.passes(value) {
			return true
		}
	}
	return false
}

func (t test) passes(value any) bool {
	switch t.operator {
	case always:
		return true
	case isNull:
		return value == nil
	case isTrue:
		return value == true
	case isFalse:
		return value == false
	}
	text, ok := scalar(value)
	if !ok {
		return false
	}
	switch t.operator {
	case equal:
		return t.matches(text)
	case unequal:
		return !t.matches(text)
	}
	if _, isText := value.(string); isText {
		return false
	}
	number, err := json.Number(text).Float64()
	return err == nil && t.inOrder(number)
}

func (t test) inOrder(number float64) bool {
	switch t.operator {
	case less:
		return number < *t.number
	case atMost:
		return number <= *t.number
	case more:
		return number > *t.number
	default:
		return number >= *t.number
	}
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

// literal is what values are compared to: text in which * stands for anything, or
// a regular expression; a number too where the text is one and not quoted.
type literal struct {
	text   string
	number *float64
	regex  *regexp.Regexp
}

func (l literal) matches(text string) bool {
	if l.regex != nil {
		return l.regex.MatchString(text)
	}
	if l.number != nil {
		if number, ok := number(text); ok && number == *l.number {
			return true
		}
	}
	return glob(l.text, text)
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

// number reads a decimal number, and not the other forms Go knows.
func number(text string) (float64, bool) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}

// glob tells whether text is as the pattern says, in which * stands for any text.
func glob(pattern, text string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	pieces := strings.Split(rest, "*")
	last := len(pieces) - 1
	for _, piece := range pieces[:last] {
		_, after, found := strings.Cut(text, piece)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, pieces[last])
}

package sigma

import (
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/predicate"
)

// Expression is a condition over names: the search identifiers of a rule, or the rules
// of a correlation.
type Expression struct {
	Op    ExpressionOp
	Name  string // of Named
	Parts []*Expression
}

// ExpressionOp is how an expression joins its parts.
type ExpressionOp string

// The operations of expressions. All and Any have any number of parts, Not has one.
const (
	Named ExpressionOp = "name"
	Not   ExpressionOp = "not"
	All   ExpressionOp = "and"
	Any   ExpressionOp = "or"
)

// Limits of a condition, so that reading it costs little.
const (
	maxCondition = 64 << 10 // bytes
	maxNesting   = 200      // brackets, and nots
	maxNames     = 100_000  // "1 of" and "all of" stand for
)

// conditionError is a mistake in a condition, with the byte where it is.
type conditionError struct {
	at      int
	problem string
}

func (e *conditionError) Error() string {
	return fmt.Sprintf("condition, at byte %d: %s", e.at, e.problem)
}

// parseExpression reads a condition over names. Its operators are, from the least
// binding to the most: or, and, not, "1 of" and "all of", brackets.
func parseExpression(text string, names []string) (*Expression, error) {
	if len(text) > maxCondition {
		return nil, &conditionError{maxCondition, fmt.Sprintf("it is longer than %d bytes", maxCondition)}
	}
	p := &expressionParser{text: text, names: names}
	p.next()
	e, err := p.either()
	switch {
	case err != nil:
	case p.token == "|":
		err = p.wrong(noAggregation)
	case p.token != "":
		err = p.wrong("%q cannot follow here", p.token)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

const noAggregation = "aggregations after | are not part of Sigma any more: write a correlation"

type expressionParser struct {
	text  string
	names []string
	token string // the current one, "" at the end
	at    int    // its position
	end   int    // the position after it
	depth int
	count int // of the names that were meant by patterns
}

// next advances to the next token: a bracket, a pipe, or a word.
func (p *expressionParser) next() {
	p.at = p.end
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	p.end = p.at
	for p.end < len(p.text) && strings.IndexByte(" \t\r\n()|", p.text[p.end]) < 0 {
		p.end++
	}
	if p.end == p.at && p.at < len(p.text) {
		p.end++
	}
	p.token = p.text[p.at:p.end]
}

func (p *expressionParser) wrong(format string, args ...any) error {
	return &conditionError{p.at, fmt.Sprintf(format, args...)}
}

// keyword advances past a keyword and reports whether it was there.
func (p *expressionParser) keyword(word string) bool {
	if !strings.EqualFold(p.token, word) {
		return false
	}
	p.next()
	return true
}

func (p *expressionParser) either() (*Expression, error) { return p.joined(Any, p.both) }
func (p *expressionParser) both() (*Expression, error)   { return p.joined(All, p.unary) }

func (p *expressionParser) joined(op ExpressionOp, part func() (*Expression, error)) (*Expression, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	parts := []*Expression{first}
	for p.keyword(string(op)) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return &Expression{Op: op, Parts: parts}, nil
}

func (p *expressionParser) unary() (*Expression, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, p.wrong("more than %d brackets and nots in each other", maxNesting)
	}
	defer func() { p.depth-- }()
	switch {
	case p.keyword("not"):
		part, err := p.unary()
		return &Expression{Op: Not, Parts: []*Expression{part}}, err
	case p.token == "(":
		p.next()
		inner, err := p.either()
		if err != nil {
			return nil, err
		}
		if p.token != ")" {
			return nil, p.wrong("the bracket is not closed")
		}
		p.next()
		return inner, nil
	}
	return p.name()
}

// name reads a name, or "1 of" and "all of" several.
func (p *expressionParser) name() (*Expression, error) {
	token := p.token
	switch token {
	case "":
		return nil, p.wrong("a name is missing")
	case "|":
		return nil, p.wrong(noAggregation)
	case ")":
		return nil, p.wrong("a name is missing before the bracket")
	}
	start := *p
	p.next()
	if p.keyword("of") {
		return p.several(token, &start)
	}
	for _, name := range p.names {
		if name == token {
			return &Expression{Op: Named, Name: name}, nil
		}
	}
	return nil, start.wrong("%q is not defined", token)
}

// several reads what follows "1 of" or "all of".
func (p *expressionParser) several(quantity string, start *expressionParser) (*Expression, error) {
	op := Any
	switch strings.ToLower(quantity) {
	case "1", "any":
	case "all":
		op = All
	default:
		return nil, start.wrong("%q: only 1, any and all can be before \"of\"", quantity)
	}
	wanted := p.token
	if wanted == "" || strings.Contains("()|", wanted) {
		return nil, p.wrong("\"them\" or a pattern is missing after \"of\"")
	}
	var parts []*Expression
	for _, name := range p.names {
		if strings.EqualFold(wanted, "them") && !strings.HasPrefix(name, "_") || starMatches(wanted, name) {
			parts = append(parts, &Expression{Op: Named, Name: name})
		}
	}
	if len(parts) == 0 {
		return nil, p.wrong("%q fits no name", wanted)
	}
	if p.count += len(parts); p.count > maxNames {
		return nil, p.wrong("it stands for more than %d names", maxNames)
	}
	p.next()
	return &Expression{Op: op, Parts: parts}, nil
}

// starMatches reports whether a name fits a pattern, in which * is any text.
func starMatches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	for i, part := range parts {
		parts[i] = predicate.Literal(part)
	}
	return predicate.Glob(strings.Join(parts, "*")).Fits(name)
}

package filterpattern

import (
	"strconv"
	"strings"
)

// fieldsPattern is [a, b=4*, ..., c]: one entry for each field of a message,
// nil for a field without name or condition. rest is the index of ..., which
// matches any number of fields, or -1.
type fieldsPattern struct {
	fields []*field
	rest   int
}

type field struct {
	name string
	*expression
}

func (p *parser) fields() (matcher, error) {
	p.take("[")
	pattern := &fieldsPattern{rest: -1}
	if p.take("]") {
		pattern.rest = 0
		return pattern, nil
	}
	for {
		p.space()
		start := p.at
		if p.take("...") {
			if pattern.rest >= 0 {
				return nil, p.wrongSince(start, "a second ...")
			}
			pattern.rest = len(pattern.fields)
		} else {
			f, err := p.field()
			if err != nil {
				return nil, err
			}
			pattern.fields = append(pattern.fields, f)
		}
		if p.take("]") {
			return pattern, nil
		}
		if !p.take(",") {
			return nil, p.expected("&&, ||, a comma or ]")
		}
	}
}

// field parses the entry of a field; all its conditions must name the same
// field.
func (p *parser) field() (*field, error) {
	if p.peek() == ',' || p.peek() == ']' {
		return nil, nil
	}
	f := &field{}
	p.operand = func() (condition, error) {
		p.space()
		start := p.at
		name := p.while(word)
		if name == "" {
			return condition{}, p.expected("the name of a field")
		}
		if f.name != "" && f.name != name {
			return condition{}, p.wrongSince(start, "%q within the conditions of %q", name, f.name)
		}
		f.name = name
		test, err := p.comparison()
		return condition{name: name, test: test}, err
	}
	var err error
	f.expression, err = p.or()
	return f, err
}

func (f *fieldsPattern) match(message []byte) bool {
	_, ok := f.align(message)
	return ok
}

// extract returns every field of the message by name, including those that ...
// matches.
func (f *fieldsPattern) extract(message []byte) map[string]string {
	names, ok := f.align(message)
	found := map[string]string{}
	if !ok {
		return found
	}
	for i, text := range split(string(message)) {
		found["$"+names[i]] = text
	}
	return found
}

// align matches a message; names has one name for each of its fields.
func (f *fieldsPattern) align(message []byte) (names []string, ok bool) {
	texts := split(string(message))
	skipped := len(texts) - len(f.fields)
	if skipped < 0 || skipped > 0 && f.rest < 0 {
		return nil, false
	}
	names = make([]string, len(texts))
	for i := range texts {
		names[i] = strconv.Itoa(i + 1)
	}
	for i, field := range f.fields {
		at := i
		if f.rest >= 0 && i >= f.rest {
			at += skipped
		}
		if field == nil {
			continue
		}
		if !field.holds(texts[at]) {
			return nil, false
		}
		names[at] = field.name
	}
	return names, true
}

func (f *fieldsPattern) String() string {
	texts := make([]string, 0, len(f.fields)+1)
	for i, field := range f.fields {
		if i == f.rest {
			texts = append(texts, "...")
		}
		if field == nil {
			texts = append(texts, "")
		} else {
			texts = append(texts, field.String())
		}
	}
	if f.rest == len(f.fields) {
		texts = append(texts, "...")
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// split splits a message at its spaces; text in brackets or quotes is one
// field.
func split(message string) (fields []string) {
	for {
		message = strings.TrimLeft(message, " \t\r\n")
		if message == "" {
			return fields
		}
		closing := " "
		switch message[0] {
		case '"':
			closing = `"`
		case '[':
			closing = "]"
		}
		if closing != " " {
			if inner, rest, found := strings.Cut(message[1:], closing); found {
				fields, message = append(fields, inner), rest
				continue
			}
		}
		end := strings.IndexAny(message, " \t\r\n")
		if end < 0 {
			end = len(message)
		}
		fields, message = append(fields, message[:end]), message[end:]
	}
}

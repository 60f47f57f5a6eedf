package filterpattern

import "strings"

// termsPattern is the list of terms that a message must contain, must not
// contain (-), or of which it must contain at least one (?).
type termsPattern []term

type term struct {
	mark string // "", "-" or "?"
	literal
}

func (p *parser) terms() (matcher, error) {
	var terms termsPattern
	for !p.end() {
		t := term{}
		if mark := p.peek(); mark == '-' || mark == '?' {
			t.mark = string(mark)
			p.at++
		}
		var err error
		if t.literal, err = p.term(); err != nil {
			return nil, err
		}
		if strings.TrimSpace(t.text) != "" { // " " matches everything, as an empty pattern does
			terms = append(terms, t)
		}
	}
	return terms, nil
}

func (p *parser) term() (literal, error) {
	switch p.peek() {
	case '"':
		text, err := p.quoted()
		return literal{text: text}, err
	case '%':
		return p.regex()
	}
	start := p.at
	text := p.while(func(b byte) bool { return b > ' ' })
	if text == "" {
		return literal{}, p.expected("a term")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 || !word(byte(r)) }) {
		return literal{}, p.wrongSince(start, "invalid character(s) in term %q, which must be in quotes", text)
	}
	return literal{text: text}, nil
}

func (t term) in(message string) bool {
	if t.regex != nil {
		return t.regex.MatchString(message)
	}
	return strings.Contains(message, t.text)
}

func (t termsPattern) match(message []byte) bool {
	text := string(message)
	optional, found := 0, false
	for _, term := range t {
		in := term.in(text)
		switch term.mark {
		case "?":
			optional++
			found = found || in
		case "-":
			if in {
				return false
			}
		default:
			if !in {
				return false
			}
		}
	}
	// Terms with ? are ignored if there are other terms.
	return found || optional < len(t) || optional == 0
}

func (t termsPattern) extract([]byte) map[string]string { return map[string]string{} }

func (t termsPattern) String() string {
	texts := make([]string, 0, len(t))
	for _, term := range t {
		texts = append(texts, term.mark+term.String())
	}
	return strings.Join(texts, " ")
}

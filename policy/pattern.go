package policy

import (
	"slices"
	"strings"
)

// pattern is a text in which wildcards are distinct from the characters * and ?.
type pattern []rune

// Wildcards are not valid runes, so no text contains them.
const (
	anyText rune = -1
	anyRune rune = -2
)

// variables returns the value of the context key in a policy variable.
type variables func(key string) (value string, ok bool)

// compile marks the wildcards of a text and replaces its variables; with a nil value it
// takes variables literally. ok is false if a variable has neither value nor default.
func compile(text string, value variables) (p pattern, ok bool) {
	for text != "" {
		if name, rest, found := variable(text); found && value != nil {
			expanded, ok := expand(name, value)
			if !ok {
				return nil, false
			}
			p = append(p, []rune(expanded)...)
			text = rest
			continue
		}
		end := 1
		switch text[0] {
		case '*':
			p = append(p, anyText)
		case '?':
			p = append(p, anyRune)
		default:
			if end += strings.IndexAny(text[1:], "$*?"); end == 0 {
				end = len(text)
			}
			p = append(p, []rune(text[:end])...)
		}
		text = text[end:]
	}
	return p, true
}

// variable splits a ${...} from the start of a text.
func variable(text string) (inside, rest string, found bool) {
	inside, found = strings.CutPrefix(text, "${")
	if !found {
		return "", "", false
	}
	return strings.Cut(inside, "}")
}

// expand returns the replacement of ${inside}: a special character taken literally, the
// value of a context key, or its default.
func expand(inside string, value variables) (string, bool) {
	if slices.Contains([]string{"*", "?", "$"}, inside) {
		return inside, true
	}
	key, fallback, hasDefault := strings.Cut(inside, ",")
	if text, ok := value(strings.TrimSpace(key)); ok {
		return text, true
	}
	fallback, opened := strings.CutPrefix(strings.TrimSpace(fallback), "'")
	fallback, closed := strings.CutSuffix(fallback, "'")
	return fallback, hasDefault && opened && closed
}

// String returns the pattern with its wildcards as plain characters.
func (p pattern) String() string {
	plain := slices.Clone(p)
	for i, r := range plain {
		switch r {
		case anyText:
			plain[i] = '*'
		case anyRune:
			plain[i] = '?'
		}
	}
	return string(plain)
}

// matches reports whether a text matches: * is any text, ? any single character.
func (p pattern) matches(text string) bool {
	runes := []rune(text)
	star, resume := -1, 0 // where to resume if the text after the last * does not match
	i, j := 0, 0
	for j < len(runes) {
		switch {
		case i < len(p) && p[i] == anyText:
			star, resume = i, j
			i++
		case i < len(p) && (p[i] == anyRune || p[i] == runes[j]):
			i++
			j++
		case star >= 0:
			resume++
			i, j = star+1, resume
		default:
			return false
		}
	}
	for i < len(p) && p[i] == anyText {
		i++
	}
	return i == len(p)
}

// matchesARN compares each of the six parts of an ARN separately, so that a wildcard
// matches no colon before the resource.
func (p pattern) matchesARN(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	for i, part := range parts {
		want := p
		if colon := slices.Index(p, ':'); i < len(parts)-1 {
			if colon < 0 {
				return false
			}
			want, p = p[:colon], p[colon+1:]
		}
		if !want.matches(part) {
			return false
		}
	}
	return len(parts) == 6
}

// equalFold compares texts without wildcards, ignoring case.
func (p pattern) equalFold(text string) bool { return strings.EqualFold(p.String(), text) }

// Package filterpattern reads the filter patterns of CloudWatch Logs and matches log events with them.
//
// There are three kinds: terms that a message contains (ERROR -retry), conditions
// on a message that is JSON ({ $.eventName = "StopLogging" }), and conditions on
// the fields of a message, which spaces separate ([ip, ..., status=4*]).
//
// The CloudWatch Logs user guide leaves some cases open. Here
//
//   - an unquoted or quoted term matches anywhere in the message;
//   - a comparison, != too, is false of a value that is missing, null, an object
//     or an array;
//   - = and != compare the text of a string, number or boolean, and numbers also
//     by what they are worth, so 200 equals 200.0 and "200";
//   - keywords such as NOT EXISTS may be in lowercase.
package filterpattern

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Limits of CloudWatch Logs.
const (
	MaxLength       = 1024 // characters of a pattern
	maxRegexes      = 2    // in a pattern of conditions
	maxWildcards    = 3    // wildcard selectors in a pattern
	maxSelectorStar = 1    // wildcards in a selector
)

// Pattern is a filter pattern that was read.
type Pattern struct {
	of matcher
}

type matcher interface {
	match(message []byte) bool
	extract(message []byte) map[string]string
	String() string
}

// Error says where a pattern is wrong.
type Error struct {
	Start, End int // the bytes of the pattern that are wrong; equal at its end
	Problem    string
}

func (e *Error) Error() string {
	return fmt.Sprintf("read filter pattern: at byte %d: %s", e.Start, e.Problem)
}

// Parse reads a pattern. Its errors are *Error.
func Parse(pattern string) (*Pattern, error) {
	if length := len([]rune(pattern)); length > MaxLength {
		return nil, &Error{0, len(pattern), fmt.Sprintf("%d characters, more than %d", length, MaxLength)}
	}
	p := &parser{text: pattern}
	p.space()
	var of matcher
	var err error
	switch p.peek() {
	case '{':
		of, err = p.json()
	case '[':
		of, err = p.fields()
	default:
		return parsed(p.terms())
	}
	if err == nil && !p.end() {
		err = p.wrong("nothing may follow the pattern")
	}
	return parsed(of, err)
}

func parsed(of matcher, err error) (*Pattern, error) {
	if err != nil {
		return nil, err
	}
	return &Pattern{of}, nil
}

// Match tells whether a log event with this message passes the filter.
func (p *Pattern) Match(message []byte) bool { return p.of.match(message) }

// MatchValue is Match for a message that is JSON and was decoded already, to the
// types that encoding/json decodes to. Only patterns of conditions on JSON match.
func (p *Pattern) MatchValue(event any) bool {
	of, ok := p.of.(*jsonPattern)
	return ok && of.matchValue(event)
}

// Extract returns what the pattern names in a message that it matches, as
// TestMetricFilter answers it: selectors with their values, or fields by name,
// or by number where they have none.
func (p *Pattern) Extract(message []byte) map[string]string { return p.of.extract(message) }

// String returns the pattern in one spelling of many; it has the same meaning.
func (p *Pattern) String() string { return p.of.String() }

// jsonPattern is { conditions }.
type jsonPattern struct{ conditions *expression }

func (j *jsonPattern) match(message []byte) bool {
	event, ok := decode(message)
	return ok && j.matchValue(event)
}

func (j *jsonPattern) matchValue(event any) bool {
	return j.conditions.holds(func(c *condition) []any { return c.path.values(event) })
}

func (j *jsonPattern) extract(message []byte) map[string]string {
	found := map[string]string{}
	event, _ := decode(message) // nothing is found in what is no JSON
	j.conditions.each(func(c *condition) {
		for _, value := range c.path.values(event) {
			if text, ok := scalar(value); ok {
				found[c.name] = text
				return
			}
		}
	})
	return found
}

func (j *jsonPattern) String() string { return "{ " + j.conditions.String() + " }" }

func decode(message []byte) (event any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(message))
	decoder.UseNumber()
	if decoder.Decode(&event) != nil || decoder.More() {
		return nil, false
	}
	return event, true
}

// scalar is the text of a value that can be compared.
func scalar(value any) (text string, ok bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// path is the steps of a selector: the name of a member, a zero-based index, or
// star for each member or element.
type path []any

type star struct{}

func (p path) values(of any) []any {
	found := []any{of}
	for _, step := range p {
		var next []any
		for _, value := range found {
			next = append(next, children(value, step)...)
		}
		found = next
	}
	return found
}

func children(value, step any) []any {
	switch v := value.(type) {
	case map[string]any:
		switch s := step.(type) {
		case string:
			if child, ok := v[s]; ok {
				return []any{child}
			}
		case star:
			all := make([]any, 0, len(v))
			for _, child := range v {
				all = append(all, child)
			}
			return all
		}
	case []any:
		switch s := step.(type) {
		case int:
			if s < len(v) {
				return []any{v[s]}
			}
		case star:
			return v
		}
	}
	return nil
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

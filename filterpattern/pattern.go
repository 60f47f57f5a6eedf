// Package filterpattern reads the filter patterns of CloudWatch Logs and matches log events with them.
//
// There are three kinds: terms that a message contains (ERROR -retry), conditions
// on a message that is JSON ({ $.eventName = "StopLogging" }), and conditions on
// the fields of a message, which spaces separate ([ip, ..., status=4*]).
//
// The CloudWatch Logs user guide leaves some cases open. Here
//
//   - an unquoted or quoted term matches anywhere in the message;
//   - conditions on JSON mean what package predicate says of missing members, nulls,
//     numbers and texts: a comparison, != too, is false of a value that is missing,
//     null, an object or an array, and 200 equals 200.0 and "200";
//   - keywords such as NOT EXISTS may be in lowercase.
package filterpattern

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/predicate"
)

// Limits of CloudWatch Logs.
const (
	MaxLength       = 1024 // characters of a pattern
	maxRegexes      = 2    // in a pattern of conditions
	maxWildcards    = 3    // wildcard selectors in a pattern
	maxSelectorStar = 1    // wildcards in a selector
)

// Pattern is a parsed filter pattern.
type Pattern struct {
	of matcher
}

type matcher interface {
	match(message []byte) bool
	extract(message []byte) map[string]string
	String() string
}

// Error reports the position of a mistake in a pattern.
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

// Match reports whether a log event with this message matches the pattern.
func (p *Pattern) Match(message []byte) bool { return p.of.match(message) }

// Predicate returns the pattern as a condition on a CloudTrail record; ok is
// false for a pattern that is not a condition on JSON.
func (p *Pattern) Predicate() (condition *predicate.Predicate, ok bool) {
	of, ok := p.of.(*jsonPattern)
	if !ok {
		return nil, false
	}
	return of.compiled, true
}

// Extract returns the values that the pattern names in a message that it
// matches, as TestMetricFilter returns them: selectors with their values, or
// fields by name, or by number if they have no name.
func (p *Pattern) Extract(message []byte) map[string]string { return p.of.extract(message) }

// String returns the pattern in a normalized spelling with the same meaning.
func (p *Pattern) String() string { return p.of.String() }

// jsonPattern is { conditions }.
type jsonPattern struct {
	conditions *expression
	compiled   *predicate.Predicate
}

func (j *jsonPattern) match(message []byte) bool {
	var r event.Record
	return decode(&r, message) && j.compiled.Match(&r)
}

func (j *jsonPattern) extract(message []byte) map[string]string {
	found := map[string]string{}
	var r event.Record
	if !decode(&r, message) {
		return found
	}
	j.conditions.each(func(c *condition) {
		if text, ok := c.path.Text(&r); ok {
			found[c.name] = text
		}
	})
	return found
}

func (j *jsonPattern) String() string { return "{ " + j.conditions.String() + " }" }

// decode decodes a message and reports whether it is one JSON object.
func decode(r *event.Record, message []byte) bool {
	message = bytes.TrimSpace(message)
	n, err := r.Decode(message)
	return err == nil && n == len(message)
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

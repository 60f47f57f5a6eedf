package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// pending is a correlation whose references are not resolved yet.
type pending struct {
	*Correlation
	document *document
	at       *yaml.Node // its list of rules
	named    []string
	aliases  map[string]map[string]string // by alias and rule, the field
	both     bool                         // the rules are told as well
	below    []*pending                   // the correlations that it refers to
	fate     fate
}

// correlation reads a correlation.
func (d *document) correlation(root *yaml.Node, meta Meta, rest map[string]member) *pending {
	p := &pending{Correlation: &Correlation{Meta: meta, Alone: true}, document: d, at: root}
	if m, ok := rest["generate"]; ok {
		p.both = d.truth(m)
	}
	section := map[string]member{}
	for _, m := range d.members(rest["correlation"].value, "correlation") {
		section[m.name] = m
	}
	for _, name := range []string{"type", "timespan"} {
		if _, ok := section[name]; !ok {
			d.fail(rest["correlation"].key, "the correlation has no %s", name)
		}
	}
	for name, m := range section {
		d.correlationMember(p, name, m)
	}
	if m, ok := section["condition"]; ok {
		d.correlationCondition(p, m)
	}
	d.checkCorrelation(rest["correlation"].key, p)
	return p
}

func (d *document) correlationMember(p *pending, name string, m member) {
	switch name {
	case "type":
		p.Type = CorrelationType(d.text(m))
		if !slices.Contains(correlationTypes(), p.Type) {
			d.fail(m.value, "type %q is none of a correlation", p.Type)
		}
	case "rules":
		p.at, p.named = m.value, d.texts(m)
	case "group-by":
		p.GroupBy = d.texts(m)
	case "timespan":
		span, err := parseTimespan(d.text(m))
		if err != nil {
			d.fail(m.value, "timespan: %w", err)
		}
		p.Timespan = span
	case "aliases":
		p.aliases = map[string]map[string]string{}
		for _, alias := range d.members(m.value, "aliases") {
			p.aliases[alias.name] = map[string]string{}
			for _, field := range d.members(alias.value, "an alias") {
				p.aliases[alias.name][field.name] = d.text(field)
			}
		}
	case "generate":
		p.both = d.truth(m)
	case "condition":
	default:
		d.fail(m.key, "%q is no part of a correlation", name)
	}
}

func correlationTypes() []CorrelationType {
	return []CorrelationType{EventCount, ValueCount, ValueSum, ValueAverage, ValuePercentile, ValueMedian, Temporal, TemporalOrdered}
}

// correlationCondition reads the condition: bounds, or an expression over rules.
func (d *document) correlationCondition(p *pending, m member) {
	if m.value.Kind == yaml.ScalarNode {
		names := p.named
		if len(names) == 0 {
			names = namesIn(m.value.Value)
			p.at, p.named = m.value, names
		}
		e, err := parseExpression(m.value.Value, names)
		if err != nil {
			d.failIn(m.value, err)
		}
		p.Expression = e
		return
	}
	for _, part := range d.members(m.value, "the condition of a correlation") {
		switch part.name {
		case "field":
			p.Field = d.texts(part)
		case "percentile":
			n, err := strconv.ParseFloat(d.text(part), 64)
			if err != nil || n < 0 || n > 100 {
				d.fail(part.value, "percentile %q is no number from 0 to 100", part.value.Value)
			}
			p.Percentile = n
		case "lt", "lte", "gt", "gte", "eq", "neq":
			n, ok := number(d.text(part))
			if !ok {
				d.fail(part.value, "%q is no number", part.value.Value)
			}
			p.Bounds = append(p.Bounds, Bound{BoundOp(part.name), n})
		default:
			d.fail(part.key, "%q is no part of a condition", part.name)
		}
	}
	if len(p.Bounds) == 0 {
		d.fail(m.value, "the condition has no bound, such as gte: 10")
	}
}

// namesIn returns the names of rules in an expression that defines them by using them.
func namesIn(text string) (names []string) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n()", r) }) {
		switch strings.ToLower(word) {
		case "and", "or", "not":
		default:
			if !slices.Contains(names, word) {
				names = append(names, word)
			}
		}
	}
	return names
}

// checkCorrelation notes what the type requires and is not there, or the reverse.
func (d *document) checkCorrelation(at *yaml.Node, p *pending) {
	temporal := p.Type == Temporal || p.Type == TemporalOrdered
	switch {
	case len(p.named) == 0:
		d.fail(at, "the correlation has no rules")
	case p.Expression != nil && !temporal:
		d.fail(at, "only temporal correlations have an expression as condition")
	case !temporal && len(p.Bounds) == 0:
		d.fail(at, "a correlation of type %s needs a condition", p.Type)
	case !temporal && p.Type != EventCount && len(p.Field) == 0:
		d.fail(at, "a correlation of type %s needs a field in its condition", p.Type)
	case len(p.Field) > 1 && p.Type != ValueCount:
		d.fail(at, "only value_count has several fields")
	case (temporal || p.Type == EventCount) && len(p.Field) > 0:
		d.fail(at, "a correlation of type %s has no field in its condition", p.Type)
	}
}

func (d *document) truth(m member) bool {
	switch strings.ToLower(d.text(m)) {
	case "true", "yes", "on":
		return true
	case "false", "no", "off":
		return false
	}
	d.fail(m.value, "%s is neither true nor false", m.name)
	return false
}

// parseTimespan reads a time such as 90m. M is a month and y a year, of the Gregorian
// calendar's mean length, as in pySigma.
func parseTimespan(text string) (time.Duration, error) {
	units := map[byte]time.Duration{
		's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
		'M': 2629746 * time.Second, 'y': 31556952 * time.Second,
	}
	if text == "" || units[text[len(text)-1]] == 0 {
		return 0, fmt.Errorf("%q is no number with one of s, m, h, d, w, M, y", text)
	}
	unit := units[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 31)
	switch longest := 200 * units['y']; {
	case err != nil:
		return 0, fmt.Errorf("%q is no number with one of s, m, h, d, w, M, y", text)
	case n == 0:
		return 0, errors.New("it is zero")
	case n > uint64(longest/unit):
		return 0, errors.New("it is longer than 200 years")
	}
	return time.Duration(n) * unit, nil
}

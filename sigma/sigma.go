// Package sigma reads detection rules in Sigma, and compiles them to conditions on CloudTrail records.
//
// The language is that of the Sigma specification 2.1.0: rules, correlations of rules
// and filters. Where it leaves something open:
//
//   - A field is the path to a member, such as requestParameters.bucketName. Where a
//     value on the path is an array, each of its elements counts.
//   - Texts are compared in lower case, unless they are cased. The text of a number
//     or a boolean is what JSON has; a number also equals a string that is the same
//     decimal number, as account ids are.
//   - A value of nothing but * is any value that is not null. null is a value that is
//     null or missing.
//   - A keyword is searched in each string, number and boolean of the record, not in the
//     names of members.
//   - Regular expressions match anywhere in a text. They are those of RE2: an
//     expression that needs more is an error.
//   - neq is true of a missing field, as in pySigma.
//   - The condition of a filter must be true as well, as in pySigma. A filter that is to
//     take events away has a condition such as "not selection".
//   - Time parts are those of a time in UTC.
package sigma

import (
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/predicate"
)

// Meta is what a rule, a correlation and a filter say about themselves.
type Meta struct {
	Title, ID, Name                      string
	Status, Description, License, Author string
	References, Tags, FalsePositives     []string
	// Level is Medium if the rule has none.
	Level finding.Severity
	// Next is what somebody should do about a finding. It is not of Sigma: the member
	// next of the member trailkeeper.
	Next []string
	// Source, File and Line are where the document is. Source is the name of the
	// catalogue.Source.
	Source, File string
	Line         int
}

// Techniques returns the techniques of MITRE ATT&CK that the tags name, such as
// T1562.008.
func (m *Meta) Techniques() []string {
	var all []string
	for _, tag := range m.Tags {
		if technique, ok := strings.CutPrefix(tag, "attack.t"); ok {
			all = append(all, "T"+strings.ToUpper(technique))
		}
	}
	return all
}

// Rule is a condition on one event.
type Rule struct {
	Meta
	LogSource LogSource
	Fields    []string
	// Matches is the condition. The filters that name the rule are part of it.
	Matches *predicate.Predicate
	// Alone reports whether what the rule finds is told by itself. It is not when a
	// correlation uses the rule and does not ask for both.
	Alone bool
}

// LogSource is the log that a rule is about.
type LogSource struct{ Category, Product, Service string }

// CloudTrail reports whether the events of CloudTrail are in the log.
func (l LogSource) CloudTrail() bool {
	return l.Product == "aws" && l.Category == "" && (l.Service == "cloudtrail" || l.Service == "")
}

// Correlation is a condition on several events.
type Correlation struct {
	Meta
	Type CorrelationType
	// Of are the rules and correlations whose hits are correlated.
	Of []Reference
	// GroupBy are the fields whose values the events have in common. A group without
	// a value for one of them is not looked at.
	GroupBy  []string
	Timespan time.Duration
	// Bounds are all true of what is counted. They are empty for a temporal
	// correlation that asks for all rules.
	Bounds []Bound
	// Field are the fields whose values are counted or added.
	Field      []string
	Percentile float64
	// Expression says which rules must have hit, of a temporal correlation that does
	// not ask for all of them.
	Expression *Expression
	Alone      bool // as in Rule
}

// CorrelationType is what a correlation computes over the events of a group.
type CorrelationType string

// The types of correlations. ValueMedian is of pySigma.
const (
	EventCount      CorrelationType = "event_count"
	ValueCount      CorrelationType = "value_count"
	ValueSum        CorrelationType = "value_sum"
	ValueAverage    CorrelationType = "value_avg"
	ValuePercentile CorrelationType = "value_percentile"
	ValueMedian     CorrelationType = "value_median"
	Temporal        CorrelationType = "temporal"
	TemporalOrdered CorrelationType = "temporal_ordered"
)

// Reference is a rule or a correlation that is correlated. One of both is set.
type Reference struct {
	Named       string // as the correlation names it
	Rule        *Rule
	Correlation *Correlation
	// Aliases are the fields of its events by their names in GroupBy, where they
	// differ.
	Aliases map[string]string
}

// Bound is a bound of a number.
type Bound struct {
	Op    BoundOp
	Value float64
}

// BoundOp is a comparison with a bound.
type BoundOp string

// The comparisons of Bound.
const (
	Less     BoundOp = "lt"
	AtMost   BoundOp = "lte"
	More     BoundOp = "gt"
	AtLeast  BoundOp = "gte"
	Equal    BoundOp = "eq"
	NotEqual BoundOp = "neq"
)

// Holds reports whether a number is within the bound.
func (b Bound) Holds(n float64) bool {
	switch b.Op {
	case Less:
		return n < b.Value
	case AtMost:
		return n <= b.Value
	case More:
		return n > b.Value
	case AtLeast:
		return n >= b.Value
	case Equal:
		return n == b.Value
	}
	return n != b.Value
}

// Set is the rules of some sources.
type Set struct {
	Rules        []*Rule
	Correlations []*Correlation
	// OtherLogs counts the rules about other logs than CloudTrail's, by
	// product and service; they are not compiled.
	OtherLogs map[LogSource]int
	// NotRules are YAML files in which there is no document of Sigma.
	NotRules []string
}

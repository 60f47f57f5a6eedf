package selector

import (
	"fmt"
	"strings"
)

// Problem is something about a set of selectors that CloudTrail refuses.
type Problem struct {
	// Path is the member it is about, as the API spells it, such as
	// EventSelectors[0].DataResources[1].Type.
	Path string
	Kind Kind
	// Value is what is there, of kinds that are about one value.
	Value string
	// Field and Category are of problems with an advanced selector.
	Field, Category string
	// Type is the type of a DataResource whose value it is.
	Type string
	// Allowed lists what may be there instead, if that can be listed.
	Allowed []string
	// Count and Limit are what there is and what there may be at most.
	Count, Limit int
}

// Kind is a kind of problem.
type Kind string

// The kinds of problems.
const (
	BothKinds         Kind = "both kinds of selectors"
	TooManySelectors  Kind = "too many selectors"
	TooManyResources  Kind = "too many data resources"
	TooManyConditions Kind = "too many conditions"
	LongName          Kind = "name too long"
	BadValue          Kind = "value of a basic selector that is not allowed"
	BadResource       Kind = "value of a data resource that is no ARN of its type"
	BadFieldValue     Kind = "value of a field that is not allowed"
	NoCategory        Kind = "no event category"
	UnknownField      Kind = "unknown field"
	RepeatedField     Kind = "repeated field"
	MissingField      Kind = "missing field"
	BadOperator       Kind = "operator that the field does not take"
	NoCondition       Kind = "field without condition"
	OneValueOnly      Kind = "more than one value"
)

// Message says the problem as an answer of CloudTrail's API would. The words are not
// CloudTrail's, which are not documented.
func (p Problem) Message() string {
	switch p.Kind {
	case BothKinds:
		return "Only one of event selectors and advanced event selectors can be specified."
	case TooManySelectors:
		return fmt.Sprintf("The number of event selectors, %d, exceeds the maximum of %d.", p.Count, p.Limit)
	case TooManyResources:
		return fmt.Sprintf("The number of data resources, %d, exceeds the maximum of %d.", p.Count, p.Limit)
	case TooManyConditions:
		return fmt.Sprintf("The number of values for all conditions, %d, exceeds the maximum of %d.", p.Count, p.Limit)
	case LongName:
		return fmt.Sprintf("The name of an advanced event selector is longer than %d characters.", p.Limit)
	case BadValue, BadResource:
		return fmt.Sprintf("Value %s for %s is invalid.", p.Value, p.member())
	}
	return p.fieldMessage()
}

func (p Problem) fieldMessage() string {
	switch p.Kind {
	case NoCategory:
		return "An advanced event selector must have the field eventCategory with one of the values Management, Data and NetworkActivity."
	case BadFieldValue:
		return fmt.Sprintf("Value %q is invalid for field %s.", p.Value, p.Field)
	case UnknownField:
		return fmt.Sprintf("Field %s is invalid for event category %s.", p.Field, p.Category)
	case RepeatedField:
		return fmt.Sprintf("Field %s is specified more than once in an advanced event selector.", p.Field)
	case MissingField:
		return fmt.Sprintf("Field %s is required for event category %s.", p.Field, p.Category)
	case BadOperator:
		return fmt.Sprintf("Operator %s is invalid for field %s.", p.member(), p.Field)
	case NoCondition:
		return fmt.Sprintf("Field %s has no condition.", p.Field)
	}
	return fmt.Sprintf("Field %s takes one value only.", p.Field)
}

// member returns the path without its first step and indexes, or the operator.
func (p Problem) member() string {
	var names []string
	for _, step := range strings.Split(p.Path, ".")[1:] {
		name, _, _ := strings.Cut(step, "[")
		if name != "FieldSelectors" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

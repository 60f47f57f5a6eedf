// Package selector is the event selectors of a trail: which events it gets.
//
// There are basic selectors, which CloudTrail calls just event selectors, and
// advanced ones. The types are those of PutEventSelectors and GetEventSelectors, and
// their JSON is the API's. [Set.Check] is what the API refuses, and [Set.Predicate]
// is what a trail gets. Whose events and of which Regions is not said by selectors.
//
// Sources: the CloudTrail API reference, EventSelector, DataResource,
// AdvancedEventSelector and AdvancedFieldSelector; the CloudTrail user guide,
// "Logging management events", "Logging data events" and "Quotas".
package selector

import "slices"

// Set is the selectors of one trail: basic or advanced ones, not both. A trail
// without any has [Default].
type Set struct {
	EventSelectors         []Basic    `json:",omitempty"`
	AdvancedEventSelectors []Advanced `json:",omitempty"`
}

// Basic is an event selector. Its zero value is that of a trail that was given none:
// all management events.
type Basic struct {
	ReadWriteType           string `yaml:"read_write_type"`           // "" is All
	IncludeManagementEvents *bool  `yaml:"include_management_events"` // nil is true
	// ExcludeManagementEventSources may name only the services of Excludable.
	ExcludeManagementEventSources []string       `yaml:"exclude_management_event_sources"`
	DataResources                 []DataResource `yaml:"data_resources"`
}

// Values of ReadWriteType.
const (
	All       = "All"
	ReadOnly  = "ReadOnly"
	WriteOnly = "WriteOnly"
)

// DataResource selects data events of resources of one type.
type DataResource struct {
	Type string `yaml:"type"`
	// Values are ARNs. That of a service alone, such as arn:aws:lambda, is all its
	// resources. Objects are selected by the start of their ARN, others by all of it.
	Values []string `yaml:"values"`
}

// Types of a DataResource.
const (
	Object   = "AWS::S3::Object"
	Function = "AWS::Lambda::Function"
	Table    = "AWS::DynamoDB::Table"
)

// Advanced is an advanced event selector: events of which all conditions are true.
type Advanced struct {
	Name           string          `json:",omitempty" yaml:"name"`
	FieldSelectors []FieldSelector `yaml:"field_selectors"`
}

// FieldSelector is a condition on one field of an event. The value must pass one of
// the operators without Not, if there are any, and all of those with it.
type FieldSelector struct {
	Field         string   `yaml:"field"`
	Equals        []string `json:",omitempty" yaml:"equals"`
	StartsWith    []string `json:",omitempty" yaml:"starts_with"`
	EndsWith      []string `json:",omitempty" yaml:"ends_with"`
	NotEquals     []string `json:",omitempty" yaml:"not_equals"`
	NotStartsWith []string `json:",omitempty" yaml:"not_starts_with"`
	NotEndsWith   []string `json:",omitempty" yaml:"not_ends_with"`
}

// Event categories that selectors are about.
const (
	Management      = "Management"
	Data            = "Data"
	NetworkActivity = "NetworkActivity"
)

// Default returns the selectors of a trail that was given none.
func Default() Set { return Set{EventSelectors: []Basic{Basic{}.Complete()}} }

// Excludable returns the only services whose management events a trail can leave out.
func Excludable() []string { return []string{"kms.amazonaws.com", "rdsdata.amazonaws.com"} }

// Complete returns the selector with all members, as GetEventSelectors shows it. Its
// lists are not nil.
func (b Basic) Complete() Basic {
	include := b.management()
	complete := Basic{
		ReadWriteType: b.kind(), IncludeManagementEvents: &include, DataResources: []DataResource{},
		ExcludeManagementEventSources: append([]string{}, b.ExcludeManagementEventSources...),
	}
	for _, d := range b.DataResources {
		complete.DataResources = append(complete.DataResources, DataResource{d.Type, append([]string{}, d.Values...)})
	}
	return complete
}

func (b Basic) kind() string {
	if b.ReadWriteType == "" {
		return All
	}
	return b.ReadWriteType
}

func (b Basic) management() bool {
	return b.IncludeManagementEvents == nil || *b.IncludeManagementEvents
}

// isDefault reports whether the selector gets all management events and nothing else.
func (b Basic) isDefault() bool {
	return b.kind() == All && b.management() && len(b.DataResources)+len(b.ExcludeManagementEventSources) == 0
}

// Category returns the event category that the selector is for, "" if it does not
// name exactly one.
func (a Advanced) Category() string {
	for _, f := range a.FieldSelectors {
		if f.Field == fieldCategory && len(f.Equals) == 1 {
			return f.Equals[0]
		}
	}
	return ""
}

// field returns the condition on a field.
func (a Advanced) field(name string) (f FieldSelector, ok bool) {
	at := slices.IndexFunc(a.FieldSelectors, func(f FieldSelector) bool { return f.Field == name })
	if at < 0 {
		return FieldSelector{}, false
	}
	return a.FieldSelectors[at], true
}

// Operator is an operator of a [FieldSelector] with its values.
type Operator struct {
	Name   string // as the API spells it, such as StartsWith
	Values []string
}

// Operators returns the operators that have values.
func (f FieldSelector) Operators() []Operator {
	all := []Operator{
		{"Equals", f.Equals}, {"StartsWith", f.StartsWith}, {"EndsWith", f.EndsWith},
		{"NotEquals", f.NotEquals}, {"NotStartsWith", f.NotStartsWith}, {"NotEndsWith", f.NotEndsWith},
	}
	return slices.DeleteFunc(all, func(o Operator) bool { return len(o.Values) == 0 })
}

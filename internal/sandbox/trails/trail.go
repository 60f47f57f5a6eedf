// Package trails is CloudTrail's own API: the trails of every account, and what can be asked of them.
package trails

import "time"

// Trail is one trail as its owner configured it.
type Trail struct {
	// ID tells this trail from a deleted one that had the same ARN.
	ID      string
	Name    string
	ARN     string
	Account string
	Region  string // home Region

	Bucket string
	Prefix string
	// TopicName is how the owner named the topic: by name or by ARN.
	TopicName      string
	TopicARN       string
	KeyARN         string
	LogGroupARN    string
	RoleARN        string
	MultiRegion    bool
	GlobalEvents   bool
	Validation     bool
	OrganizationID string // o-... for an organization trail

	EventSelectors    []EventSelector
	AdvancedSelectors []AdvancedSelector
	InsightSelectors  []InsightSelector

	Tags []Tag

	// Logging is the time spans in which the trail was logging, oldest first. The
	// last one is open while it is.
	Logging []Span

	// Earlier is what the trail asked for before, oldest first: an event that waits
	// for its delivery is one for the selectors of its own time.
	Earlier []Scope `json:",omitempty"`

	// Deleted is when the trail was deleted, zero if it was not. A deleted trail
	// is there for what was logged before and is not delivered yet.
	Deleted time.Time
}

// LoggedAt tells whether the trail was logging at that time, both ends of a span
// included.
func (t Trail) LoggedAt(at time.Time) bool {
	for _, span := range t.Logging {
		if !at.Before(span.From) && (span.Until.IsZero() || !at.After(span.Until)) {
			return true
		}
	}
	return false
}

// Span is from when until when. Until is zero while it lasts.
type Span struct{ From, Until time.Time }

// EventSelector is a classic selector.
type EventSelector struct {
	ReadWriteType                 string
	IncludeManagementEvents       bool
	DataResources                 []DataResource
	ExcludeManagementEventSources []string
}

// DataResource names the resources of one type whose data events are wanted.
type DataResource struct {
	Type   string
	Values []string
}

// AdvancedSelector is a selector by fields.
type AdvancedSelector struct {
	Name           string `json:",omitempty"`
	FieldSelectors []FieldSelector
}

// FieldSelector is a condition on one field: one value of all the positive lists
// must fit, unless they are empty, and none of the negative ones may.
type FieldSelector struct {
	Field         string
	Equals        []string `json:",omitempty"`
	StartsWith    []string `json:",omitempty"`
	EndsWith      []string `json:",omitempty"`
	NotEquals     []string `json:",omitempty"`
	NotStartsWith []string `json:",omitempty"`
	NotEndsWith   []string `json:",omitempty"`
}

// Tag is a tag of a trail. Its value may be "".
type Tag struct {
	Key   string
	Value string `json:",omitempty"`
}

// InsightSelector turns on one kind of Insights.
type InsightSelector struct {
	InsightType     string
	EventCategories []string
}

// Delivered is what a delivery came to, for GetTrailStatus. Zero times are left
// out; an error is "" after a success.
type Delivered struct {
	Latest        time.Time // the last success
	LatestAttempt time.Time
	Error         string // of the last attempt
}

// Status is what GetTrailStatus adds to a trail's configuration, for one Region.
type Status struct {
	Logs, Digests, LogGroup, Notifications Delivered
}

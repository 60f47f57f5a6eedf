// Package trails implements CloudTrail's own API: the trails of every account, their settings, and event lookup.
package trails

import (
	"time"

	"github.com/cerpac/trailkeeper/selector"
)

// Trail is one trail as its owner configured it.
type Trail struct {
	// ID distinguishes the trail from a deleted one with the same ARN.
	ID      string
	Name    string
	ARN     string
	Account string
	Region  string // home Region

	Bucket string
	Prefix string
	// TopicName is the topic as the owner gave it: a name or an ARN.
	TopicName      string
	TopicARN       string
	KeyARN         string
	LogGroupARN    string
	RoleARN        string
	MultiRegion    bool
	GlobalEvents   bool
	Validation     bool
	OrganizationID string // o-... for an organization trail

	EventSelectors    []selector.Basic
	AdvancedSelectors []selector.Advanced
	InsightSelectors  []InsightSelector

	Tags []Tag

	// Logging lists the time spans in which the trail was logging, oldest first. The
	// last one is open while the trail is logging.
	Logging []Span

	// Earlier lists earlier configurations, oldest first. An event that waits for its
	// delivery is matched by the selectors of its own time.
	Earlier []Scope `json:",omitempty"`

	// Deleted is when the trail was deleted, zero if it exists. A deleted trail is
	// kept until its events are delivered.
	Deleted time.Time
}

// LoggedAt reports whether the trail was logging at that time. Both ends of a span
// are included.
func (t Trail) LoggedAt(at time.Time) bool {
	for _, span := range t.Logging {
		if !at.Before(span.From) && (span.Until.IsZero() || !at.After(span.Until)) {
			return true
		}
	}
	return false
}

// Span is a span of time. Until is zero while it is open.
type Span struct{ From, Until time.Time }

// Tag is a tag of a trail. Its value may be "".
type Tag struct {
	Key   string
	Value string `json:",omitempty"`
}

// InsightSelector turns on one type of Insights.
type InsightSelector struct {
	InsightType     string
	EventCategories []string
}

// Delivered is the outcome of deliveries for GetTrailStatus. Zero times mean never;
// Error is "" after a success.
type Delivered struct {
	Latest        time.Time // the last success
	LatestAttempt time.Time
	Error         string // of the last attempt
}

// Status is what GetTrailStatus adds to a trail's configuration, for one Region.
type Status struct {
	Logs, Digests, LogGroup, Notifications Delivered
}

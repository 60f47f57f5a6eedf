package cloudtrail

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/internal/lookup"
)

// Bounds of LookupEvents: the CloudTrail API reference.
const (
	remembered        = 90 * 24 * time.Hour // how far back it searches
	maxResults        = 50
	maxAttributeValue = 2000 // characters
)

// LookupRequest is the body of a call of LookupEvents.
type LookupRequest struct {
	LookupAttributes []LookupAttribute
	StartTime        *RequestTime
	EndTime          *RequestTime
	EventCategory    *string
	MaxResults       *int
	NextToken        string
}

// LookupAttribute is an attribute that events must have.
type LookupAttribute struct{ AttributeKey, AttributeValue string }

// LookupAnswer is the answer of LookupEvents.
type LookupAnswer struct {
	Events    []LookupEvent
	NextToken string `json:",omitempty"`
}

// LookupEvent is an event as LookupEvents shows it.
type LookupEvent struct {
	EventID         string           `json:"EventId,omitempty"`
	EventName       string           `json:",omitempty"`
	ReadOnly        string           `json:",omitempty"`
	AccessKeyID     string           `json:"AccessKeyId,omitempty"`
	EventTime       *EpochTime       `json:",omitempty"`
	EventSource     string           `json:",omitempty"`
	Username        string           `json:",omitempty"`
	Resources       []LookupResource // there even if empty
	CloudTrailEvent string
}

// LookupResource is a resource of a LookupEvent.
type LookupResource struct {
	ResourceType string `json:",omitempty"`
	ResourceName string
}

// LookupEvents answers a call of LookupEvents from a source of events. now is the
// server's clock: events of the 90 days before it are found.
func LookupEvents(ctx context.Context, events Events, now time.Time, c Call, in LookupRequest) (LookupAnswer, error) {
	q, err := in.query(c, now)
	if err != nil {
		return LookupAnswer{}, err
	}
	limit := q.Limit
	q.Limit++ // one more, to know whether there is another page
	found, err := events.Find(ctx, q)
	if err != nil {
		return LookupAnswer{}, fmt.Errorf("look up events: %w", err)
	}
	answer := LookupAnswer{Events: []LookupEvent{}}
	if len(found) > limit {
		found = found[:limit]
		answer.NextToken = in.binding(c).seal(found[limit-1].Position)
	}
	for _, f := range found {
		answer.Events = append(answer.Events, show(f))
	}
	return answer, nil
}

func (in LookupRequest) query(c Call, now time.Time) (Query, error) {
	q := Query{
		Account: c.Account, Region: c.Region, Category: lookup.Management,
		From: now.Add(-remembered), Until: now, Filter: lookup.Filter{}, Limit: maxResults,
	}
	if in.EventCategory != nil {
		if *in.EventCategory != "insight" {
			return q, Refuse("InvalidEventCategoryException", "Value %s for EventCategory is invalid.", *in.EventCategory)
		}
		q.Category = lookup.Insight
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(in.EndTime.Time) {
		return q, Refuse("InvalidTimeRangeException", "The start time is after the end time.")
	}
	if in.StartTime != nil && in.StartTime.After(q.From) {
		q.From = in.StartTime.Time
	}
	if in.EndTime != nil {
		q.Until = in.EndTime.Time
	}
	if err := q.add(in.LookupAttributes); err != nil {
		return q, err
	}
	return q, in.page(c, &q)
}

// add adds the attribute to the query. At most one is allowed.
func (q Query) add(attributes []LookupAttribute) error {
	const code = "InvalidLookupAttributesException"
	if len(attributes) > 1 {
		return Refuse(code, "You can only specify one lookup attribute.")
	}
	for _, a := range attributes {
		if utf8.RuneCountInString(a.AttributeValue) > maxAttributeValue {
			return Refuse(code, "The lookup attribute value is longer than %d characters.", maxAttributeValue)
		}
		if q.Category == lookup.Insight && !slices.Contains([]string{"EventId", "EventName", "EventSource"}, a.AttributeKey) {
			return Refuse(code, "Insights events cannot be looked up by %s.", a.AttributeKey)
		}
		if err := q.Filter.Add(a.AttributeKey, a.AttributeValue); err != nil {
			return Refuse(code, "The lookup attribute is not valid: %s.", err)
		}
	}
	return nil
}

// page sets which page of the results is wanted.
func (in LookupRequest) page(c Call, q *Query) (err error) {
	if in.MaxResults != nil {
		q.Limit = *in.MaxResults
	}
	if q.Limit < 1 || q.Limit > maxResults {
		return Refuse("InvalidMaxResultsException", "MaxResults must be from 1 to %d.", maxResults)
	}
	if in.NextToken != "" {
		q.After, err = in.binding(c).open(in.NextToken)
	}
	return err
}

func show(f Found) LookupEvent {
	shown := LookupEvent{
		EventID: f.ID, EventName: f.Name, ReadOnly: f.ReadOnly, AccessKeyID: f.AccessKeyID,
		EventTime: Epoch(f.At), EventSource: f.Source, Username: f.Username,
		Resources: []LookupResource{}, CloudTrailEvent: string(f.Record),
	}
	for _, r := range f.Resources {
		shown.Resources = append(shown.Resources, LookupResource{r.Type, r.Name})
	}
	return shown
}

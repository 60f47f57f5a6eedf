package trails

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/selector"
)

const (
	// remembered is how far back LookupEvents searches.
	remembered        = 90 * 24 * time.Hour
	maxResults        = 50
	maxAttributeValue = 2000
)

type lookupRequest struct {
	LookupAttributes []lookupAttribute
	StartTime        *requestTime
	EndTime          *requestTime
	EventCategory    *string
	MaxResults       *int
	NextToken        string
}

type lookupAttribute struct{ AttributeKey, AttributeValue string }

// requestTime is a time in a request: seconds since 1970, with a fraction.
type requestTime struct{ time.Time }

func (t *requestTime) UnmarshalJSON(text []byte) error {
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	if seconds < 0 || seconds > 1e11 { // after the year 5138: milliseconds by mistake
		return refuse("InvalidTimeRangeException", "The time %s is out of range.", text)
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

// lookupEvent is an event as LookupEvents shows it.
type lookupEvent struct {
	EventID         string           `json:"EventId,omitempty"`
	EventName       string           `json:",omitempty"`
	ReadOnly        string           `json:",omitempty"`
	AccessKeyID     string           `json:"AccessKeyId,omitempty"`
	EventTime       *epochTime       `json:",omitempty"`
	EventSource     string           `json:",omitempty"`
	Username        string           `json:",omitempty"`
	Resources       []lookupResource // there even if empty
	CloudTrailEvent string
}

type lookupResource struct {
	ResourceType string `json:",omitempty"`
	ResourceName string
}

type lookupAnswer struct {
	Events    []lookupEvent
	NextToken string `json:",omitempty"`
}

// search is what a LookupEvents call looks for.
type search struct {
	account, region, category string
	from, until               time.Time // bounds of the event time
	after                     position  // in the order of the answer
	filter                    lookup.Filter
}

// lookupEvents finds events as soon as their call is answered; CloudTrail takes
// minutes.
func (s *Store) lookupEvents(_ context.Context, c Call, in lookupRequest) (any, error) {
	q, err := s.search(c, in)
	if err != nil {
		return nil, err
	}
	limit := maxResults
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > maxResults {
		return nil, refuse("InvalidMaxResultsException", "MaxResults must be from 1 to %d.", maxResults)
	}
	binding := in.binding(c)
	if in.NextToken != "" {
		if q.after, err = binding.open(in.NextToken); err != nil {
			return nil, err
		}
	}
	page := page{limit: limit}
	if s.config.History != nil {
		if err := page.fill(s.config.History, q); err != nil {
			return nil, fmt.Errorf("look up events: %w", err)
		}
	}
	answer := lookupAnswer{Events: []lookupEvent{}}
	for _, f := range page.found {
		answer.Events = append(answer.Events, f.event)
	}
	if page.more {
		answer.NextToken = binding.seal(page.found[limit-1].position)
	}
	return answer, nil
}

func (s *Store) search(c Call, in lookupRequest) (search, error) {
	now := s.config.Now()
	q := search{
		account: c.Account, region: c.Region, category: selector.Management,
		from: now.Add(-remembered), until: now, after: newest(), filter: lookup.Filter{},
	}
	if in.EventCategory != nil {
		if *in.EventCategory != "insight" {
			return search{}, refuse("InvalidEventCategoryException", "Value %s for EventCategory is invalid.", *in.EventCategory)
		}
		q.category = categoryInsight
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(in.EndTime.Time) {
		return search{}, refuse("InvalidTimeRangeException", "The start time is after the end time.")
	}
	if in.StartTime != nil && in.StartTime.After(q.from) {
		q.from = in.StartTime.Time
	}
	if in.EndTime != nil {
		q.until = in.EndTime.Time
	}
	return q, q.add(in.LookupAttributes)
}

// add adds the attribute to the search. At most one is allowed.
func (q search) add(attributes []lookupAttribute) error {
	const code = "InvalidLookupAttributesException"
	if len(attributes) > 1 {
		return refuse(code, "You can only specify one lookup attribute.")
	}
	for _, a := range attributes {
		if utf8.RuneCountInString(a.AttributeValue) > maxAttributeValue {
			return refuse(code, "The lookup attribute value is longer than %d characters.", maxAttributeValue)
		}
		if q.category == categoryInsight && !slices.Contains([]string{"EventId", "EventName", "EventSource"}, a.AttributeKey) {
			return refuse(code, "Insights events cannot be looked up by %s.", a.AttributeKey)
		}
		if err := q.filter.Add(a.AttributeKey, a.AttributeValue); err != nil {
			return refuse(code, "The lookup attribute is not valid: %s.", err)
		}
	}
	return nil
}

package trails

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/internal/lookup"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
)

const (
	// remembered is how far back LookupEvents sees.
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
	if seconds < 0 || seconds > 1e11 { // the year 5138; milliseconds, by mistake
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
	from, until               time.Time
	filter                    lookup.Filter
}

// lookupEvents finds events right after the call that left them, where CloudTrail
// takes minutes.
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
	before := uint64(math.MaxUint64)
	binding := in.binding(c)
	if in.NextToken != "" {
		if before, err = binding.open(in.NextToken); err != nil {
			return nil, err
		}
	}
	answer := lookupAnswer{Events: []lookupEvent{}}
	if s.config.History == nil {
		return answer, nil
	}
	last, more, err := s.page(q, before, limit, &answer)
	if err != nil {
		return nil, fmt.Errorf("look up events: %w", err)
	}
	if more {
		answer.NextToken = binding.seal(last)
	}
	// The journal has events in the order their calls ended.
	slices.SortStableFunc(answer.Events, func(a, b lookupEvent) int { return b.EventTime.Compare(a.EventTime.Time) })
	return answer, nil
}

// page adds events before a sequence number, and tells the number of the last one
// and whether there are more.
func (s *Store) page(q search, before uint64, limit int, answer *lookupAnswer) (last uint64, more bool, err error) {
	var decoder lookup.Decoder
	var damage error
	err = s.config.History.Backwards(func(e journal.Entry) bool {
		if e.Seq >= before || !q.covers(e) {
			return true
		}
		found, err := decoder.Decode(e.Record)
		if err != nil {
			damage = fmt.Errorf("event %d: %w", e.Seq, err)
			return false
		}
		if !q.filter.Match(found) {
			return true
		}
		if more = len(answer.Events) == limit; more {
			return false
		}
		answer.Events = append(answer.Events, show(found, e))
		last = e.Seq
		return true
	})
	return last, more, errors.Join(err, damage)
}

// covers tells whether the entry can be meant, by what is known without decoding
// its record. Records have whole seconds.
func (q search) covers(e journal.Entry) bool {
	at := e.Time.Truncate(time.Second)
	return e.Account == q.account && e.Region == q.region && e.Category == q.category &&
		!at.Before(q.from) && !at.After(q.until)
}

func show(found lookup.Event, e journal.Entry) lookupEvent {
	event := lookupEvent{
		EventID: found.ID, EventName: found.Name, ReadOnly: found.ReadOnly, AccessKeyID: found.AccessKeyID,
		EventTime: epoch(e.Time.Truncate(time.Second)), EventSource: found.Source, Username: found.Username,
		Resources: []lookupResource{}, CloudTrailEvent: string(found.Record),
	}
	for _, r := range found.Resources {
		event.Resources = append(event.Resources, lookupResource{r.Type, r.Name})
	}
	return event
}

func (s *Store) search(c Call, in lookupRequest) (search, error) {
	now := s.config.Now()
	q := search{
		account: c.Account, region: c.Region, category: categoryManagement,
		from: now.Add(-remembered), until: now, filter: lookup.Filter{},
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

// add makes the search one for the attribute, of which there can be one.
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

// binding is the hash of what must stay the same from page to page.
type binding [sha256.Size]byte

func (in lookupRequest) binding(c Call) binding {
	in.NextToken, in.MaxResults = "", nil
	text, err := json.Marshal(struct {
		Account, Region string
		Request         lookupRequest
	}{c.Account, c.Region, in})
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return sha256.Sum256(text)
}

// seal makes a token of the number of the last event seen. The checksum tells a
// token of another query, or one that somebody changed.
func (b binding) seal(seq uint64) string {
	token := binary.BigEndian.AppendUint64(nil, seq)
	sum := sha256.Sum256(append(b[:], token...))
	return base64.StdEncoding.EncodeToString(append(token, sum[:]...))
}

func (b binding) open(token string) (seq uint64, err error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err == nil && len(raw) > 8 {
		seq = binary.BigEndian.Uint64(raw)
	}
	if b.seal(seq) != token {
		return 0, refuse("InvalidNextTokenException", "The next token is not valid, or not for this query.")
	}
	return seq, nil
}

// Package lookup converts the events of a lake to the form of CloudTrail's
// LookupEvents.
//
// LookupEvents shows a user name and a list of resources with each event, and
// finds events by them. Neither is in the record: both are derived from it, in
// ways that AWS does not document in full. docs/lookup.md describes the rules
// used here.
package lookup

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/event"
)

// Event is one event as LookupEvents returns it. Empty members are absent.
type Event struct {
	ID          string
	Name        string
	ReadOnly    string // "true" or "false"
	AccessKeyID string
	Time        time.Time
	Source      string
	Username    string
	Resources   []event.Resource
	Record      []byte // the CloudTrail record, as JSON
}

// Decoder makes events of records. It reuses memory, so it is not for
// concurrent use.
type Decoder struct {
	record   event.Record
	identity event.Identity
}

// Decode makes an Event of a record's JSON, which it keeps.
func (d *Decoder) Decode(raw []byte) (Event, error) {
	if _, err := d.record.Decode(raw); err != nil {
		return Event{}, fmt.Errorf("read record: %w", err)
	}
	r := &d.record
	d.identity.Decode(r.Get(event.UserIdentity))
	e := Event{
		ID:          string(r.ID()),
		Name:        string(r.Text(event.EventName)),
		ReadOnly:    plain(r.Get(event.ReadOnly)),
		AccessKeyID: string(d.identity.AccessKeyID),
		Source:      string(r.Text(event.EventSource)),
		Username:    d.identity.Username(),
		Resources:   r.Resources(),
		Record:      raw,
	}
	if details := r.Get(event.InsightDetails); details.Present() {
		details.Members(e.insight)
	}
	// The lake holds no record without a time.
	e.Time, _ = r.Time()
	return e, nil
}

// insight takes the name and source of an Insights event, which has them in
// its details.
func (e *Event) insight(member []byte, v event.Value) {
	switch text, _ := v.Text(); string(member) {
	case "eventName":
		e.Name = cmp.Or(e.Name, string(text))
	case "eventSource":
		e.Source = cmp.Or(e.Source, string(text))
	}
}

// plain returns the text of a string, or of true and false.
func plain(v event.Value) string {
	if text, ok := v.Text(); ok {
		return string(text)
	}
	if _, ok := v.Bool(); ok {
		return string(v.Raw)
	}
	return ""
}

// Summary names the event's resources on one line, for people.
func (e Event) Summary() string {
	names := make([]string, len(e.Resources))
	for i, r := range e.Resources {
		names[i] = r.Name
	}
	return strings.Join(names, " ")
}

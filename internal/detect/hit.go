package detect

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/predicate"
	"github.com/cerpac/trailkeeper/sigma"
)

// hit is a rule that is true of an event, or a correlation that is true of several.
type hit struct {
	rule   int // among the rules of the set; or, after those, among its correlations
	event  *seenEvent
	values []fieldValue // of the rule's fields, in their order
	events []*seenEvent // of a correlation
}

// seenEvent is an event that a rule was true of.
type seenEvent struct {
	finding.Event
	key       [sha256.Size]byte // of its content: the same event found twice counts once
	resources []finding.Resource
}

// fieldValue is the text of a field, if it has one.
type fieldValue struct {
	text    string
	present bool
}

// hasher makes events of records, with buffers that are used again.
type hasher struct{ buf []byte }

// seen returns a record as an event that does not share its memory.
func (h *hasher) seen(r *event.Record) *seenEvent {
	h.buf = r.AppendJSON(h.buf[:0])
	e := &seenEvent{key: sha256.Sum256(h.buf)}
	at, _ := r.Time()
	text := func(f event.Field) string { return string(r.Text(f)) }
	e.Event = finding.Event{
		ID: string(r.ID()), Time: at, Source: text(event.EventSource), Name: text(event.EventName),
		Account: text(event.RecipientAccountID), Region: text(event.AWSRegion), Principal: r.Principal().Name,
		Address: text(event.SourceIPAddress), Error: text(event.ErrorCode),
	}
	if e.ID == "" {
		e.ID = "sha256:" + hex.EncodeToString(e.key[:])
	}
	for _, resource := range r.Resources() {
		e.resources = append(e.resources, finding.Resource{Type: resource.Type, ID: resource.Name})
	}
	return e
}

// order orders events by time. Those of the same second are ordered by their ids, so that the
// order does not depend on where they were read.
func order(a, b *seenEvent) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID), slices.Compare(a.key[:], b.key[:]))
}

// valuesOf returns the values of fields of a record.
func valuesOf(r *event.Record, paths []predicate.Path) []fieldValue {
	if len(paths) == 0 {
		return nil
	}
	values := make([]fieldValue, len(paths))
	for i, path := range paths {
		values[i].text, values[i].present = path.Text(r)
	}
	return values
}

// neededFields returns for each rule and then each correlation the fields whose values
// the correlations over it need.
func (rs *Rules) neededFields() [][]string {
	fields := make([][]string, len(rs.set.Rules)+len(rs.set.Correlations))
	var need func(of sigma.Reference, names []string)
	need = func(of sigma.Reference, names []string) {
		at := rs.number(of)
		for _, name := range names {
			if field, ok := of.Aliases[name]; ok {
				name = field
			}
			if !slices.Contains(fields[at], name) {
				fields[at] = append(fields[at], name)
			}
		}
		if of.Correlation != nil { // its hits have what their events have
			for _, below := range of.Correlation.Of {
				need(below, fields[at])
			}
		}
	}
	for _, c := range rs.set.Correlations {
		for _, of := range c.Of {
			need(of, slices.Concat(c.GroupBy, c.Field))
		}
	}
	return fields
}

// numbers returns a function that gives the number of what is referred to, as in hit.
func numbers(set *sigma.Set) func(sigma.Reference) int {
	of := map[any]int{}
	for i, r := range set.Rules {
		of[r] = i
	}
	for i, c := range set.Correlations {
		of[c] = len(set.Rules) + i
	}
	return func(r sigma.Reference) int {
		if r.Rule != nil {
			return of[r.Rule]
		}
		return of[r.Correlation]
	}
}

package search

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/lookup"
)

// newest returns the records of a lake that meet a condition, newest first. It
// reads the newest days first and more days at a time as it goes back, so that
// the first records come soon, a limited search reads little, and a long one
// needs few queries.
type newest struct {
	lake      *Lake
	days      []string // that have events, in order; those not read yet
	condition string
	params    map[string]any

	records *lake.Records // of the days being read
	span    int           // how many days are read at a time
}

// next appends the next record to dst, or returns io.EOF after the last one. At
// most limit records are needed of the days that it starts to read, unless limit
// is 0.
func (n *newest) next(ctx context.Context, dst []byte, limit int) ([]byte, error) {
	for {
		if n.records == nil {
			if err := n.readDays(ctx, limit); err != nil {
				return nil, err
			}
		}
		raw, err := n.records.Append(dst)
		if !errors.Is(err, io.EOF) {
			return raw, err
		}
		n.close()
	}
}

// readDays starts reading the newest days that are left, or returns io.EOF.
func (n *newest) readDays(ctx context.Context, limit int) (err error) {
	if len(n.days) == 0 {
		return io.EOF
	}
	n.span = max(1, min(2*n.span, len(n.days)))
	rest := len(n.days) - n.span
	n.params["first_day"], n.params["last_day"] = n.days[rest], n.days[len(n.days)-1]
	n.days = n.days[:rest]
	clauses := "WHERE year || '-' || month || '-' || day BETWEEN $first_day AND $last_day AND " + n.condition +
		" ORDER BY event_time DESC, event_id DESC"
	if limit > 0 {
		// Sorting records beyond the limit would take most of the time.
		n.params["left"] = int64(limit)
		clauses += " LIMIT $left"
	}
	n.records, err = n.lake.records(ctx, clauses, n.params)
	return err
}

func (n *newest) close() {
	if n.records != nil {
		_ = n.records.Close() // only read
		n.records = nil
	}
}

// Events are the events that LookupEvents would return, newest first.
type Events struct {
	newest  newest
	filter  lookup.Filter
	exact   bool // the condition alone decides
	decoder lookup.Decoder
	raw     []byte // the record of the event last returned
	max     int    // 0 for all
	found   int
}

// categoryColumn is the category of an event. Before eventVersion 1.07 records
// do not tell theirs, and before 1.06 not even whether they are of management.
const categoryColumn = "coalesce(event_category, CASE WHEN management_event = false THEN 'Data' ELSE 'Management' END)"

// Lookup finds the events that a filter matches, in the given categories or in
// all. It returns at most that many events, or all if most is 0.
func (l *Lake) Lookup(filter lookup.Filter, categories []lookup.Category, most int) *Events {
	asked := lookup.Asked{Lists: l.lists}
	var names []string
	for _, c := range categories {
		names = append(names, "'"+string(c)+"'")
		asked.Insights = asked.Insights || c == lookup.Insight
	}
	condition, params := filter.Condition(asked)
	if names != nil {
		condition += " AND " + categoryColumn + " IN (" + strings.Join(names, ", ") + ")"
	}
	return &Events{newest: newest{lake: l, days: l.days, condition: condition, params: params}, filter: filter, exact: filter.Exact(asked), max: most}
}

// Next returns the next event, or io.EOF after the last one. The event's record is
// valid until the next call.
func (e *Events) Next(ctx context.Context) (lookup.Event, error) {
	for e.max == 0 || e.found < e.max {
		limit := 0
		if e.exact && e.max > 0 {
			limit = e.max - e.found
		}
		raw, err := e.newest.next(ctx, e.raw[:0], limit)
		if err != nil {
			return lookup.Event{}, err
		}
		e.raw = raw
		event, err := e.decoder.Decode(raw)
		if err != nil {
			return lookup.Event{}, err
		}
		if e.exact || e.filter.Match(event) {
			e.found++
			return event, nil
		}
	}
	return lookup.Event{}, io.EOF
}

// Found returns the number of events that Next has returned.
func (e *Events) Found() int { return e.found }

// Close ends the search.
func (e *Events) Close() { e.newest.close() }

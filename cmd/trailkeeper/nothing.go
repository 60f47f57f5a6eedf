package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/internal/nearest"
	"github.com/cerpac/trailkeeper/internal/search"
)

// unanswered is a query that found no event.
type unanswered struct {
	timed bool                // it has a time range
	names map[string][]string // names in the query, by column of the view events: those of namedColumns
}

// namedColumns are the columns whose values people type from memory, with their
// labels.
func namedColumns() map[string]string {
	return map[string]string{"event_name": "event name", "event_source": "event source"}
}

// ofSQL takes the names from the conditions of a statement.
func (q *unanswered) ofSQL(asked map[string][]string) {
	q.names = map[string][]string{}
	for column, values := range asked {
		switch column {
		case "event_time", "eventtime", "event_date", "year", "month", "day":
			q.timed = true
		case "event_name", "eventname":
			q.names["event_name"] = append(q.names["event_name"], values...)
		case "event_source", "eventsource":
			q.names["event_source"] = append(q.names["event_source"], values...)
		}
	}
}

// maxNear is the maximum number of similar names shown.
const maxNear = 3

// sayWhyNothing reports what may be wrong with a query that found nothing:
// names that no event of the lake has, and a time that it does not cover. It
// ignores errors, as the result itself is complete.
func (o *lakeOptions) sayWhyNothing(ctx context.Context, l *search.Lake, q unanswered, w io.Writer) {
	if q.timed {
		_, _ = fmt.Fprintln(w, timeText(l))
	}
	if len(q.names) == 0 {
		return
	}
	whole := lakeOptions{dir: o.dir, limits: o.limits}
	all, err := whole.open(ctx)
	if err != nil {
		return
	}
	defer all.Close() // only read
	for _, column := range []string{"event_name", "event_source"} {
		if len(q.names[column]) == 0 {
			continue
		}
		existing, err := all.Values(ctx, column)
		if err != nil {
			return
		}
		for _, name := range q.names[column] {
			if !slices.Contains(existing, name) {
				_, _ = fmt.Fprintln(w, nearestText(namedColumns()[column], name, existing))
			}
		}
	}
}

// timeText returns the time range of the events in the lake.
func timeText(l *search.Lake) string {
	first, last := l.Span()
	if first.IsZero() {
		return "nothing found: the lake has no events"
	}
	return fmt.Sprintf("nothing found: the events of the lake are from %s to %s", first.Format(time.RFC3339), last.Format(time.RFC3339))
}

func nearestText(what, name string, existing []string) string {
	text := fmt.Sprintf("no event of the lake has the %s %q", what, name)
	var near []string
	for _, candidate := range nearest.Names(name, existing, maxNear) {
		near = append(near, strconv.Quote(candidate)) // quoted, as it comes from the logs
	}
	if near != nil {
		text += "; did you mean " + strings.Join(near, ", ") + "?"
	}
	return text
}

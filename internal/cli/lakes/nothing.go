package lakes

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

// Unanswered is a query that found no event.
type Unanswered struct {
	Timed bool                // it has a time range
	Names map[string][]string // names in the query, by column of the view events: those of NamedColumns
}

// NamedColumns are the columns whose values people type from memory, with their
// labels.
func NamedColumns() map[string]string {
	return map[string]string{"event_name": "event name", "event_source": "event source"}
}

// OfSQL takes the names from the conditions of a statement.
func (q *Unanswered) OfSQL(asked map[string][]string) {
	q.Names = map[string][]string{}
	for column, values := range asked {
		switch column {
		case "event_time", "eventtime", "event_date", "year", "month", "day":
			q.Timed = true
		case "event_name", "eventname":
			q.Names["event_name"] = append(q.Names["event_name"], values...)
		case "event_source", "eventsource":
			q.Names["event_source"] = append(q.Names["event_source"], values...)
		}
	}
}

// maxNear is the maximum number of similar names shown.
const maxNear = 3

// SayWhyNothing reports what may be wrong with a query that found nothing:
// names that no event of the lake has, and a time that it does not cover. It
// ignores errors, as the result itself is complete.
func SayWhyNothing(ctx context.Context, l *search.Lake, whole func(context.Context) (*search.Lake, error), q Unanswered, w io.Writer) {
	if q.Timed {
		_, _ = fmt.Fprintln(w, timeText(l))
	}
	if len(q.Names) == 0 {
		return
	}
	all, err := whole(ctx)
	if err != nil {
		return
	}
	defer all.Close() // only read
	for _, column := range []string{"event_name", "event_source"} {
		if len(q.Names[column]) == 0 {
			continue
		}
		existing, err := all.Values(ctx, column)
		if err != nil {
			return
		}
		for _, name := range q.Names[column] {
			if !slices.Contains(existing, name) {
				_, _ = fmt.Fprintln(w, nearestText(NamedColumns()[column], name, existing))
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

package search

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/internal/engine"
)

// Place is where an event was read from. What the lake does not know is empty, and
// Offset -1.
type Place struct {
	EventID string
	LogFile string // as in the column log_file
	Offset  int64  // of the record, in the text of the log file
	SHA256  string // of the log file as it was delivered
}

// Places returns where the selected events were read from, in order of time. The error
// is a *[TooManyError] if there are more than most.
func (l *Lake) Places(ctx context.Context, s Selection, most int) (places []Place, err error) {
	clauses, params, err := s.clauses(l.dialect)
	if err != nil {
		return nil, err
	}
	rows, err := l.Query(ctx, engine.Statement{
		Dialect: engine.DuckDB, Params: params,
		SQL: "SELECT event_id, log_file, log_offset, log_file_sha256 FROM events " + clauses + " ORDER BY event_time, event_id, log_file, log_offset",
	})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return places, nil
		}
		if err != nil {
			return nil, err
		}
		if len(places) == most {
			return nil, &TooManyError{most}
		}
		p := Place{Offset: -1}
		p.EventID, _ = row[0].(string)
		p.LogFile, _ = row[1].(string)
		if at, ok := row[2].(int64); ok {
			p.Offset = at
		}
		p.SHA256, _ = row[3].(string)
		places = append(places, p)
	}
}

// TooManyError reports that a selection has more events than were asked for.
type TooManyError struct{ Most int }

func (e *TooManyError) Error() string { return fmt.Sprintf("more than %d events are selected", e.Most) }

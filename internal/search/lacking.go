package search

import (
	"context"
	"slices"

	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// Lacking is what the answer to a statement lacks because of parts of an older
// schema.
type Lacking struct {
	Columns []string // that the statement reads, which are NULL in these parts
	Parts   int      // in the time range of the search
	Events  int64    // in them
}

// Lacking returns the columns that a statement reads and that parts of an older
// schema lack, though an upgrade of the lake would fill them: the lists of
// resources. Other columns of a newer schema are either derived while older parts
// are read, or stay unknown for their events. Without such columns or parts the
// result is the zero value.
func (l *Lake) Lacking(ctx context.Context, s engine.Statement) (found Lacking, err error) {
	if l.lists {
		return Lacking{}, nil
	}
	asked, err := l.Asked(ctx, s)
	if err != nil {
		return Lacking{}, err
	}
	all := slices.Contains(asked.Columns, engine.AllColumns)
	for _, column := range lake.Columns() {
		if column.Kind == lake.TextList && (all || slices.Contains(asked.Columns, column.Name)) {
			found.Columns = append(found.Columns, column.Name)
		}
	}
	if found.Columns == nil {
		return Lacking{}, nil
	}
	l.parts.mu.Lock()
	defer l.parts.mu.Unlock()
	for _, part := range l.parts.parts {
		if part.Schema < listsSince {
			found.Parts++
			found.Events += part.Rows
		}
	}
	return found, nil
}

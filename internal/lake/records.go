package lake

import (
	"fmt"

	"github.com/cerpac/trailkeeper/internal/result"
)

// Records are the records that the stored columns of rows give back, as the JSON
// they were read from.
type Records struct {
	rows   result.Reader
	row    Row
	values []any
}

// NewRecords returns the records of rows whose columns are those of a part, in
// their order. Close closes the rows.
func NewRecords(rows result.Reader) *Records {
	return &Records{rows: rows, values: make([]any, len(rows.Columns()))}
}

// Append appends the JSON of the next record to dst, or returns io.EOF after
// the last one.
func (r *Records) Append(dst []byte) ([]byte, error) {
	row, err := r.rows.Next()
	if err != nil {
		return dst, err
	}
	for i, value := range row {
		if at, ok := value.(result.Timestamp); ok {
			value = at.Time
		}
		r.values[i] = value
	}
	if err := r.row.Scan(r.values); err != nil {
		return dst, fmt.Errorf("read lake: %w", err)
	}
	return r.row.AppendJSON(dst)
}

// Close releases the rows.
func (r *Records) Close() error { return r.rows.Close() }

package report

import (
	"bufio"
	"strconv"

	"github.com/cerpac/trailkeeper/internal/result"
)

// writeJSON writes an array with one object per line.
func writeJSON(out *bufio.Writer, rows result.Reader) (int64, error) {
	object := newObjectWriter(rows.Columns())
	before := "[\n  "
	count, err := each(rows, func(row []any) error {
		_, err := out.Write(object.line(before, row, ""))
		before = ",\n  "
		return err
	})
	if err != nil {
		return count, err
	}
	closing := "\n]\n"
	if count == 0 {
		closing = "[]\n"
	}
	_, err = out.WriteString(closing)
	return count, err
}

func writeJSONLines(out *bufio.Writer, rows result.Reader) (int64, error) {
	object := newObjectWriter(rows.Columns())
	return each(rows, func(row []any) error {
		_, err := out.Write(object.line("", row, "\n"))
		return err
	})
}

// objectWriter writes rows as JSON objects. Names are quoted once, and the buffer is
// reused for every row.
type objectWriter struct {
	names  [][]byte // `"name":`
	buffer []byte
}

// newObjectWriter makes the column names unique: the second "a" becomes "a_2", because
// many readers drop repeated names.
func newObjectWriter(columns []result.Column) *objectWriter {
	w := &objectWriter{}
	for _, name := range uniqueNames(columns) {
		w.names = append(w.names, append(result.AppendJSONString(nil, name), ':'))
	}
	return w
}

// uniqueNames returns the names of columns, each made unique.
func uniqueNames(columns []result.Column) (names []string) {
	taken := map[string]bool{}
	for _, column := range columns {
		taken[column.Name] = true
	}
	seen := map[string]bool{}
	for _, column := range columns {
		name := column.Name
		for n := 2; seen[name] || name != column.Name && taken[name]; n++ {
			name = column.Name + "_" + strconv.Itoa(n)
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}

// line returns the row as an object between two texts. It is valid until the
// next call.
func (w *objectWriter) line(before string, row []any, after string) []byte {
	w.buffer = append(append(w.buffer[:0], before...), '{')
	for i, value := range row {
		if i > 0 {
			w.buffer = append(w.buffer, ',')
		}
		w.buffer = append(w.buffer, w.names[i]...)
		w.buffer = result.AppendJSON(w.buffer, value)
	}
	w.buffer = append(append(w.buffer, '}'), after...)
	return w.buffer
}

package report

import (
	"bufio"
	"strings"

	"github.com/cerpac/trailkeeper/internal/result"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

// writeLines writes each row as lines of "column = value", and an empty line between
// rows. Values are not shortened, and each is on one line.
func writeLines(out *bufio.Writer, rows result.Reader) (int64, error) {
	names := lineNames(rows.Columns())
	between := ""
	return each(rows, func(row []any) error {
		out.WriteString(between)
		between = "\n"
		for i, cell := range cells(row) {
			out.WriteString(lineOf(names[i], cell) + "\n")
		}
		_, err := out.WriteString("") // the first error of the buffer
		return err
	})
}

// lineNames returns the names of the columns, padded to one width.
func lineNames(columns []result.Column) []string {
	names := make([]string, len(columns))
	widest := 0
	for i, column := range columns {
		names[i] = terminal.Visible(column.Name)
		widest = max(widest, terminal.TextWidth(names[i]))
	}
	for i, name := range names {
		names[i] = name + strings.Repeat(" ", widest-terminal.TextWidth(name))
	}
	return names
}

func lineOf(name, cell string) string {
	return strings.TrimRight(name+" = "+cell, " ")
}

// cells formats values for people, each on one line. NULL is empty.
func cells(row []any) []string {
	cells := make([]string, len(row))
	for i, value := range row {
		cells[i] = terminal.Visible(result.Text(value))
	}
	return cells
}

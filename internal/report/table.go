package report

import (
	"bufio"
	"errors"
	"io"
	"math/big"
	"strings"

	"github.com/cerpac/trailkeeper/internal/result"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

const (
	// sampleRows determine the widths of the columns; wider values in later rows make
	// their line longer, or are shortened on a terminal.
	sampleRows = 1000

	// narrowest is the width to which columns may be reduced: timestamps, account ids
	// and addresses are of little use in part. If that is not enough, each row is
	// written as a list of its values.
	narrowest = 20

	// widestInPipe is the width limit of a value without a terminal: enough for most
	// ARNs, but not for a document of a thousand lines.
	widestInPipe = 100

	gap = "  "
)

// table lays out rows in columns.
type table struct {
	out    *bufio.Writer
	names  []string
	widths []int
	right  []bool // columns of numbers
	fitted bool   // values are shortened to the widths
}

func newTable(out *bufio.Writer, columns []result.Column) *table {
	t := &table{out: out, right: make([]bool, len(columns))}
	for _, column := range columns {
		name := terminal.Visible(column.Name)
		t.names = append(t.names, name)
		t.widths = append(t.widths, terminal.TextWidth(name))
	}
	return t
}

func writeTable(out *bufio.Writer, rows result.Reader, opts Options) (int64, error) {
	t := newTable(out, rows.Columns())
	sample, end := t.sample(rows)
	if end != nil && !errors.Is(end, io.EOF) {
		return 0, end
	}
	write := t.row
	if !opts.Full && !t.fit(opts.Width) {
		names := lineNames(rows.Columns())
		write = func(cells []string) error { return t.list(names, cells, opts.Width) }
	} else if err := t.header(); err != nil {
		return 0, err
	}
	for i, cells := range sample {
		if err := write(cells); err != nil {
			return int64(i), err
		}
	}
	count := int64(len(sample))
	if errors.Is(end, io.EOF) {
		return count, nil
	}
	more, err := each(rows, func(row []any) error { return write(cells(row)) })
	return count + more, err
}

// sample reads the first rows and widens the columns to fit them. It returns io.EOF
// when there are no more.
func (t *table) sample(rows result.Reader) (sample [][]string, err error) {
	numbers, others := make([]bool, len(t.names)), make([]bool, len(t.names))
	for len(sample) < sampleRows {
		row, err := rows.Next()
		if err != nil {
			return sample, err
		}
		for i, value := range row {
			numbers[i] = numbers[i] || isNumber(value)
			others[i] = others[i] || value != nil && !isNumber(value)
			t.right[i] = numbers[i] && !others[i]
		}
		cells := cells(row)
		for i, cell := range cells {
			t.widths[i] = max(t.widths[i], terminal.TextWidth(cell))
		}
		sample = append(sample, cells)
	}
	return sample, nil
}

func isNumber(value any) bool {
	switch value.(type) {
	case int64, uint64, *big.Int, float32, float64, result.Decimal:
		return true
	}
	return false
}

// fit narrows the widest columns until the table is no wider than the terminal,
// and reports whether that is possible. Without a terminal, width 0, it narrows
// each column on its own.
func (t *table) fit(width int) bool {
	t.fitted = true
	widest := width
	if width == 0 {
		widest = widestInPipe
	}
	total := len(gap) * (len(t.widths) - 1)
	for i, w := range t.widths {
		t.widths[i] = min(w, widest)
		total += t.widths[i]
	}
	for ; width > 0 && total > width; total-- {
		widest := 0
		for i, w := range t.widths {
			if w >= t.widths[widest] {
				widest = i
			}
		}
		if t.widths[widest] <= narrowest {
			return false
		}
		t.widths[widest]--
	}
	return true
}

func (t *table) header() error {
	if err := t.row(t.names); err != nil {
		return err
	}
	rules := make([]string, len(t.widths))
	for i, w := range t.widths {
		rules[i] = strings.Repeat("-", w)
	}
	return t.row(rules)
}

func (t *table) row(cells []string) error {
	var line strings.Builder
	for i, cell := range cells {
		if t.fitted {
			cell = terminal.Truncate(cell, t.widths[i])
		}
		padding := strings.Repeat(" ", max(0, t.widths[i]-terminal.TextWidth(cell)))
		if i > 0 {
			line.WriteString(gap)
		}
		if t.right[i] {
			line.WriteString(padding + cell)
		} else {
			line.WriteString(cell + padding)
		}
	}
	_, err := t.out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	return err
}

// list writes one row as lines of name and value, for results with more columns
// than fit beside each other. Rows are separated by an empty line.
func (t *table) list(names, cells []string, width int) error {
	for i, cell := range cells {
		t.out.WriteString(terminal.Truncate(lineOf(names[i], cell), width) + "\n")
	}
	_, err := t.out.WriteString("\n")
	return err
}

package report

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/cerpac/trailkeeper/internal/result"
)

// writeMarkdown writes a table of GitHub Flavored Markdown. NULL is an empty cell;
// columns of numbers are right-aligned.
func writeMarkdown(out *bufio.Writer, rows result.Reader) (int64, error) {
	t := newTable(out, rows.Columns())
	sample, end := t.sample(rows)
	if end != nil && !errors.Is(end, io.EOF) {
		return 0, end
	}
	write := func(cells []string) error {
		for _, cell := range cells {
			out.WriteString("| " + markdownText(cell) + " ")
		}
		_, err := out.WriteString("|\n")
		return err
	}
	if err := write(t.names); err != nil {
		return 0, err
	}
	for _, right := range t.right {
		rule := "| --- "
		if right {
			rule = "| ---: "
		}
		out.WriteString(rule)
	}
	if _, err := out.WriteString("|\n"); err != nil {
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

// markdownText escapes visible text so that Markdown shows it literally: nothing in it
// ends the cell, formats, links, or embeds an image or HTML. Underscores inside words
// have no meaning and stay.
func markdownText(s string) string {
	if !strings.ContainsAny(s, "\\`*_[]<>|~&") {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if strings.ContainsRune("\\`*[]<>|~&", r) || r == '_' && !insideWord(s, i) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func insideWord(s string, i int) bool {
	return i > 0 && i+1 < len(s) && isWord(s[i-1]) && isWord(s[i+1])
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

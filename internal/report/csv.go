package report

import (
	"bufio"
	"regexp"
	"strings"

	"github.com/cerpac/trailkeeper/internal/result"
)

// writeCSV writes RFC 4180: a header, lines ended by CR LF, fields quoted where
// they must be. NULL is an empty field and an empty string is "", so that both
// can be told apart.
func writeCSV(out *bufio.Writer, rows result.Reader) (int64, error) {
	header := make([]any, len(rows.Columns()))
	for i, column := range rows.Columns() {
		header[i] = column.Name
	}
	if err := writeRecord(out, header); err != nil {
		return 0, err
	}
	return each(rows, func(row []any) error { return writeRecord(out, row) })
}

func writeRecord(out *bufio.Writer, row []any) error {
	for i, value := range row {
		if i > 0 {
			out.WriteByte(',')
		}
		if value != nil || len(row) == 1 { // many readers skip an empty line
			writeField(out, inert(value))
		}
	}
	_, err := out.WriteString("\r\n")
	return err
}

func writeField(out *bufio.Writer, field string) {
	if field != "" && !strings.ContainsAny(field, "\",\r\n") && strings.TrimSpace(field) == field {
		out.WriteString(field)
		return
	}
	out.WriteByte('"')
	out.WriteString(strings.ReplaceAll(field, `"`, `""`))
	out.WriteByte('"')
}

// number is what a spreadsheet reads as a number and not as a formula.
var number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// inert writes a value so that a spreadsheet takes it for text. Spreadsheets
// run a cell that begins with one of these characters as a formula, which can
// send the sheet elsewhere or start a program; a leading apostrophe makes it
// text. The full-width forms count as well: spreadsheets fold them.
func inert(value any) string {
	field := result.Text(value)
	if field == "" || number.MatchString(field) {
		return field
	}
	first, _ := firstRune(field)
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + field
	}
	return field
}

package report

import (
	"bufio"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/internal/result"
)

// writeCSV writes RFC 4180, except that lines end with LF unless opts.CRLF is set: a
// header, and quoted fields where necessary. NULL is an empty field and an empty string
// is "", so they are distinct. Values are unchanged unless opts.SpreadsheetSafe is set,
// because CSV is evidence, too.
func writeCSV(out *bufio.Writer, rows result.Reader, opts Options) (int64, error) {
	end, text := "\n", result.Text
	if opts.CRLF {
		end = "\r\n"
	}
	if opts.SpreadsheetSafe {
		text = inert
	}
	header := make([]any, len(rows.Columns()))
	for i, column := range rows.Columns() {
		header[i] = column.Name
	}
	var record []byte
	write := func(row []any) error {
		record = append(appendRecord(record[:0], row, text), end...)
		_, err := out.Write(record)
		return err
	}
	if err := write(header); err != nil {
		return 0, err
	}
	return each(rows, write)
}

func appendRecord(dst []byte, row []any, text func(value any) string) []byte {
	for i, value := range row {
		if i > 0 {
			dst = append(dst, ',')
		}
		if value != nil || len(row) == 1 { // many readers skip empty lines
			dst = appendField(dst, text(value))
		}
	}
	return dst
}

func appendField(dst []byte, field string) []byte {
	if field != "" && !strings.ContainsAny(field, "\",\r\n") && strings.TrimSpace(field) == field {
		return append(dst, field...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(field, `"`, `""`)...)
	return append(dst, '"')
}

// number matches what a spreadsheet reads as a number and not as a formula.
var number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// inert formats a value so that a spreadsheet treats it as text. Spreadsheets run a
// cell that begins with one of these characters as a formula, which can send data
// elsewhere or start a program; a leading apostrophe prevents that. The full-width
// forms are included, because spreadsheets normalize them.
func inert(value any) string {
	field := result.Text(value)
	if field == "" || number.MatchString(field) {
		return field
	}
	first, _ := utf8.DecodeRuneInString(field)
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + field
	}
	return field
}

// Package report writes a result as a table, CSV, JSON or JSON Lines.
//
// Log data is written by attackers too: what is shown on a terminal cannot
// steer it, and what is opened in a spreadsheet cannot run.
package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/internal/result"
)

// Format is a way to write a result.
type Format string

// The formats that Write knows.
const (
	Table Format = "table" // for people, fitted to the terminal
	CSV   Format = "csv"   // RFC 4180, safe for spreadsheets
	JSON  Format = "json"  // one array of objects
	JSONL Format = "jsonl" // one object per line
)

// Write writes every row of rows to w and returns how many there were. Width
// is that of the terminal in columns, 0 when w is none; it counts for tables
// only. Rows are written as they come, except for the first rows of a table,
// which tell how wide its columns are.
//
// After an error what was written is incomplete: JSON then lacks its closing
// bracket. Write does not close rows.
func Write(w io.Writer, format Format, rows result.Reader, width int) (count int64, err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	switch format {
	case CSV:
		count, err = writeCSV(out, rows)
	case JSON:
		count, err = writeJSON(out, rows)
	case JSONL:
		count, err = writeJSONLines(out, rows)
	case Table:
		count, err = writeTable(out, rows, width)
	default:
		return 0, fmt.Errorf("write result: unknown format %q", format)
	}
	// What was read before an error is still shown.
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	return count, err
}

// each calls write for every row.
func each(rows result.Reader, write func(row []any) error) (count int64, err error) {
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, err
		}
		if err := write(row); err != nil {
			return count, err
		}
		count++
	}
}

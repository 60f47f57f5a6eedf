// Package report writes a result as a table, lines, CSV, JSON, JSON Lines, Markdown or Parquet.
//
// Log data is written by attackers too: what is shown to people cannot steer
// their terminal, and what is opened in a spreadsheet cannot run.
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

// The values of --format, here and in the verbs that write something else than
// rows.
const (
	Text     Format = "text"     // for people, in the form of each verb; not for rows
	Table    Format = "table"    // for people, fitted to the terminal
	Line     Format = "line"     // for people, a line for each value
	Markdown Format = "markdown" // a table for documents and tickets
	CSV      Format = "csv"      // RFC 4180, safe for spreadsheets
	JSON     Format = "json"     // one array of objects
	JSONL    Format = "jsonl"    // one object per line
	Parquet  Format = "parquet"  // with the types of the columns
)

// RowFormats are the formats that Write knows, the default first.
func RowFormats() []Format {
	return []Format{Table, Line, Markdown, CSV, JSON, JSONL, Parquet}
}

// Options say how a result is written.
type Options struct {
	Format Format
	// Width is that of the terminal in columns, 0 where there is none. It counts
	// for tables.
	Width int
	// Full keeps the values of a table whole, however wide it becomes.
	Full bool
	// CRLF ends the lines of CSV as RFC 4180 and Windows do.
	CRLF bool
	// SpreadsheetSafe keeps spreadsheets from running fields of CSV as formulas.
	// The values are changed for that.
	SpreadsheetSafe bool
}

// Write writes every row of rows to w and returns how many there were. Rows are
// written as they come, except for the first rows of a table, which tell how
// wide its columns are.
//
// After an error what was written is incomplete: JSON then lacks its closing
// bracket, and Parquet its footer. Write does not close rows.
func Write(w io.Writer, rows result.Reader, opts Options) (count int64, err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	switch opts.Format {
	case CSV:
		count, err = writeCSV(out, rows, opts)
	case JSON:
		count, err = writeJSON(out, rows)
	case JSONL:
		count, err = writeJSONLines(out, rows)
	case Line:
		count, err = writeLines(out, rows)
	case Markdown:
		count, err = writeMarkdown(out, rows)
	case Parquet:
		count, err = writeParquet(out, rows)
	case Table:
		count, err = writeTable(out, rows, opts)
	default:
		return 0, fmt.Errorf("write result: unknown format %q", opts.Format)
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

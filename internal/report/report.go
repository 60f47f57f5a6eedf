// Package report writes a result as a table, lines, CSV, JSON, JSON Lines, Markdown or Parquet.
//
// Attackers write log data too: output for people cannot control their terminal, and
// with [Options.SpreadsheetSafe] a spreadsheet runs nothing in a CSV file.
package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/internal/result"
)

// Format is an output format.
type Format string

// The values of --format, also in verbs that write something else than rows.
const (
	Text     Format = "text"     // for people; each verb has its own; not for rows
	Table    Format = "table"    // for people, fitted to the terminal
	Line     Format = "line"     // for people, one value per line
	Markdown Format = "markdown" // a table for documents and tickets
	CSV      Format = "csv"      // RFC 4180, safe for spreadsheets
	JSON     Format = "json"     // one array of objects
	JSONL    Format = "jsonl"    // one object per line
	Parquet  Format = "parquet"  // with the types of the columns
)

// RowFormats lists the formats of Write, the default first.
func RowFormats() []Format {
	return []Format{Table, Line, Markdown, CSV, JSON, JSONL, Parquet}
}

// Options configure how a result is written.
type Options struct {
	Format Format
	// Width is the terminal's width in columns, 0 without a terminal. Only tables use
	// it.
	Width int
	// Full keeps the values of a table whole, however wide it becomes.
	Full bool
	// CRLF ends the lines of CSV with CRLF, as RFC 4180 and Windows do.
	CRLF bool
	// SpreadsheetSafe changes the values of CSV so that spreadsheets do not run them as
	// formulas.
	SpreadsheetSafe bool
}

// Write writes every row of rows to w and returns their number. Rows are streamed,
// except for the first rows of a table, which determine the widths of its columns.
//
// After an error the output is incomplete: JSON then lacks its closing bracket, and
// Parquet its footer. Write does not close rows.
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
	// Rows read before an error are still written.
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

package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/result"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

// rowOptions configure the output of rows.
type rowOptions struct {
	format report.Format
	full   bool
	crlf   bool
	safe   bool   // for spreadsheets
	out    string // file to write, "" for standard output
}

// register adds the flags. usage describes --format, whose first choice is the
// default.
func (o *rowOptions) register(f *pflag.FlagSet, usage string, formats ...report.Format) {
	addFormatFlag(f, &o.format, usage, formats...)
	f.BoolVar(&o.full, "full", false, "keep the values of a table whole, however wide it becomes")
	f.BoolVar(&o.crlf, "crlf", false, "end the lines of CSV with CR LF")
	f.BoolVar(&o.safe, "spreadsheet-safe", false, "put an apostrophe before values of CSV that a spreadsheet would run as formulas")
	f.StringVar(&o.out, "out", "", "file to write, whole or not at all (default standard output)")
}

func (o *rowOptions) validate(verb string, s *streams) error {
	if o.format == report.Parquet && o.out == "" && terminal.Is(s.out) {
		return misuse(verb, outcome.WithHint(errors.New("parquet is not for a terminal"), "give --out FILE"))
	}
	return nil
}

// write calls do with the writer of the results.
func (o *rowOptions) write(ctx context.Context, s *streams, do func(w io.Writer) error) error {
	if o.out != "" {
		return cli.WriteAside(o.out, do)
	}
	return cli.CutShort(do(cli.WriterUntil(ctx, s.out)))
}

// rows writes rows and returns their number.
func (o *rowOptions) rows(ctx context.Context, s *streams, rows result.Reader) (count int64, err error) {
	opts := report.Options{Format: o.format, Full: o.full, CRLF: o.crlf, SpreadsheetSafe: o.safe}
	if o.out == "" {
		opts.Width = terminal.Width(s.out)
	}
	err = o.write(ctx, s, func(w io.Writer) error {
		count, err = report.Write(w, rows, opts)
		return err
	})
	return count, err
}

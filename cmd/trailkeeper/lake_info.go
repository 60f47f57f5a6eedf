package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/coverage"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/result"
	"github.com/cerpac/trailkeeper/internal/search"
)

type lakeInfoOptions struct {
	lake   lakeOptions
	format report.Format
}

func newLakeInfoCommand(s *streams) *cobra.Command {
	opts := lakeInfoOptions{}
	cmd := &cobra.Command{
		Use:   "info --lake DIR",
		Short: "Show the content of a lake: times, accounts, Regions, size, holes",
		Long: `Show the content of a lake: the time range of its events, accounts and Regions,
numbers of events and files, the last ingest, and holes.

A hole is a time range without events in which events are expected: whole hours of
the lake, and whole days of an account in a Region, between the first and the last
event. Holes are reported only if at least three of four hours or days have
events. A hole may be a quiet day, or missing log files.`,
		Example: `  trailkeeper lake info --lake lake
  trailkeeper lake info --lake lake --format json | jq '.holes'`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLakeInfo(cmd.Context(), opts, s) },
	}
	opts.lake.addLakeFlag(cmd, s)
	f := cmd.Flags()
	opts.lake.limits.addLimitFlags(f)
	addFormatFlag(f, &opts.format, "of the report", report.Text, report.JSON)
	return cmd
}

// lakeInfo is the report and its JSON document.
type lakeInfo struct {
	Lake       string     `json:"lake"`
	Events     int64      `json:"events"`
	First      *time.Time `json:"first_event"` // null without events
	Last       *time.Time `json:"last_event"`
	Days       int        `json:"days"` // with events
	Parts      int        `json:"parts"`
	Bytes      int64      `json:"bytes"` // of the parts
	LastCommit time.Time  `json:"last_commit"`
	LogFiles   int64      `json:"log_files"` // read by all ingests, as are the next
	Duplicates int64      `json:"duplicates"`
	Conflicts  int64      `json:"conflicts"`
	Rejected   int64      `json:"rejected"`
	Proven     int64      `json:"proven"`         // events of log files that a digest vouches for
	Requires   bool       `json:"requires_proof"` // ingest refuses log files without proof
	Accounts   []string   `json:"accounts"`
	Regions    []string   `json:"regions"`
	*coverage.Coverage
}

func runLakeInfo(ctx context.Context, opts lakeInfoOptions, s *streams) error {
	if err := opts.lake.validate("lake info"); err != nil {
		return err
	}
	ctx, cancel := opts.lake.limits.within(ctx)
	defer cancel()
	l, err := opts.lake.open(ctx)
	if err != nil {
		return err
	}
	info, err := describeLake(ctx, opts.lake.dir, l)
	switch {
	case err != nil:
		err = opts.lake.limits.explain(err)
	case opts.format == report.JSON:
		err = report.WriteDocument(s.out, info)
	default:
		err = info.print(s.out)
	}
	if err == nil {
		err = lakes.Complete(l, "lake info", s.err)
	}
	return errors.Join(err, l.Close())
}

// describeLake reads what it can from the manifest, and the rest in one pass
// over three columns.
func describeLake(ctx context.Context, dir string, l *search.Lake) (info *lakeInfo, err error) {
	totals := l.Files().Totals
	info = &lakeInfo{Lake: dir, LogFiles: totals.Files, Duplicates: totals.Duplicates, Conflicts: totals.Conflicts,
		Rejected: totals.Rejected, Requires: l.Files().RequiresProof, Accounts: []string{}, Regions: []string{}}
	if info.LastCommit, err = l.Files().LastCommit(ctx); err != nil {
		return nil, err
	}
	var days []string
	for _, part := range l.Files().Parts() {
		info.Parts++
		info.Events += part.Rows
		info.Proven += part.Proven
		info.Bytes += part.Bytes
		days = append(days, part.Day)
		if info.First == nil || part.From.Before(*info.First) {
			info.First = &part.From
		}
		if info.Last == nil || part.To.After(*info.Last) {
			info.Last = &part.To
		}
	}
	info.Days = len(slices.Compact(days)) // parts are sorted by day
	if info.Coverage, err = covered(ctx, l); err != nil {
		return nil, err
	}
	for _, series := range info.Series {
		info.Accounts = append(info.Accounts, series.Account)
		info.Regions = append(info.Regions, series.Region)
	}
	slices.Sort(info.Regions)
	info.Accounts, info.Regions = slices.Compact(info.Accounts), slices.Compact(info.Regions)
	return info, nil
}

const coverageSQL = `
	SELECT coalesce(account_id, '') AS account, coalesce(aws_region, '') AS region, event_date::VARCHAR AS day,
		count(*) AS events, bit_or(1 << hour(event_time)) AS hours, min(event_time) AS earliest, max(event_time) AS latest
	FROM events GROUP BY ALL ORDER BY ALL`

// covered reads the activity of every account by Region and day.
func covered(ctx context.Context, l *search.Lake) (*coverage.Coverage, error) {
	rows, err := l.Query(ctx, engine.Statement{SQL: coverageSQL, Dialect: engine.DuckDB})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return coverage.Of(func() (day coverage.Day, err error) {
		row, err := rows.Next()
		if err != nil {
			return day, err
		}
		day.Account, _ = row[0].(string)
		day.Region, _ = row[1].(string)
		day.Day, _ = row[2].(string)
		day.Events, _ = row[3].(int64)
		hours, _ := row[4].(int64)
		first, _ := row[5].(result.Timestamp)
		last, _ := row[6].(result.Timestamp)
		day.Hours, day.First, day.Last = uint32(hours), first.Time, last.Time
		return day, nil
	})
}

func (i *lakeInfo) print(w io.Writer) error {
	n := quantity.FormatCount
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "lake\t%s\n", i.Lake)
	if i.First == nil {
		fmt.Fprintf(table, "events\tnone\n")
	} else {
		fmt.Fprintf(table, "events\t%s, from %s to %s\n", n(i.Events), i.First.Format(time.RFC3339), i.Last.Format(time.RFC3339))
		fmt.Fprintf(table, "accounts\t%d: %s\n", len(i.Accounts), firstNames(i.Accounts))
		fmt.Fprintf(table, "Regions\t%d: %s\n", len(i.Regions), firstNames(i.Regions))
	}
	fmt.Fprintf(table, "size\t%s in %s parts of %s days\n", quantity.FormatSize(i.Bytes), n(int64(i.Parts)), n(int64(i.Days)))
	fmt.Fprintf(table, "log files\t%s read; %s duplicates left out, %s conflicts kept, %s pieces rejected\n",
		n(i.LogFiles), n(i.Duplicates), n(i.Conflicts), n(i.Rejected))
	if required := ""; i.Proven > 0 || i.Requires {
		if i.Requires {
			required = ", which ingest requires"
		}
		fmt.Fprintf(table, "proof\t%s of %s events are of log files that a digest vouches for%s\n", n(i.Proven), n(i.Events), required)
	}
	fmt.Fprintf(table, "last ingest\t%s\n", i.LastCommit.Format(time.RFC3339))
	if i.First != nil {
		i.printHoles(table)
	}
	return table.Flush()
}

// maxShown is the maximum number of names or gaps shown as text.
const maxShown = 20

func firstNames(names []string) string {
	text := strings.Join(names[:min(len(names), maxShown)], " ")
	if more := len(names) - maxShown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (i *lakeInfo) printHoles(table io.Writer) {
	sparse := 0
	for _, series := range i.Series {
		if series.Sparse {
			sparse++
		}
	}
	if len(i.Holes) == 0 {
		fmt.Fprintf(table, "holes\tnone found\n")
	}
	label := "holes"
	for _, hole := range i.Holes[:min(len(i.Holes), maxShown)] {
		where := "whole lake"
		if hole.Account != "" || hole.Region != "" {
			where = hole.Account + " " + hole.Region
		}
		fmt.Fprintf(table, "%s\tno events from %s to %s: %s\n", label, hole.From.Format(time.RFC3339), hole.To.Format(time.RFC3339), where)
		label = ""
	}
	if more := len(i.Holes) - maxShown; more > 0 {
		fmt.Fprintf(table, "\tand %d more, listed with --format json\n", more)
	}
	if i.Sparse {
		fmt.Fprintf(table, "\tnot told by hours: fewer than three of four have events\n")
	}
	if sparse > 0 {
		fmt.Fprintf(table, "\tnot told for %d of %d accounts and Regions: fewer than three of four days have events\n", sparse, len(i.Series))
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
)

type lakeCheckOptions struct {
	dir    string
	format report.Format
}

func newLakeCheckCommand(s *streams) *cobra.Command {
	opts := lakeCheckOptions{}
	cmd := &cobra.Command{
		Use:   "check --lake DIR",
		Short: "Read all of a lake and list damage",
		Long: `Read every file of a lake's events completely, restore every event, and compare it
with the hash from when it was ingested.

Damage is listed: the file, or the row in it with its event and log file. The exit
code is 0 without damage, and 1 with damage.

Files in the folder of the lake that nothing refers to are listed as unreferenced.
They are no damage. The next ingest removes those of a run that was killed; other
files stay, and other query engines may read them as events.`,
		Example: `  trailkeeper lake check --lake lake
  trailkeeper lake check --lake lake --format json | jq -r '.damage[].log_file' | sort -u`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLakeCheck(cmd.Context(), opts, s) },
	}
	addLakeFlag(cmd.Flags(), &opts.dir, "folder of the lake to check", s)
	addFormatFlag(cmd.Flags(), &opts.format, "of the report", report.Text, report.JSON)
	return cmd
}

// lakeCheck is the report and its JSON document.
type lakeCheck struct {
	Lake string `json:"lake"`
	lake.CheckReport
	Damage       []lake.Damage `json:"damage"`
	Unreferenced []string      `json:"unreferenced"` // files in the lake that nothing refers to
}

func runLakeCheck(ctx context.Context, opts lakeCheckOptions, s *streams) error {
	if opts.dir == "" {
		return misuse("lake check", missingFlag("lake", lakeVariable))
	}
	l, err := lake.Open(ctx, folderstore.New(opts.dir, 0))
	if err != nil {
		return lakes.Explain(err)
	}
	bar := progress.New(s.err, "Checking parts")
	bar.SetTotal(int64(len(l.Parts())))
	checked := lakeCheck{Lake: opts.dir, Damage: []lake.Damage{}}
	checked.CheckReport, err = l.Check(ctx, func(d lake.Damage) { checked.Damage = append(checked.Damage, d) }, func() { bar.Add(1) })
	if err == nil {
		var strangers []string
		strangers, err = l.Unreferenced(ctx)
		checked.Unreferenced = append([]string{}, strangers...)
	}
	bar.Done()
	if err = errors.Join(err, l.Close()); err != nil {
		return lakes.Explain(err)
	}
	if err := checked.print(s.out, opts.format); err != nil {
		return err
	}
	if checked.Damaged == 0 {
		return nil
	}
	return outcome.BadEvidence(outcome.WithHint(
		fmt.Errorf("check lake %q: found damage: %s", opts.dir, quantity.FormatCount(checked.Damaged)),
		"trailkeeper lake repair reads the log files again, which have the events as they were"))
}

func (c *lakeCheck) print(w io.Writer, format report.Format) error {
	if format == report.JSON {
		return report.WriteDocument(w, c)
	}
	for _, d := range c.Damage {
		if err := printDamage(w, d); err != nil {
			return err
		}
	}
	for _, name := range c.Unreferenced {
		if _, err := fmt.Fprintf(w, "unreferenced  %q\n", name); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s events in %s parts, damage: %s\n",
		quantity.FormatCount(c.Rows), quantity.FormatCount(int64(c.Parts)), quantity.FormatCount(c.Damaged))
	return err
}

func printDamage(w io.Writer, d lake.Damage) (err error) {
	if d.Row == 0 {
		_, err = fmt.Fprintf(w, "damaged  %q: %q\n", d.Part, d.Cause)
		return err
	}
	_, err = fmt.Fprintf(w, "damaged  %q row %d: event %q of log file %q: %s\n", d.Part, d.Row, d.EventID, d.LogFile, d.Cause)
	return err
}

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

type lakeUpgradeOptions struct {
	dir    string
	format report.Format
}

func newLakeUpgradeCommand(s *streams) *cobra.Command {
	opts := lakeUpgradeOptions{}
	cmd := &cobra.Command{
		Use:   "upgrade --lake DIR",
		Short: "Write the files of an older format again in the current one",
		Long: `Write the files of a lake that an older version of trailkeeper wrote again, with all
the columns that this version has.

Lakes of older formats are read as they are; with the new columns, searches by
resource take less time. Each file is replaced in one commit. An upgrade that was
stopped leaves a whole lake, and the next one does the rest.`,
		Example: `  trailkeeper lake upgrade --lake lake
  trailkeeper lake upgrade --lake lake --format json | jq .upgraded`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLakeUpgrade(cmd.Context(), opts, s) },
	}
	addLakeFlag(cmd.Flags(), &opts.dir, "folder of the lake to upgrade", s)
	addFormatFlag(cmd.Flags(), &opts.format, "of the report", report.Text, report.JSON)
	return cmd
}

// lakeUpgrade is the report and its JSON document.
type lakeUpgrade struct {
	Lake     string        `json:"lake"`
	Before   int           `json:"lake_format_before"`
	Format   int           `json:"lake_format"` // afterwards
	Outdated int           `json:"outdated"`    // parts of an older format before
	Upgraded int           `json:"upgraded"`    // parts
	Events   int64         `json:"events"`      // in these
	Left     []lake.Damage `json:"left"`        // damaged parts of an older format
}

func runLakeUpgrade(ctx context.Context, opts lakeUpgradeOptions, s *streams) (err error) {
	if opts.dir == "" {
		return misuse("lake upgrade", missingFlag("lake", lakeVariable))
	}
	store := folderstore.New(opts.dir, 0)
	if err := requireLake(ctx, store); err != nil {
		return err
	}
	w, err := lake.OpenWriter(ctx, store, lake.WriterOptions{})
	if err != nil {
		return lakes.Explain(err)
	}
	bar := progress.New(s.err, "Upgrading")
	upgrade := lakeUpgrade{Lake: opts.dir, Before: w.Format(), Outdated: w.Outdated()}
	bar.SetTotal(int64(upgrade.Outdated))
	done, err := w.Upgrade(ctx, func() { bar.Add(1) })
	bar.Done()
	upgrade.Format, upgrade.Upgraded, upgrade.Events = w.Format(), done.Parts, done.Events
	upgrade.Left = append([]lake.Damage{}, done.Left...)
	closeErr := w.Close()
	printErr := upgrade.print(s.out, opts.format)
	if _, damaged := errors.AsType[*lake.PartError](err); damaged {
		return outcome.BadEvidence(outcome.WithHint(fmt.Errorf("upgrade lake %q: %w", opts.dir, err),
			"trailkeeper lake repair reads the log files again, which have the events as they were"))
	}
	if err != nil {
		return lakes.Explain(err)
	}
	return errors.Join(closeErr, printErr)
}

func (u *lakeUpgrade) print(w io.Writer, format report.Format) error {
	if format == report.JSON {
		return report.WriteDocument(w, u)
	}
	n := func(n int) string { return quantity.FormatCount(int64(n)) }
	_, err := fmt.Fprintf(w, "parts of an older format: %s; upgraded: %s, with %s events; damaged and left: %s\n",
		n(u.Outdated), n(u.Upgraded), quantity.FormatCount(u.Events), n(len(u.Left)))
	switch {
	case err != nil:
	case u.Format > u.Before:
		_, err = fmt.Fprintf(w, "format of the lake: %d, before: %d\n", u.Format, u.Before)
	case u.Format < lake.Format:
		_, err = fmt.Fprintf(w, "format of the lake: still %d, as no part was upgraded\n", u.Format)
	}
	return err
}

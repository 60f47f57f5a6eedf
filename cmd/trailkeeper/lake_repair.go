package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
)

func newLakeRepairCommand(s *streams) *cobra.Command {
	opts := ingestOptions{}
	cmd := &cobra.Command{
		Use:   "repair --lake DIR --archive ARCHIVE",
		Short: "Read the log files of damaged events again",
		Long: `Check a lake as 'lake check' does, read the log files that its damaged events came
from again, and replace the damaged files of the lake in one commit.

Only log files that are named by damaged rows are read; where a whole file of the
lake is damaged, all of the archive is. A file of the lake is replaced when all of
its events are there again, and otherwise stays as it is.`,
		Example: `  trailkeeper lake repair --lake lake --archive ./AWSLogs
  trailkeeper lake repair --lake lake --archive s3://production-cerpac-cloudtrail-logs`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLakeRepair(cmd.Context(), opts, s) },
	}
	f := cmd.Flags()
	addArchiveFlag(f, &opts.archive, "folder, file, or s3://BUCKET/PREFIX that the lake was made from", s)
	addLakeFlag(f, &opts.lake, "folder of the lake to repair", s)
	addFormatFlag(f, &opts.format, "of the report", report.Text, report.JSON)
	opts.addS3Flags(f)
	return cmd
}

func runLakeRepair(ctx context.Context, opts ingestOptions, s *streams) error {
	switch {
	case opts.lake == "":
		return misuse("lake repair", missingFlag("lake", lakeVariable))
	case opts.archive == "":
		return misuse("lake repair", missingFlag("archive", archiveVariable))
	}
	store := folderstore.New(opts.lake, 0)
	if err := requireLake(ctx, store); err != nil {
		return err
	}
	source, err := opts.open(ctx)
	if err != nil {
		return err
	}
	bar := progress.New(s.err, "Repairing")
	done, err := ingest.Repair(ctx, ingest.Options{Source: source, Lake: store, TempDir: lake.TempDir(opts.lake), Bar: bar})
	bar.Done()
	if err != nil {
		return lakes.Explain(hinted(err))
	}
	if err := printRepair(s.out, done, opts); err != nil || done.Repaired() {
		return err
	}
	return outcome.BadEvidence(outcome.WithHint(
		fmt.Errorf("repair lake %q: damage is left: %s", opts.lake, quantity.FormatCount(int64(len(done.Left)))),
		"name an archive that has the log files, or ingest it into a new --lake"))
}

func printRepair(w io.Writer, done *ingest.RepairReport, opts ingestOptions) error {
	if opts.format == report.JSON {
		return report.WriteDocument(w, done)
	}
	n := func(n int) string { return quantity.FormatCount(int64(n)) }
	for _, d := range done.Left {
		if err := printDamage(w, d); err != nil {
			return err
		}
	}
	for _, name := range done.Absent {
		if _, err := fmt.Fprintf(w, "absent   %q is not in %s\n", name, opts.archive); err != nil {
			return err
		}
	}
	for _, p := range done.Problem {
		if _, err := fmt.Fprintf(w, "problem  %q: %s\n", p.File, p.Cause); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "damaged parts: %s; events found again: %s of %s, in %s log files; damage left: %s\n",
		n(len(done.Parts())), n(done.Found), n(done.Wanted), n(done.Read), n(len(done.Left)))
	return err
}

// requireLake returns an error unless there is a lake in the store: opening one
// for writing would create it.
func requireLake(ctx context.Context, store lake.Store) error {
	l, err := lake.Open(ctx, store)
	if err != nil {
		return lakes.Explain(err)
	}
	return l.Close()
}

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
)

func newLakeUpgradeCommand(s *streams) *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "upgrade --lake DIR",
		Short: "Write the files of an older format again in the current one",
		Long: `Write the files of a lake that an older version of trailkeeper wrote again, with all
the columns that this version has.

Lakes of older formats are read as they are; with the new columns, searches by
resource take less time. Each file is replaced in one commit. An upgrade that was
stopped leaves a whole lake, and the next one does the rest.`,
		Example: `  trailkeeper lake upgrade --lake lake`,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runLakeUpgrade(cmd.Context(), dir, s) },
	}
	addLakeFlag(cmd.Flags(), &dir, "folder of the lake to upgrade", s)
	return cmd
}

func runLakeUpgrade(ctx context.Context, dir string, s *streams) (err error) {
	if dir == "" {
		return misuse("lake upgrade", missingFlag("lake", lakeVariable))
	}
	store := folderstore.New(dir, 0)
	if err := requireLake(ctx, store); err != nil {
		return err
	}
	w, err := lake.OpenWriter(ctx, store, lake.WriterOptions{})
	if err != nil {
		return lakes.Explain(err)
	}
	bar := progress.New(s.err, "Upgrading")
	outdated := w.Outdated()
	bar.SetTotal(int64(outdated))
	done, err := w.Upgrade(ctx, func() { bar.Add(1) })
	bar.Done()
	closeErr := w.Close()
	_, printErr := fmt.Fprintf(s.out, "parts of an older format: %s; upgraded: %s, with %s events; damaged and left: %s\n",
		quantity.FormatCount(int64(outdated)), quantity.FormatCount(int64(done.Parts)), quantity.FormatCount(done.Events), quantity.FormatCount(int64(done.Left)))
	if _, damaged := errors.AsType[*lake.PartError](err); damaged {
		return outcome.BadEvidence(outcome.WithHint(fmt.Errorf("upgrade lake %q: %w", dir, err),
			"trailkeeper lake repair reads the log files again, which have the events as they were"))
	}
	if err != nil {
		return lakes.Explain(err)
	}
	return errors.Join(closeErr, printErr)
}

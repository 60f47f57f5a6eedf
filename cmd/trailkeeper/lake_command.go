package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/nearest"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

func newLakeCommand(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lake COMMAND",
		Short: "Show the content of a lake, check it, and repair it",
		Example: `  trailkeeper lake info --lake lake
  trailkeeper lake check --lake lake
  trailkeeper lake repair --lake lake --archive ./AWSLogs
  trailkeeper lake upgrade --lake lake`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLakeInfoCommand(s), newLakeCheckCommand(s), newLakeRepairCommand(s), newLakeUpgradeCommand(s))
	return cmd
}

// unknownCommand is the argument check of a verb that has commands and takes no
// other arguments.
func unknownCommand(verb *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, command := range verb.Commands() {
		names = append(names, command.Name())
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := nearest.Name(args[0], names); near != "" {
		return outcome.WithHint(err, fmt.Sprintf("did you mean '%s %s'?", verb.CommandPath(), near))
	}
	return err
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail"
)

func newInitCommand(s *streams) *cobra.Command {
	config := configFile
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration file with every option explained",
		Long: `Write the configuration of a trail with every field, its default, meaning and
cost. Two fields must be filled in, env and project_id; all others are comments
that show the default.

An existing file is left unchanged.`,
		Example: `  trailkeeper init
  trailkeeper init --config production.yaml`,
		RunE: func(*cobra.Command, []string) error { return runInit(config, s) },
	}
	cmd.Flags().StringVar(&config, "config", config, "file to write")
	return cmd
}

func runInit(config string, s *streams) error {
	file, err := os.OpenFile(config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return outcome.Usage(outcome.WithHint(fmt.Errorf("init: %q exists", config), "name another with --config, or remove it first"))
	}
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	_, err = file.WriteString(trail.Template())
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	_, err = fmt.Fprintf(s.out, "wrote %s: fill in env and project_id, then run 'trailkeeper plan'\n", config)
	return err
}

package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

type outputOptions struct {
	deployOptions
	format report.Format
}

func newOutputCommand(s *streams) *cobra.Command {
	opts := outputOptions{}
	cmd := &cobra.Command{
		Use:   "output",
		Short: "Print names and ARNs of the deployed trail for other programs",
		Long: `Print the output object: the names and ARNs of bucket, log group, trail and role,
their settings, and optional resources. The Terraform module's output has the
same members.

The values are read from the account. It is an error if the trail does not exist.`,
		Example: `  trailkeeper output
  trailkeeper output --format json | jq -r .bucket.name`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runOutput(cmd.Context(), &opts, s) },
	}
	f := cmd.Flags()
	opts.register(f)
	addFormatFlag(f, &opts.format, "of the object", report.Text, report.JSON)
	return cmd
}

func runOutput(ctx context.Context, opts *outputOptions, s *streams) error {
	d, err := opts.connect(ctx, s)
	if err != nil {
		return err
	}
	plan, err := d.plan(ctx, converge.PlanApply, s)
	if err != nil {
		return err
	}
	output, err := d.Output(plan.Changes())
	if _, ok := errors.AsType[*resources.MissingError](err); ok {
		return outcome.WithHint(err, "'trailkeeper apply' makes it")
	}
	if err != nil {
		return err
	}
	return printOutput(s.out, output, opts.format)
}

func printOutput(w io.Writer, output trail.Output, format report.Format) error {
	if format == report.Text {
		return output.WriteText(w)
	}
	return report.WriteDocument(w, output)
}

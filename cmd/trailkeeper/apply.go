package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

type applyOptions struct {
	deployOptions
	format  report.Format
	adopt   bool
	approve bool
}

func newApplyCommand(s *streams) *cobra.Command {
	opts := applyOptions{}
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Deploy the trail: create what is missing, change what differs",
		Long: `Show the plan, ask for confirmation, and change the account to what is
configured: the key, the bucket, the log group, the role, the topic, the trail,
and optional resources, in this order. Then print the output object.

After an interruption the same command continues. If nothing differs, nothing is
written. Calls are retried for two minutes while AWS propagates a change.

If resources with the trail's names exist without the tag trailkeeper:trail,
nothing is changed, unless --adopt is given.`,
		Example: `  trailkeeper apply
  trailkeeper apply --auto-approve --format json
  trailkeeper apply --env production --project-id cerpac --kms create`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runApply(cmd.Context(), &opts, s) },
	}
	f := cmd.Flags()
	opts.register(f)
	addFormatFlag(f, &opts.format, "of the output object", report.Text, report.JSON)
	f.BoolVar(&opts.adopt, "adopt", false, adoptUsage)
	f.BoolVar(&opts.approve, "auto-approve", false, "do not ask")
	return cmd
}

func runApply(ctx context.Context, opts *applyOptions, s *streams) error {
	d, err := opts.connect(ctx, s)
	if err != nil {
		return err
	}
	d.options.Adopt = opts.adopt
	plan, err := d.plan(ctx, converge.PlanApply, s)
	if err != nil {
		return err
	}
	if err := plan.WriteText(s.err); err != nil {
		return err
	}
	if !plan.Empty() {
		if !opts.approve && !refused(plan) {
			if err := cli.Confirm(ctx, s.in, s.err, "Type yes to do this", "yes"); err != nil {
				return err
			}
		}
		if err := d.carryOut(ctx, converge.Apply, s); err != nil {
			return err
		}
	}
	output, err := d.Output(nil)
	if err != nil {
		return err
	}
	return printOutput(s.out, output, opts.format)
}

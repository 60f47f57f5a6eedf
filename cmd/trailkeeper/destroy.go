package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

type destroyOptions struct {
	deployOptions
	approve bool
	wait    time.Duration
}

func newDestroyCommand(s *streams) *cobra.Command {
	opts := destroyOptions{}
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Delete the trail, and with force_destroy its logs",
		Long: `List what is deleted and what stays, ask for the trail's name as confirmation,
and delete what carries the trail's tag: the trail first, then what it wrote to.

The bucket is deleted only with force_destroy or if it is empty; Object Lock is
never bypassed. A key is scheduled for deletion, unless logs that were encrypted
with it remain.`,
		Example: `  trailkeeper destroy
  trailkeeper destroy --force-destroy --auto-approve`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDestroy(cmd.Context(), &opts, s) },
	}
	f := cmd.Flags()
	opts.register(f)
	f.BoolVar(&opts.approve, "auto-approve", false, "do not ask")
	f.DurationVar(&opts.wait, "wait", 5*time.Minute, "how long to wait for the trail's last log files before its bucket is deleted")
	return cmd
}

func runDestroy(ctx context.Context, opts *destroyOptions, s *streams) error {
	d, err := opts.connect(ctx, s)
	if err != nil {
		return err
	}
	d.LateDeliveries = opts.wait
	plan, err := d.plan(ctx, converge.PlanDestroy, s)
	if err != nil {
		return err
	}
	if err := plan.WriteText(s.err); err != nil || plan.Empty() {
		return err
	}
	if !opts.approve {
		if err := cli.Confirm(ctx, s.in, s.err, fmt.Sprintf("Type the name of the trail, %s, to do this", d.Names.Trail), d.Names.Trail); err != nil {
			return err
		}
	}
	return d.carryOut(ctx, converge.Destroy, s)
}

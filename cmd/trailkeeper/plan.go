package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

type planOptions struct {
	deployOptions
	format   report.Format
	detailed bool
	adopt    bool
}

func newPlanCommand(s *streams) *cobra.Command {
	opts := planOptions{}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what apply would create and change, field by field",
		Long: `Read the account and show each resource of the trail, in the order of work: what
would be created, what would be changed, field by field, and what is as
configured. Nothing is changed.

The configuration is compared with the account; there is no state file. Policies
are compared by meaning.`,
		Example: `  trailkeeper plan
  trailkeeper plan --env production --project-id cerpac --region eu-west-2
  trailkeeper plan --detailed-exitcode --format json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runPlan(cmd.Context(), &opts, s) },
	}
	f := cmd.Flags()
	opts.register(f)
	addFormatFlag(f, &opts.format, "of the plan", report.Text, report.JSON, report.JSONL)
	f.BoolVar(&opts.detailed, detailedExitCode, false, "exit with 0 if nothing differs, 2 if something does, 1 for any failure, as terraform plan does")
	f.BoolVar(&opts.adopt, "adopt", false, adoptUsage)
	return cmd
}

// adoptUsage is the usage text of --adopt of plan and apply.
const adoptUsage = "take over resources that have the names of ours but not the tag"

func runPlan(ctx context.Context, opts *planOptions, s *streams) error {
	d, err := opts.connect(ctx, s)
	if err != nil {
		return err
	}
	d.options.Adopt = opts.adopt
	started := s.now()
	plan, err := d.plan(ctx, converge.PlanApply, s)
	if err != nil {
		return err
	}
	switch opts.format {
	case report.JSON:
		err = plan.WriteJSON(s.out)
	case report.JSONL:
		place := d.Account.Place
		err = plan.WriteMessages(s.out, finding.Config{
			Tool: "trailkeeper", Version: moduleVersion(), Verb: "plan", Account: place.Account, Region: place.Region, Time: started.UTC(),
		}, s.now().UTC())
	default:
		err = plan.WriteText(s.out)
	}
	if err = cli.DropUnread(err); err != nil || !opts.detailed || plan.Empty() {
		return err
	}
	hint := "'trailkeeper apply' makes it so"
	if refused(plan) {
		hint = "the notes in the plan say why something is refused"
	}
	return outcome.Difference(outcome.WithHint(errors.New("the account is not as configured"), hint))
}

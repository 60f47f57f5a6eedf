package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/arn/partition"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/permissions"
)

func newPolicyCommand(s *streams) *cobra.Command {
	var opts deployOptions
	var jobs []string
	for _, job := range permissions.Jobs() {
		jobs = append(jobs, string(job))
	}
	cmd := &cobra.Command{
		Use:   "policy " + strings.Join(jobs, "|"),
		Short: "Print the least-privilege IAM policy for a job on the trail",
		Long: `Print the least-privilege IAM policy for a job, for this configuration in this
account:

  plan     read what plan and output read
  setup    besides apply, for the first time: create the permissions boundary of
           the trail's role, and its KMS key
  apply    read, create and change what apply does
  destroy  read and delete what destroy does
  guard    read what watching the trail needs
  repair   the same, and restore what was weakened
  analyse  read the logs

The documentation lists the harm that stolen credentials of each job could do.

Nothing is called when the configuration has region and expected_account;
otherwise the caller's identity tells the account.`,
		Example: `  trailkeeper policy plan
  trailkeeper policy apply --region eu-west-2 --expected-account 123456789012`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: jobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPolicy(cmd.Context(), &opts, permissions.Job(args[0]), s)
		},
	}
	opts.register(cmd.Flags())
	return cmd
}

func runPolicy(ctx context.Context, opts *deployOptions, job permissions.Job, s *streams) error {
	spec, err := opts.spec()
	if err != nil {
		return err
	}
	place, known := placeOf(spec)
	if !known {
		d, err := opts.connect(ctx, s)
		if err != nil {
			return err
		}
		place = d.Account.Place
	} else if err := spec.Fits(place); err != nil {
		return senseless(err)
	}
	_, err = fmt.Fprintln(s.out, permissions.For(job, spec, place))
	return err
}

// placeOf returns the account and Region of a trail if its configuration has
// them. Trails of an organization belong to its management account, which needs
// a request to the organization.
func placeOf(spec trail.Spec) (place trail.Place, known bool) {
	if spec.Region == "" || spec.ExpectedAccount == "" || spec.Organization {
		return place, false
	}
	return trail.Place{Partition: partition.Of(spec.Region).ID, Account: spec.ExpectedAccount, Region: spec.Region}, true
}

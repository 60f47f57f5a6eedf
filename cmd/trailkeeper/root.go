package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// job is a group of verbs in the help, named for a task of the user.
type job struct {
	title string
	verbs []*cobra.Command
}

// jobs lists every verb in the order of the help. A new verb is a line here; a
// job without verbs is not shown.
func jobs(s *streams) []job {
	return []job{
		{"Try it", []*cobra.Command{
			newDemoCommand(s),
			newSimulateCommand(s),
			newSandboxCommand(s),
		}},
		{"Deploy", []*cobra.Command{
			newInitCommand(s),
			newPlanCommand(s),
			newApplyCommand(s),
			newDestroyCommand(s),
			newOutputCommand(s),
			newPolicyCommand(s),
		}},
		{"Keep the events", []*cobra.Command{
			newIngestCommand(s),
		}},
		{"Find and search", []*cobra.Command{
			newQueryCommand(s),
			newLookupCommand(s),
			newExportCommand(s),
			newLakeCommand(s),
		}},
		{"Prove", []*cobra.Command{
			newVerifyCommand(s),
			newMirrorCommand(s),
		}},
		{"Detect", []*cobra.Command{
			newDetectCommand(s),
			newRulesCommand(s),
		}},
		{"Set up", []*cobra.Command{
			newCompletionCommand(s),
		}},
	}
}

// execute runs the verb in args. It prints nothing about the error it returns.
func execute(ctx context.Context, args []string, s *streams) error {
	root := newRootCommand(s)
	started := false
	prepare(root, &started)
	root.SetArgs(commentsAreNoFlags(args))
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !started {
		err = usageError(cmd, err)
	}
	if wantsDetailedExitCode(cmd, args) {
		err = outcome.Detailed(err)
	}
	return err
}

func newRootCommand(s *streams) *cobra.Command {
	all := jobs(s)
	showHelp := func(cmd *cobra.Command) error {
		if cmd.HasParent() {
			return printVerbHelp(s.out, cmd)
		}
		return printRootHelp(s.out, all)
	}
	root := &cobra.Command{
		Use:     "trailkeeper",
		Short:   "Keep an AWS audit trail: deploy it, search it, try it offline",
		Version: versionText(),
		Args:    unknownVerb,
		RunE:    func(cmd *cobra.Command, _ []string) error { return showHelp(cmd) },

		SilenceUsage:      true, // a usage screen would hide the error; the hint names it
		SilenceErrors:     true, // main prints the error once
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetVersionTemplate("{{.Version}}")
	root.SetFlagErrorFunc(flagError)
	// cobra does not take an error here, so write errors of --help are dropped.
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { _ = showHelp(cmd) })
	help := newHelpCommand(showHelp)
	root.SetHelpCommand(help)
	root.AddCommand(help)
	for _, job := range all {
		root.AddCommand(job.verbs...)
	}
	return root
}

// prepare applies the defaults of all commands: no arguments unless it declares
// them, and started is set once the command line was accepted and the verb
// runs. An error before that is a usage error.
func prepare(cmd *cobra.Command, started *bool) {
	if cmd.Args == nil {
		cmd.Args = noArguments
	}
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return run(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		prepare(sub, started)
	}
}

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// helpWidth is the column at which descriptions of flags wrap, on every
// terminal.
const helpWidth = 100

const rootIntroduction = `trailkeeper keeps an AWS audit trail: it deploys a hardened CloudTrail trail, brings
log archives, from S3 or a folder, into an open Parquet data set and answers
questions about them. All of it can be tried offline.

Usage: trailkeeper VERB [flags]
`

// The codes are those of internal/outcome; docs/exit-codes.md explains them.
const rootClosing = `
Exit codes
  0    done, nothing bad found
  1    done, and the evidence is bad or there are findings
  2    the command line does not make sense
  3    could not look: nothing is known, and nothing may be concluded
  130  interrupted

Run 'trailkeeper help VERB' for the flags and examples of one verb.
`

// printRootHelp writes the verbs grouped by job.
func printRootHelp(w io.Writer, jobs []job) error {
	var screen bytes.Buffer
	screen.WriteString(rootIntroduction)
	table := tabwriter.NewWriter(&screen, 0, 8, 2, ' ', 0)
	for _, job := range jobs {
		if len(job.verbs) == 0 {
			continue
		}
		fmt.Fprintf(table, "\n%s\n", job.title)
		for _, verb := range job.verbs {
			fmt.Fprintf(table, "  %s\t%s\n", verb.Name(), verb.Short)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	screen.WriteString(rootClosing)
	_, err := screen.WriteTo(w)
	return err
}

// printVerbHelp writes what one verb does, its examples and its flags.
func printVerbHelp(w io.Writer, verb *cobra.Command) error {
	var screen bytes.Buffer
	fmt.Fprintf(&screen, "%s\n\n", strings.TrimSpace(cmp.Or(verb.Long, verb.Short)))
	fmt.Fprintf(&screen, "Usage: %s\n", verb.UseLine())
	if verb.HasAvailableSubCommands() {
		fmt.Fprint(&screen, "\nCommands\n")
		table := tabwriter.NewWriter(&screen, 0, 8, 2, ' ', 0)
		for _, command := range verb.Commands() {
			fmt.Fprintf(table, "  %s\t%s\n", command.Name(), command.Short)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	if verb.HasExample() {
		fmt.Fprintf(&screen, "\nExamples\n%s\n", strings.TrimRight(verb.Example, "\n"))
	}
	if verb.HasAvailableFlags() {
		fmt.Fprintf(&screen, "\nFlags\n%s", verb.Flags().FlagUsagesWrapped(helpWidth))
	}
	_, err := screen.WriteTo(w)
	return err
}

// newHelpCommand replaces cobra's, which exits with 0 for an unknown verb.
func newHelpCommand(show func(verb *cobra.Command) error) *cobra.Command {
	return &cobra.Command{
		Use:               "help [VERB]",
		Short:             "Show the verbs, or the flags and examples of one",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeVerbs,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			verb, _, err := root.Find(args)
			if err != nil {
				return err
			}
			if verb == root && len(args) > 0 {
				return usageError(root, unknownVerb(root, args))
			}
			verb.InitDefaultHelpFlag()
			return show(verb)
		},
	}
}

func completeVerbs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if len(args) == 0 {
		for _, verb := range cmd.Root().Commands() {
			names = append(names, cobra.CompletionWithDesc(verb.Name(), verb.Short))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/internal/nearest"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

// usageError marks err as a mistake in the command line of cmd, names the verb
// and adds a hint if there is none.
func usageError(cmd *cobra.Command, err error) error {
	hint := outcome.Hint(err)
	if hint == "" {
		hint = fmt.Sprintf("run '%s --help' for the flags and examples", cmd.CommandPath())
	}
	if cmd.HasParent() {
		err = fmt.Errorf("%s: %w", cmd.Name(), err)
	}
	return outcome.Usage(outcome.WithHint(err, hint))
}

// flagError adds a suggestion to the error for an unknown flag. On the root
// command a word before the flag is an unknown verb, which it reports instead.
func flagError(cmd *cobra.Command, err error) error {
	if !cmd.HasParent() && cmd.Flags().NArg() > 0 {
		return unknownVerb(cmd, cmd.Flags().Args())
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	if near := nearest.Name(unknown.GetSpecifiedName(), names); near != "" {
		return outcome.WithHint(err, fmt.Sprintf("did you mean --%s?", near))
	}
	return err
}

// unknownVerb is the root command's argument check: it takes none, so the first
// is an unknown verb.
func unknownVerb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, verb := range root.Commands() {
		names = append(names, verb.Name())
	}
	hint := "run 'trailkeeper help' for the list of verbs"
	if near := nearest.Name(args[0], names); near != "" {
		hint = fmt.Sprintf("did you mean 'trailkeeper %s'?", near)
	}
	return outcome.WithHint(fmt.Errorf("unknown verb %q", args[0]), hint)
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unexpected argument %q", args[0])
}

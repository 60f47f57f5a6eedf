package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// usageError marks err as a mistake in the command line of cmd, names the verb
// and makes sure that there is a hint.
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

// flagError adds what was probably meant to an unknown flag. On the root
// command a word before the flag is a verb that does not exist, which is the
// better thing to say.
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
	if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
		return outcome.WithHint(err, fmt.Sprintf("did you mean --%s?", near))
	}
	return err
}

// unknownVerb is the root command's check of its arguments: it takes none, so
// the first is a verb that does not exist.
func unknownVerb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, verb := range root.Commands() {
		names = append(names, verb.Name())
	}
	hint := "run 'trailkeeper help' for the list of verbs"
	if near := nearest(args[0], names); near != "" {
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

// nearest returns the candidate that is closest to name, or "" if none is close
// enough to be a slip of the fingers. A name that a candidate begins with is
// always close. Ties go to the first candidate.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", 1+max(1, len(name)/3)
	for _, candidate := range candidates {
		d := distance(name, candidate)
		if len(name) >= 2 && len(candidate) > len(name) && candidate[:len(name)] == name {
			d = 1
		}
		if d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance is the number of single-byte insertions, deletions, replacements and
// swaps of neighbours that make b of a.
func distance(a, b string) int {
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replace := above[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCompletionCommand(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes verbs and flags in your shell",
		Long: `Print a script that completes verbs, flags and their values in your shell.

docs/completion.md tells how to install it for good.`,
		Example: `  source <(trailkeeper completion bash)
  source <(trailkeeper completion zsh)
  trailkeeper completion fish | source`,
		Args:                  cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs:             []string{"bash", "zsh", "fish", "powershell"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCompletion(cmd.Root(), args[0], s)
		},
	}
}

func runCompletion(root *cobra.Command, shell string, s *streams) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(s.out, true)
	case "zsh":
		return root.GenZshCompletion(s.out)
	case "fish":
		return root.GenFishCompletion(s.out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(s.out)
	}
	return fmt.Errorf("write completion: unknown shell %q", shell)
}

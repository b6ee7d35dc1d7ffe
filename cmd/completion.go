package cmd

import (
	_ "embed"
	"io"

	"github.com/spf13/cobra"

	"gotor/cmd/record"
)

// bashWords stands in for the one function of the bash-completion package that
// cobra's script calls, where that package is not installed.
//
//go:embed completion.bash
var bashWords string

// newCompletionCmd is gotor completion. cobra can add one by itself, but that
// one prints its usage for a shell it does not know, with code 0.
func newCompletionCmd(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a completion script for bash, zsh, fish or powershell",
		Long: `Completion prints a script that makes a shell complete gotor's commands and
flags.`,
		Example:   examples("source <(gotor completion bash)", "gotor completion fish > ~/.config/fish/completions/gotor.fish"),
		Args:      wantArgs(1, 1, "one of bash, zsh, fish and powershell"),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				if err := root.GenBashCompletionV2(s.out, true); err != nil {
					return err
				}
				_, err := io.WriteString(s.out, bashWords)
				return err
			case "zsh":
				return root.GenZshCompletion(s.out)
			case "fish":
				return root.GenFishCompletion(s.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(s.out)
			}
			return record.Usagef("no completion for %q; there is bash, zsh, fish and powershell", args[0])
		},
	}
}

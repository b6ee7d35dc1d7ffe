package cmd

import (
	"github.com/spf13/cobra"

	"gotor/cmd/ui"
)

// progressOptions are the flags of every command that takes time.
type progressOptions struct {
	mode  ui.Mode
	quiet bool
}

func (o *progressOptions) addFlags(c *cobra.Command) {
	o.mode = ui.ModeAuto
	f := c.Flags()
	f.Var(&o.mode, "progress", "how to show progress on stderr: auto, bar, plain, json or none")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors on stderr")
	_ = c.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions(
		[]string{"auto", "bar", "plain", "json", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

// display makes the printer that the flags ask for, and tells the console what may
// be printed beside it.
func (o *progressOptions) display(s *streams) ui.Printer {
	return ui.NewPrinter(s.screen(), o.mode, o.quiet)
}

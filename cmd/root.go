package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// Main runs the command line of the process and returns its exit code. It
// returns early, with the command still at work, when a signal says so: the
// caller ends the process.
func Main() int {
	s := systemStreams()
	ctx, now := watchSignals(s.signals)
	code := make(chan int, 1) // room, so that a command that ends too late does not hang
	go func() { code <- run(ctx, systemArgs(), s) }()
	select {
	case c := <-code:
		return c
	case c := <-now:
		s.console.Clear()
		return c
	}
}

// run executes one command line (without the program's name) and returns the
// exit code. An error is printed here and nowhere else.
func run(ctx context.Context, args []string, s *streams) int {
	root := newRootCmd(s)
	root.SetArgs(args)
	err := explain(ctx, root.ExecuteContext(ctx))
	// Whoever takes our output for complete must know when it is not: the last of it may
	// be lost only now.
	if err == nil {
		err = s.closeOut()
	}
	if err != nil && !silent(err) {
		s.console.Error(err)
	}
	s.console.Clear()
	return record.CodeOf(err)
}

const rootLong = `gotor is curl for BitTorrent: it downloads what a torrent describes, verifies
every byte, prints where it is, and exits with a code that tells the truth.

SOURCE is a .torrent file, the http(s) URL of one, - for standard input, a magnet
link or an info-hash.`

// newRootCmd builds the tree of commands. It holds no state of its own, so that
// each run gets a fresh one.
func newRootCmd(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:               "gotor COMMAND",
		Short:             "Download torrents from the command line",
		Long:              rootLong,
		Version:           version,
		Args:              rootArgs,
		SilenceErrors:     true, // run prints them, in our words
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		// After the arguments were checked and before a command looks at its flags, so that
		// none of them has to know where a value is from.
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return settle(c, s) },
		RunE:              func(*cobra.Command, []string) error { return record.Usagef("no command given; see gotor help") },
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: "transfer", Title: "Transfer:"},
		&cobra.Group{ID: "torrents", Title: "Torrents:"},
		&cobra.Group{ID: "daemon", Title: "Daemon:"},
		&cobra.Group{ID: "other", Title: "About gotor:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			c.DisableFlagsInUseLine = true
			root.AddCommand(c)
		}
	}
	add("transfer", newGetCmd(s, runGet), newResumeCmd(s, runResume), newSeedCmd(s, runSeed), newScrapeCmd(s, runScrape), newTrackerCmd(s, runTracker))
	add("transfer", newDHTCmd(s))
	add("torrents", newShowCmd(s, runShow), newMagnetCmd(s, runMagnet), newCreateCmd(s, runCreate), newVerifyCmd(s, runVerify))
	add("daemon", newServeCmd(s, runServe), newCtlCmd(s))
	add("other", newConfigCmd(s), newVersionCmd(s), newCompletionCmd(s), newManCmd(s))
	help := newHelpCmd()
	help.GroupID = "other"
	root.SetHelpCommand(help)
	root.AddCommand(helpTopics()...)
	root.SetUsageFunc(usage)
	root.SetHelpFunc(showHelp)
	return root
}

// rootArgs sees what is no command.
func rootArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2 // letters that may differ
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return record.Usagef("unknown command %q; did you mean %s?", args[0], strings.Join(near, " or "))
	}
	// The most common first try: gotor x.torrent.
	if strings.HasSuffix(args[0], ".torrent") || strings.Contains(args[0], "://") || job.IsLink(args[0]) {
		return record.Usagef("unknown command %q; did you mean gotor get %s?", job.Label(args[0]), job.Label(args[0]))
	}
	return record.Usagef("unknown command %q; see gotor help", args[0])
}

// wantArgs checks how many arguments a command got, and that each says something;
// most < 0 means any number.
func wantArgs(least, most int, what string) cobra.PositionalArgs {
	number := wantNumber(least, most, what)
	return func(c *cobra.Command, args []string) error {
		for _, err := range []error{job.CutLink(args), number(c, args), noEmpty(c, args)} {
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// wantNumber checks how many arguments a command got; most < 0 means any number.
func wantNumber(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return record.Usagef("%s needs %s; see %s --help", c.CommandPath(), what, c.CommandPath())
		case most >= 0 && len(args) > most:
			return record.Usagef("%s takes %s, not %d arguments", c.CommandPath(), what, len(args))
		}
		return nil
	}
}

// torrentArgs completes arguments with the names of .torrent files.
func torrentArgs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"torrent"}, cobra.ShellCompDirectiveFilterFileExt
}

// torrentThenData completes the first argument as torrentArgs does, and the second,
// which is the data, with any file.
func torrentThenData(c *cobra.Command, args []string, part string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return anyFile(c, args, part)
	}
	return torrentArgs(c, args, part)
}

// examples indents the lines of an example text as cobra prints it.
func examples(lines ...string) string {
	return fmt.Sprintf("  %s", strings.Join(lines, "\n  "))
}

// noEmpty refuses arguments without a letter: they come from variables that are
// not set.
func noEmpty(c *cobra.Command, args []string) error {
	for i, arg := range args {
		if arg == "" {
			return record.Usagef("argument %d of %s is empty; is a variable of the shell not set?", i+1, c.CommandPath())
		}
	}
	return nil
}

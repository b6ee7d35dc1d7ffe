package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/remote"
)

const ctlLong = `Ctl talks to a running daemon, gotor serve, over its unix socket: whoever can
open that is the user whose daemon it is. With --url it talks to one elsewhere,
which wants a token: the first line of --token-file, or GOTOR_TOKEN.

ID is an info-hash, its first eight or more digits, or the exact name of a
torrent. With several, each is tried, and the exit code is that of the first that
failed. --json prints one object per line (gotor help json). That no daemon
answers is code 11; what it refuses has the code that gotor get would end with, an
ID that it does not know is 2.`

// newCtlCmd describes ctl, which is nothing without one of its verbs.
func newCtlCmd(s *streams) *cobra.Command {
	c := &cobra.Command{
		Use:        "ctl COMMAND",
		SuggestFor: []string{"remote", "client"},
		Short:      "Control a running daemon",
		Long:       ctlLong,
		Args:       noneBelow,
		RunE:       func(*cobra.Command, []string) error { return record.Usagef("no command given; see gotor ctl --help") },

		SuggestionsMinimumDistance: 2,
	}
	for _, v := range ctlVerbs() {
		c.AddCommand(v.command(s))
	}
	token := &cobra.Command{
		Use: "token COMMAND", Short: "Change the token of the daemon", Long: "Token has a command to change the token of the daemon.",
		Args: noneBelow,
		RunE: func(*cobra.Command, []string) error {
			return record.Usagef("no command given; there is gotor ctl token rotate")
		},
	}
	token.AddCommand(ctlRotate().command(s))
	c.AddCommand(token)
	return c
}

// ctlVerbs are the verbs of ctl, but for those below another word.
func ctlVerbs() []*ctlVerb {
	return []*ctlVerb{
		ctlAdd(), ctlList(), ctlShow(), ctlPause(), ctlStart(), ctlRemove(), ctlCheck(), ctlMove(), ctlSet(),
		ctlFiles(), ctlPeers(), ctlTrackers(), ctlWatch(), ctlOpen(), ctlLink(), ctlLogin(), ctlHealth(), ctlSettings(), ctlStop(),
	}
}

// ctlVerb describes one verb to cobra.
type ctlVerb struct {
	use, short, long string
	examples         []string
	args             cobra.PositionalArgs
	ids              int                                                                                     // how many of the arguments are IDs, for completion; -1: all
	others           func(c *cobra.Command, args []string, part string) ([]string, cobra.ShellCompDirective) // completes the rest; nil: nothing does
	flags            func(*pflag.FlagSet)
	run              func(ctx context.Context, c *control, args []string) error
}

// control is a verb that runs.
type control struct {
	daemonOptions
	json bool

	s      *streams
	daemon *remote.Client
}

// command is the verb as cobra wants it.
func (v *ctlVerb) command(s *streams) *cobra.Command {
	o := &control{s: s}
	c := &cobra.Command{Use: v.use, Short: v.short, Long: v.long, Args: v.args, DisableFlagsInUseLine: true}
	if len(v.examples) > 0 {
		c.Example = examples(v.examples...)
	}
	c.ValidArgsFunction = func(c *cobra.Command, args []string, part string) ([]string, cobra.ShellCompDirective) {
		if v.ids >= 0 && len(args) >= v.ids {
			if v.others != nil {
				return v.others(c, args, part)
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return o.completeIDs(c.Context(), c.Flags(), args)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		var err error
		if o.daemon, err = o.open(s); err != nil {
			return err
		}
		defer o.daemon.Close()
		return v.run(c.Context(), o, args)
	}
	f := c.Flags()
	if v.flags != nil {
		v.flags(f)
	}
	f.BoolVar(&o.json, "json", false, "print JSON, one object per line")
	o.addFlags(f, "")
	return c
}

// noneBelow sees a word that no command below c has.
func noneBelow(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := args[0]
	if near := c.SuggestionsFor(word); len(near) > 0 {
		return record.Usagef("unknown command %q; did you mean %s %s?", job.Clip(word), c.CommandPath(), near[0])
	}
	return record.Usagef("unknown command %q; see %s --help", job.Clip(word), c.CommandPath())
}

// completeTime is how long somebody who presses the tabulator waits for a daemon.
const completeTime = 2 * time.Second

// completeIDs completes with the torrents of the daemon that are not among args yet:
// digits that call them, and their names to choose by.
func (o *control) completeIDs(ctx context.Context, flags *pflag.FlagSet, args []string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(ctx, completeTime)
	defer cancel()
	_ = applyEnv(flags, o.s.getenv) // as a run would have it; what is wrong there is told by that
	c, err := o.open(o.s)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer c.Close()
	list, _ := c.List(ctx, remote.Filter{Fields: "id,name"}) // no daemon: nothing to complete with
	given := map[string]bool{}
	for _, a := range args {
		given[a] = true
	}
	var words []string
	for _, t := range list {
		const digits = 12 // more than a table shows, so that two that begin alike are told apart
		if id := t.ID[:min(digits, len(t.ID))]; !given[id] && !given[t.Name] && !given[t.ID] {
			words = append(words, record.Safe(id)+"\t"+record.Safe(t.Name))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// each finds the torrents of args and carries out f on each; what fails is told at
// once, and the error is that of the first that failed.
func (o *control) each(ctx context.Context, args []string, f func(id string) error) error {
	ids, err := o.daemon.Find(ctx, args...)
	if err != nil {
		return err
	}
	var first error
	for i, id := range ids {
		err := f(id)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || errors.Is(err, errStdoutGone) {
			return err
		}
		if len(ids) == 1 {
			return err
		}
		o.s.console.Error(fmt.Errorf("%s: %w", args[i], err))
		if first == nil {
			first = reported{err}
		}
	}
	return first
}

// changed tells of a torrent that was changed: an object, or a line for people.
func (o *control) changed(t *record.Torrent, what string) error {
	if o.json {
		return writeJSON(o.s.out, record.NewTorrentLine(t))
	}
	o.s.console.Note(t.Name + ": " + what)
	return nil
}

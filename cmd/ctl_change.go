package cmd

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/record"
	"gotor/cmd/remote"
	"gotor/cmd/ui"
)

// This file has the verbs of ctl that change torrents.

// doing makes a verb that does one thing with each torrent; done is what is told of it.
func doing(use, short, long, done string, do func(ctx context.Context, c *control, id string) (*record.Torrent, error)) *ctlVerb {
	return &ctlVerb{
		use: use, short: short, long: long, args: wantArgs(1, -1, "at least one ID"), ids: -1,
		run: func(ctx context.Context, c *control, args []string) error {
			return c.each(ctx, args, func(id string) error {
				t, err := do(ctx, c, id)
				if err != nil {
					return err
				}
				return c.changed(t, done)
			})
		},
	}
}

func ctlPause() *ctlVerb {
	return doing("pause [flags] ID...", "Pause torrents",
		"Pause stops torrents: nothing is downloaded or uploaded until they are started again.", "paused",
		func(ctx context.Context, c *control, id string) (*record.Torrent, error) {
			return c.daemon.Do(ctx, id, remote.Pause)
		})
}

func ctlStart() *ctlVerb {
	var now bool
	v := doing("start [flags] ID...", "Start torrents that are paused or have failed",
		`Start ends a pause, and has what has failed try again. With --now it passes those
that wait for their turn.`, "started",
		func(ctx context.Context, c *control, id string) (*record.Torrent, error) {
			if now {
				return c.daemon.StartNow(ctx, id)
			}
			return c.daemon.Do(ctx, id, remote.Start)
		})
	v.flags = func(f *pflag.FlagSet) { f.BoolVar(&now, "now", false, "begin at once, whoever waits") }
	return v
}

func ctlCheck() *ctlVerb {
	return doing("check [flags] ID...", "Hash the data of torrents again",
		"Check has the daemon hash all data of torrents again. It goes on after the command has ended.", "will be checked",
		func(ctx context.Context, c *control, id string) (*record.Torrent, error) {
			return c.daemon.Do(ctx, id, remote.Check)
		})
}

func ctlRemove() *ctlVerb {
	var data, partial bool
	return &ctlVerb{
		use: "rm [flags] ID...", short: "Remove torrents, and their data if asked to",
		long: `Rm takes torrents out of the daemon. Their data stays, unless --data deletes it, or
--partial what of it is unfinished. Only files of the torrent are deleted, and only
folders that are empty then; what is left is told.`,
		examples: []string{"gotor ctl rm debian.iso", "gotor ctl rm --data 0123abcd"},
		args:     wantArgs(1, -1, "at least one ID"), ids: -1,
		flags: func(f *pflag.FlagSet) {
			f.BoolVar(&data, "data", false, "delete the data, too")
			f.BoolVar(&partial, "partial", false, "delete the data of unfinished files")
		},
		run: func(ctx context.Context, c *control, args []string) error {
			what := record.KeepData
			switch {
			case data && partial:
				return record.Usagef("--data deletes all and --partial what is unfinished: choose one")
			case data:
				what = record.RemoveData
			case partial:
				what = record.RemovePart
			}
			return c.each(ctx, args, func(id string) error { return c.remove(ctx, id, what) })
		},
	}
}

// remove takes one torrent out and tells what became of its files.
func (o *control) remove(ctx context.Context, id, data string) error {
	r, err := o.daemon.Remove(ctx, id, data)
	if err != nil {
		return err
	}
	for _, path := range r.Left {
		o.s.console.Warn("left: " + path)
	}
	if o.json {
		return writeJSON(o.s.out, record.NewRemovedLine(id, r))
	}
	text := id + ": removed"
	if data != record.KeepData {
		text += fmt.Sprintf(", %s deleted, %s freed", ui.Count(r.RemovedFiles, "file"), ui.Bytes(r.Freed))
	}
	o.s.console.Note(text)
	return nil
}

func ctlMove() *ctlVerb {
	var overwrite bool
	return &ctlVerb{
		use: "move [flags] ID DIR", short: "Move the data of a torrent to another folder",
		long: `Move has the daemon move the data of a torrent into DIR, one of its folders or one
below them, and go on there. It goes on after the command has ended; whatever
happens meanwhile, the data is whole at the old place or at the new one.`,
		examples: []string{"gotor ctl move debian.iso /srv/torrents/linux"},
		args:     wantArgs(2, 2, "ID and DIR"), ids: 1,
		others: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		flags: func(f *pflag.FlagSet) {
			f.BoolVar(&overwrite, "overwrite", false, "replace files that are in the way")
		},
		run: func(ctx context.Context, c *control, args []string) error {
			dir, err := c.folder(args[1])
			if err != nil {
				return err
			}
			return c.each(ctx, args[:1], func(id string) error {
				t, err := c.daemon.Move(ctx, id, record.Move{Dir: dir, Overwrite: overwrite})
				if err != nil {
					return err
				}
				return c.changed(t, "moves to "+dir)
			})
		},
	}
}

// folder is a folder of the daemon as it was written: over the socket it is one of
// this machine, and may be relative to where we are.
func (o *control) folder(dir string) (string, error) {
	if o.url != "" || filepath.IsAbs(dir) || dir == "" {
		return dir, nil
	}
	return filepath.Abs(dir)
}

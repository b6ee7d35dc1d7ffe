package cmd

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"

	"github.com/spf13/pflag"

	"gotor/cmd/record"
)

// This file has the verbs of ctl that make files of torrents readable to others.

func ctlOpen() *ctlVerb {
	var player string
	var ttl timeValue
	return &ctlVerb{
		use: "open [flags] ID [FILE]", short: "Play a file of a torrent, or print a URL of it",
		long: `Open prints a URL under which a player can read a file of a torrent, also while it
is still being downloaded, or runs --player with it and waits for that. FILE is an
index as gotor ctl files lists it; without it, the largest file is meant.`,
		examples: []string{"gotor ctl open --player mpv film.mkv", "vlc \"$(gotor ctl open 0123abcd 2)\""},
		args:     wantArgs(1, 2, "one ID, perhaps with a FILE"), ids: 1,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&player, "player", "", "run `PROGRAM` with the URL as its argument")
			f.Var(&ttl, "ttl", "let the URL expire after that time")
		},
		run: func(ctx context.Context, c *control, args []string) error {
			l, err := c.link(ctx, args, ttl)
			switch {
			case err != nil:
				return err
			case player != "":
				return c.play(ctx, player, l.URL)
			}
			return c.printLink(l)
		},
	}
}

// printLink prints the URL of a file.
func (o *control) printLink(l record.LinkLine) error {
	if o.json {
		return writeJSON(o.s.out, l)
	}
	_, err := fmt.Fprintln(o.s.out, record.Safe(l.URL))
	return err
}

// play runs a player: no shell sees the URL.
func (o *control) play(ctx context.Context, player, url string) error {
	cmd := exec.CommandContext(ctx, player, url)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = o.s.in, o.s.out, o.s.err
	if err := cmd.Run(); err != nil {
		return record.Errorf(record.ExitHook, "%s: %w", player, err)
	}
	return nil
}

// link makes the URL of a file: args are the torrent and perhaps the file.
func (o *control) link(ctx context.Context, args []string, ttl timeValue) (l record.LinkLine, err error) {
	file := -1
	if len(args) > 1 {
		n, err := strconv.ParseUint(args[1], 10, 31)
		if err != nil {
			return l, record.Usagef("%q is not the index of a file; see gotor ctl files", record.Safe(args[1]))
		}
		file = int(n)
	}
	ids, err := o.daemon.Find(ctx, args[0])
	if err != nil {
		return l, err
	}
	if file < 0 {
		if file, err = o.largest(ctx, ids[0]); err != nil {
			return l, err
		}
	}
	made, err := o.daemon.Link(ctx, ids[0], file, ttl.d)
	return record.LinkLine{V: record.Version, ID: ids[0], File: file, FileLink: made}, err
}

// largest is the index of the largest file of a torrent.
func (o *control) largest(ctx context.Context, id string) (int, error) {
	files, err := o.daemon.Files(ctx, id)
	if err != nil {
		return 0, err
	}
	at, most := -1, int64(-1)
	for _, f := range files {
		if f.Length > most && f.Priority != "skip" {
			at, most = f.Index, f.Length
		}
	}
	if at < 0 {
		return 0, record.Usagef("no file of the torrent is selected")
	}
	return at, nil
}

package cmd

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/record"
	"gotor/cmd/remote"
	"gotor/cmd/ui"
)

// This file has the verbs of ctl that show torrents and what is in them.

func ctlList() *ctlVerb {
	var sort string
	return &ctlVerb{
		use: "ls [flags] [FILTER...]", short: "List torrents",
		long: `Ls lists the torrents of the daemon, or those that every FILTER lets through:
state:STATE, label:NAME, tracker:HOST, dir:FOLDER, or words of names, labels and
hosts of trackers.

States are ` + strings.Join(record.States(), ", ") + `.`,
		examples: []string{"gotor ctl ls", "gotor ctl ls state:seeding debian", "gotor ctl ls --sort -down_rate,name",
			"gotor ctl ls --json | jq -r 'select(.ratio > 2).id'"},
		args: cobra.ArbitraryArgs,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&sort, "sort", "", "sort by `KEYS` of --json, separated by commas; - before one: descending")
		},
		run: func(ctx context.Context, c *control, args []string) error {
			filter, err := parseFilter(args)
			if err != nil {
				return err
			}
			filter.Sort = sort
			list, err := c.daemon.List(ctx, filter)
			if err != nil {
				return err
			}
			return c.list(list)
		},
	}
}

// parseFilter makes a filter of words as KEY:VALUE, or plain ones.
func parseFilter(args []string) (remote.Filter, error) {
	var f remote.Filter
	var words []string
	for _, a := range args {
		key, value, ok := strings.Cut(a, ":")
		field := map[string]*string{"state": &f.State, "label": &f.Label, "tracker": &f.Tracker, "dir": &f.Dir}[key]
		switch {
		case !ok || field == nil:
			words = append(words, a)
			continue
		case value == "":
			return f, record.Usagef("%s: needs a value", record.Safe(a))
		case *field != "":
			return f, record.Usagef("%s: is given twice; a torrent has to pass every filter", key)
		case key == "state" && !slices.Contains(record.States(), value):
			return f, record.Usagef("%q is no state; there are %s", record.Safe(value), strings.Join(record.States(), ", "))
		}
		*field = value
	}
	f.Words = strings.Join(words, " ")
	return f, nil
}

// list prints torrents: a table, or an object each.
func (o *control) list(list []*record.Torrent) error {
	if !o.json {
		if len(list) == 0 { // stdout stays empty, as a program expects of a list
			o.s.console.Note("no torrents")
			return nil
		}
		_, err := io.WriteString(o.s.out, ui.TorrentTable(list))
		return err
	}
	for _, t := range list {
		if err := writeJSON(o.s.out, record.NewTorrentLine(t)); err != nil {
			return err
		}
	}
	return nil
}

func ctlShow() *ctlVerb {
	return &ctlVerb{
		use: "show [flags] ID...", short: "Show all about torrents", long: "Show prints all that the daemon knows of a torrent.",
		examples: []string{"gotor ctl show debian.iso", "gotor ctl show --json 0123abcd | jq .state"},
		args:     wantArgs(1, -1, "at least one ID"), ids: -1,
		run: func(ctx context.Context, c *control, args []string) error {
			first := true
			return c.each(ctx, args, func(id string) error {
				t, err := c.daemon.Torrent(ctx, id)
				if err != nil {
					return err
				}
				if c.json {
					return writeJSON(c.s.out, record.NewTorrentLine(t))
				}
				text := ui.TorrentText(t)
				if !first {
					text = "\n" + text
				}
				first = false
				_, err = io.WriteString(c.s.out, text)
				return err
			})
		},
	}
}

// inside makes a verb that prints a list of something in one torrent.
func inside[T any](use, short, long string, get func(ctx context.Context, c *control, id string) ([]T, error), table func(c *control, list []T) string, line func(id string, list []T) any) *ctlVerb {
	return &ctlVerb{
		use: use, short: short, long: long, args: wantArgs(1, 1, "one ID"), ids: 1,
		run: func(ctx context.Context, c *control, args []string) error {
			return c.each(ctx, args, func(id string) error {
				list, err := get(ctx, c, id)
				if err != nil {
					return err
				}
				if c.json {
					if list == nil {
						list = []T{} // so that jq need not ask
					}
					return writeJSON(c.s.out, line(id, list))
				}
				if len(list) == 0 {
					c.s.console.Note("none")
					return nil
				}
				_, err = io.WriteString(c.s.out, table(c, list))
				return err
			})
		},
	}
}

func ctlFiles() *ctlVerb {
	return inside("files [flags] ID", "List the files of a torrent",
		`Files lists the files of a torrent with their indices, how far each is, and its
priority, which gotor ctl set changes.`,
		func(ctx context.Context, c *control, id string) ([]record.TorrentFile, error) {
			return c.daemon.Files(ctx, id)
		},
		func(_ *control, list []record.TorrentFile) string { return ui.FileTable(list) },
		func(id string, list []record.TorrentFile) any {
			return record.FilesLine{V: record.Version, ID: id, Files: list}
		})
}

func ctlPeers() *ctlVerb {
	return inside("peers [flags] ID", "List the peers of a torrent",
		`Peers lists the connections of a torrent. Flags: D we download, d it does not let
us, U we upload, u we do not let it, K we do not want, ? it does not want, S
snubbed, O optimistic, I incoming.`,
		func(ctx context.Context, c *control, id string) ([]record.TorrentPeer, error) {
			return c.daemon.Peers(ctx, id)
		},
		func(_ *control, list []record.TorrentPeer) string { return ui.PeerTable(list) },
		func(id string, list []record.TorrentPeer) any {
			return record.PeersLine{V: record.Version, ID: id, Peers: list}
		})
}

func ctlTrackers() *ctlVerb {
	var secrets bool
	v := inside("trackers [flags] ID", "List the trackers of a torrent",
		"Trackers lists the trackers of a torrent and what each answered last.",
		func(ctx context.Context, c *control, id string) ([]record.TorrentTracker, error) {
			return c.daemon.Trackers(ctx, id, secrets)
		},
		func(c *control, list []record.TorrentTracker) string {
			return ui.TrackerTable(list, c.s.now())
		},
		func(id string, list []record.TorrentTracker) any {
			return record.TrackersLine{V: record.Version, ID: id, Trackers: list}
		})
	v.flags = func(f *pflag.FlagSet) {
		f.BoolVar(&secrets, "secrets", false, "show passkeys and passwords in URLs")
	}
	return v
}

func ctlLink() *ctlVerb {
	var ttl timeValue
	return &ctlVerb{
		use: "link [flags] ID [FILE]", short: "Make a URL for a file of a torrent",
		long: `Link prints a URL under which anybody can read one file of a torrent until it
expires, while it is still being downloaded, too: what is missing is fetched first.
It opens nothing else. FILE is an index as gotor ctl files lists it; without it,
the largest file is meant.`,
		examples: []string{"gotor ctl link debian.iso", "gotor ctl link --ttl 1h 0123abcd 3"},
		args:     wantArgs(1, 2, "one ID, perhaps with a FILE"), ids: 1,
		flags: func(f *pflag.FlagSet) { f.Var(&ttl, "ttl", "let it expire after that time") },
		run: func(ctx context.Context, c *control, args []string) error {
			l, err := c.link(ctx, args, ttl)
			if err != nil {
				return err
			}
			return c.printLink(l)
		},
	}
}

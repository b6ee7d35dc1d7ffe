package cmd

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// showOptions are the flags of show.
type showOptions struct {
	lookupOptions
	source   string
	json     bool
	offline  bool // show what a link says, and ask nobody
	portable bool // show the names that --portable-names would give
}

// newShowCmd describes show; runF is runShow, or a test's function.
func newShowCmd(s *streams, runF func(context.Context, *showOptions, *streams) error) *cobra.Command {
	o := new(showOptions)
	c := &cobra.Command{
		Use:        "show [flags] SOURCE",
		SuggestFor: []string{"info", "list"},
		Short:      "Show what is inside a torrent",
		Long: `Show prints what a torrent says: its names and sizes, its files with their
indices for --files, its trackers. It writes nothing and, unless SOURCE is a URL
or a magnet link, uses no network. Indices begin at 0 and count padding files.

What a magnet link or an info-hash leads to is asked of the peers; nobody who
tells in time is exit code 4. With --offline only what the link says is shown.`,
		Example: examples("gotor show debian.torrent", "gotor show --json https://example.org/disk.torrent | jq .info_hash"),
		Args:    wantArgs(1, 1, "one SOURCE"), ValidArgsFunction: torrentArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.source = args[0]
			if o.offline && job.IsURL(o.source) {
				return record.Usagef("--offline shows what a link says, and %s must be fetched", o.source)
			}
			if err := job.CheckTrackers(o.trackers.urls()); err != nil {
				return err
			}
			if err := o.headerOption.check(c.Flags(), o.source); err != nil {
				return err
			}
			return runF(c.Context(), o, s)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.BoolVar(&o.portable, "portable-names", false, "show file names as Windows needs them")
	f.BoolVar(&o.offline, "offline", false, "of a magnet link, show only what it says itself")
	o.lookupOptions.addFlags(c)
	return c
}

// runShow prints a torrent. It is safe on anything: nothing is written, and only
// a URL or a link leads to the network (threat: a mere look must have no side
// effect).
func runShow(ctx context.Context, o *showOptions, s *streams) error {
	l := s.loader(o.Family)
	l.Insecure, l.Portable, l.Header = o.insecure, o.portable, o.header()
	// Of a .torrent everything is in it, so --offline changes nothing then.
	if o.offline && job.IsLink(o.source) {
		return o.showLink(s, l)
	}
	src, err := o.openKnown(ctx, s, l, o.source)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(s.out, record.NewShow(src.Meta))
	}
	_, err = io.WriteString(s.out, ui.ShowText(src.Meta))
	return err
}

// showLink prints what a link says.
func (o *showOptions) showLink(s *streams, l *job.Loader) error {
	src, err := l.OpenLink(o.source)
	if err != nil {
		return err
	}
	r := record.NewLink(src.Link)
	if o.json {
		return writeJSON(s.out, r)
	}
	_, err = io.WriteString(s.out, ui.LinkText(r))
	return err
}

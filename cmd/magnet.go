package cmd

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// magnetOptions are the flags of magnet.
type magnetOptions struct {
	lookupOptions
	source string
	output string // "" prints a link; "-" is stdout
	force  bool   // replace output
}

const magnetLong = `Magnet prints the magnet link of a torrent: its info-hashes, its name, its
trackers and its web seeds. Secrets in its URLs are kept: without a passkey a
link is of no use.

With a magnet link or an info-hash as SOURCE and -o FILE, it asks the peers what
the link leads to and writes that torrent: to FILE, into a folder as
NAME.torrent, or with -o - to stdout. Nobody who tells in time is exit code 4.`

// newMagnetCmd describes magnet; runF is runMagnet, or a test's function.
func newMagnetCmd(s *streams, runF func(context.Context, *magnetOptions, *streams) error) *cobra.Command {
	o := new(magnetOptions)
	c := &cobra.Command{
		Use:   "magnet [flags] SOURCE",
		Short: "Make a magnet link of a torrent, or a torrent of a link",
		Long:  magnetLong,
		Example: examples(
			"gotor magnet debian.torrent",
			"gotor magnet -o debian.torrent 'magnet:?xt=urn:btih:...'"),
		Args: wantArgs(1, 1, "one SOURCE"), ValidArgsFunction: torrentArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.source = args[0]
			// One command for both directions: which one it is decides the SOURCE, and -o is
			// asked for where bytes come out, which nobody wants on a terminal.
			switch link := job.IsLink(o.source); {
			case link && o.output == "":
				return record.Usagef("-o FILE says where the torrent that the link leads to is written")
			case !link && o.output != "":
				return record.Usagef("-o is for a SOURCE that is a link; of a torrent the link is printed")
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
	f.StringVarP(&o.output, "output", "o", "", "write the torrent to `FILE`, or NAME.torrent in a folder; - is stdout")
	f.BoolVar(&o.force, "force", false, "replace FILE")
	o.lookupOptions.addFlags(c)
	return c
}

// runMagnet turns a torrent into a link or a link into a torrent.
func runMagnet(ctx context.Context, o *magnetOptions, s *streams) error {
	out := o.output
	folder := out != "" && out != "-" && (job.IsDir(out) || job.EndsInSlash(out))
	if out != "" && out != "-" && !folder && !o.force {
		// Noticed before minutes of waiting.
		if _, err := os.Lstat(out); err == nil {
			return existsError(out)
		}
	}
	if out == "-" {
		// The same: nobody waits for peers to write into nothing.
		if err := s.wantOut(); err != nil {
			return err
		}
	}
	l := s.loader(o.Family)
	l.Insecure, l.Header = o.insecure, o.header()
	src, err := o.openKnown(ctx, s, l, o.source)
	switch {
	case err != nil:
		return err
	case out == "":
		_, err = io.WriteString(s.out, job.MagnetWith(src.Meta, o.trackers.urls())+"\n")
		return err
	case out == "-":
		_, err = s.out.Write(src.Raw)
		return err
	case folder: // the name is known only now
		out = filepath.Join(out, src.Meta.Name+".torrent")
	}
	return writeNew(out, src.Raw, o.force)
}

package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// getOptions are the flags of get.
type getOptions struct {
	transferOptions
	selectOptions
	sources   []string // files, URLs or "-"; at least one
	inputFile string   // more sources, one a line; "-" is stdin
	output    string   // "" is the current folder, "-" is stdout; see job.Destination
	flat      bool     // no folder for the torrent, and a line per file
	tar       bool     // stdout gets an archive of the files
	dryRun    bool     // tell what would be done, and do none of it
	save      string   // file that gets the .torrent; "": none

	daemon bool // a daemon downloads; the next say which
	daemonOptions

	metaTime timeValue // for what a link leads to
}

const getLong = `Get downloads what each SOURCE describes, verifies every byte, prints the final
path of each download on stdout, and exits. Progress and messages go to stderr.

A SOURCE is a .torrent file, the http(s) URL of one, - for standard input, a
magnet link, or a bare info-hash. Several are downloaded side by side, -j at a
time; a line is printed as each one is complete. --input-file names a file with
more, one a line; empty lines and those that begin with # are passed over. What a
link leads to comes from the peers; without --files, the selection in the link
(so=) holds.

A single file goes to -o FILE, or into -o DIR/ or an existing folder; a torrent
with a folder goes into -o DIR as DIR/NAME, or straight into DIR with --flat.
With --flat, --files or --exclude the path of each file is printed. With -o - the
verified bytes themselves go to stdout, in order, and nothing else does: several
files one after the other, or as one tar archive with --tar.

With --seed, --seed-ratio, --seed-time or --seed-idle it goes on uploading after
that, until Ctrl-C or the first limit, and exits with 0.

With --daemon a running gotor serve downloads, into the folder that its settings
say or -o names, and get waits for it: the limits of time, what is printed and the
exit code are the same. The daemon goes on when get ends early, and seeds
afterwards as it is set up, or as --seed and its limits say.

An unfinished file is called NAME.part. The same command again, or gotor resume,
goes on where the last one was stopped, however it ended.

Exit codes: see gotor help exit-codes. Several sources: 0 only if all succeeded,
else the code of the first SOURCE, in the order given, that failed.`

// newGetCmd describes get; runF is runGet, or a test's function.
func newGetCmd(s *streams, runF func(context.Context, *getOptions, *streams) error) *cobra.Command {
	o := new(getOptions)
	c := &cobra.Command{
		Use:        "get [flags] SOURCE...",
		SuggestFor: []string{"download", "fetch", "add"},
		Short:      "Download, verify, print the path, exit",
		Long:       getLong,
		Example: examples(
			"gotor get debian.torrent",
			"f=$(gotor get -q https://example.org/disk.torrent)",
			"gotor get -o images/ --files '*.iso' release.torrent",
			"gotor get -o - backup.tar.torrent | tar x",
			"gotor get -o - --tar --files '*.deb' repo.torrent | tar x",
			"gotor get --peer 10.0.0.7:6881 --timeout 10m build.torrent",
			"gotor get --metadata-timeout 1m 'magnet:?xt=urn:btih:...&tr=...'",
			"gotor get --seed-ratio 1 --max-up 5M debian.torrent"),
		Args:              wantArgs(0, -1, "any number of SOURCE"),
		ValidArgsFunction: torrentArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.takeSources(args, s); err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			if o.daemon {
				if err := o.checkDaemon(c.Flags()); err != nil {
					return err
				}
			}
			return runF(c.Context(), o, s)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "", "write to `PATH`, a file or a folder; - streams to stdout")
	f.StringVarP(&o.inputFile, "input-file", "i", "", "download also the SOURCEs in `FILE`, one a line; - is standard input")
	o.selectOptions.addFlags(f)
	f.StringArrayVar(&o.First, "first", nil, "download the files in `LIST` before the others")
	f.BoolVar(&o.flat, "flat", false, "leave out the torrent's own folder")
	f.BoolVar(&o.tar, "tar", false, "with -o -: send the files as one tar archive")
	f.BoolVar(&o.dryRun, "dry-run", false, "tell what would be downloaded, to where, and the free space; write nothing")
	f.StringVar(&o.save, "save-torrent", "", "write the .torrent to `FILE` too, or into a folder; of a link, once it is known")
	addMetadataFlag(f, &o.metaTime)
	f.BoolVar(&o.daemon, "daemon", false, "have the running daemon download, and wait for it; Ctrl-C leaves the download to it")
	o.daemonOptions.addFlags(f, "with --daemon: ")
	o.transferOptions.addFlags(c)
	return c
}

// check refuses what contradicts itself. What needs the torrent to be known is
// refused later, by plan.
func (o *getOptions) check() error {
	if err := o.needSource(); err != nil {
		return err
	}
	switch {
	case o.stdins() > 1:
		return errStdinTwice()
	case o.output == "-" && len(o.sources) > 1:
		return record.Usagef("-o - takes a single SOURCE, not %d", len(o.sources))
	case o.output == "-" && o.seeding():
		return record.Usagef("--seed and its limits need files, and -o - keeps none")
	case o.output == "-" && len(o.First) > 0:
		return record.Usagef("--first changes the order, and -o - keeps that of the torrent")
	case o.tar && o.output != "-":
		return record.Usagef("--tar is for -o -")
	case o.save == "-":
		return record.Usagef("--save-torrent needs a file; standard output is for paths, or bytes")
	case o.save != "" && o.many() && !job.IsDir(o.save) && !job.EndsInSlash(o.save):
		return record.Usagef("--save-torrent %s: with several SOURCEs it names a folder: write %s/", o.save, o.save)
	case o.output == "-" && o.flat && !o.tar:
		return record.Usagef("--flat says where files go, and -o - writes none; with --tar there are some")
	}
	if err := o.mirrorOptions.check(o.sources); err != nil {
		return err
	}
	return o.transferOptions.check(len(o.sources))
}

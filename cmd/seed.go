package cmd

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/record"
)

// seedOptions are the flags of seed.
type seedOptions struct {
	transferOptions
	selectOptions
	items   []seedItem
	made    torrentOptions // what a torrent that is made holds
	torrent string         // file to write that torrent to; "": none
	super   bool           // BEP 16
}

const seedLong = `Seed uploads data that is there already. It verifies the data, prints the magnet
link on stdout once somebody can find it (a tracker or the DHT has taken the
announce, the local network was told, or a peer has come; after 10 s at the
latest), and goes on until Ctrl-C or the first of --seed-ratio, --seed-time,
--seed-idle and --timeout; then it exits with 0. As long as nobody can find it,
stderr says why. The data is read and never written.

With SOURCE and PATH, the torrent is SOURCE (a .torrent file, the http(s) URL of
one, or - for standard input), and PATH is the file, the torrent's folder, or the
folder that holds one of them; of several SOURCEs, PATH is the folder that holds
the data of all. With PATHs alone, a torrent is made of each file or folder, as
gotor create does it; a file that is a torrent is not taken for data.
--torrent FILE writes the torrent of a single PATH as well.

All are seeded at the same time, from one port, and each has a line of its own on
stdout, in their order. One that fails does not end the others; its exit code is
that of the command in the end.

What was verified and uploaded is remembered in a state folder, so that the next
run of the same data begins at once and goes on counting the ratio. Data that is
not complete and right is exit code 8.

To seed as a service, run it under the system's supervisor: docs/seeding.md has a
unit for systemd, docs/gotor-seed@.service. --progress plain suits its log.`

// newSeedCmd describes seed; runF is runSeed, or a test's function.
func newSeedCmd(s *streams, runF func(context.Context, *seedOptions, *streams) error) *cobra.Command {
	o := new(seedOptions)
	var creating []string // names of the flags that are for a new torrent
	c := &cobra.Command{
		Use:   "seed [flags] [SOURCE...] PATH...",
		Short: "Upload existing, verified data",
		Long:  seedLong,
		Example: examples(
			"gotor seed debian.torrent ~/Downloads",
			"gotor seed a.torrent b.torrent c.torrent /srv/release",
			"gotor seed --tracker http://10.0.0.5:6969/announce --torrent b.torrent build/",
			"gotor seed --seed-ratio 3 --max-up 10M release.torrent /srv/release"),
		ValidArgsFunction: anyFile,
		// The flags are looked at here, where the environment has not set any yet:
		// GOTOR_TRACKER may be there for create.
		Args: func(c *cobra.Command, args []string) error {
			if err := wantArgs(1, -1, "PATH, or SOURCE and PATH")(c, args); err != nil {
				return err
			}
			var err error
			if o.items, err = seedItems(args); err != nil {
				return err
			}
			for _, name := range creating {
				if o.items[0].source != "" && c.Flags().Changed(name) {
					return record.Usagef("--%s is for a torrent that seed makes: give PATH without SOURCE", name)
				}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.accept(); err != nil {
				return err
			}
			return runF(c.Context(), o, s)
		},
	}
	creating = o.addFlags(c)
	return c
}

// addFlags describes the flags and returns the names of those for a new torrent.
func (o *seedOptions) addFlags(c *cobra.Command) (creating []string) {
	o.made.addFlags(c)
	f := c.Flags()
	f.StringVar(&o.torrent, "torrent", "", "write the torrent that is made to `FILE`")
	f.VisitAll(func(f *pflag.Flag) {
		if f.Name != "tracker" { // of a SOURCE, it adds to those that are there
			creating = append(creating, f.Name)
		}
	})
	o.selectOptions.addFlags(f)
	f.BoolVar(&o.super, "super", false, "show each peer few pieces at a time, to upload each only once (BEP 16)")
	f.BoolVar(&o.portable, "portable-names", false, "the data was laid out with --portable-names")
	f.BoolVar(&o.json, "json", false, "print a JSON record when seeding begins, and one at the end")
	o.addSwarmFlags(c)
	return creating
}

// accept refuses what contradicts itself.
func (o *seedOptions) accept() error {
	// Jobs bounds how many are hashed at a time; a place is free again as soon as its
	// torrent seeds.
	o.seed, o.jobs = true, defaultJobs
	many := len(o.items) > 1
	// One flag for both meanings: in a torrent that is made the tracker is stored, to one
	// that exists it is added for this run.
	if o.items[0].source != "" {
		o.trackers.values = o.made.trackers
	}
	switch {
	case o.torrent == "-":
		return record.Usagef("--torrent needs a file: standard output is for the magnet link")
	case many && o.torrent != "":
		return record.Usagef("--torrent writes one torrent; give one PATH")
	case many && o.made.name != "":
		return record.Usagef("--name is for one torrent; give one PATH")
	case many && o.given():
		return record.Usagef("--files and --exclude are for one torrent; give one SOURCE")
	case o.items[0].source == "" && o.given():
		return record.Usagef("--files and --exclude are for a SOURCE; a torrent that is made has all of PATH")
	}
	return o.check(len(o.items))
}

// anyFile completes arguments with any file name.
func anyFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

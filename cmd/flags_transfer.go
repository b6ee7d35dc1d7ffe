package cmd

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
)

// Time limits where nobody watches: a job in CI must not hang for ever because
// a swarm is dead. A person at a terminal decides for herself.
const (
	unattendedMetadata = 5 * time.Minute
	unattendedPeers    = 5 * time.Minute
	unattendedStall    = 10 * time.Minute
)

// defaultJobs is how many sources are downloaded at the same time.
const defaultJobs = 4

// transferOptions are the flags that get and resume share.
type transferOptions struct {
	uploadOptions
	discoverOptions
	mirrorOptions
	trackers addedTrackers
	progress progressOptions
	verbose  verbosity
	json     bool // records instead of paths on stdout
	jobs     int  // sources at the same time; at least 1

	// timeout counts from the start of the run and is shared by all sources;
	// the others count for each source by itself.
	timeout, stall, peerTime timeValue

	peers     []string  // HOST:PORT, several separated by commas
	port      portValue // for incoming connections
	maxMemory sizeValue // bytes, of the whole process, about
	maxDown   rateValue // bytes per second, of all sources together; 0: no limit
	overwrite bool      // files that hold other data may be replaced
	noSync    bool      // no fsync: a power cut may cost data
	prealloc  bool
	portable  bool // clean names for Windows everywhere
	insecure  bool // TLS certificates of sources and trackers are not verified
	seed      bool // stay when complete, until a limit or a signal

	exec       string   // for sh -c; never changed
	sha256     []string // [PATH=]HEX
	sha256sums string   // a file as sha256sum writes it
}

// addFlags describes the flags of get and resume. A flag whose default depends on
// the terminal says so in its text, because the value that pflag would print is
// not it.
func (o *transferOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.Var(&o.stall, "stall-timeout", "give up when no byte was verified for so long; 0: never (default: 10m off a terminal)")
	f.Var(&o.peerTime, "peer-timeout", "give up when no peer was found for so long; 0: never (default: 5m off a terminal)")
	f.Var(&o.maxDown, "max-down", "download at most so much per second, like 500K (bytes) or 10Mbit; 0: no limit")
	f.IntVarP(&o.jobs, "jobs", "j", defaultJobs, "download `N` sources at the same time")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace files that hold other data")
	f.BoolVar(&o.noSync, "no-sync", false, "do not wait for the disk: fast, but not safe against a power cut")
	f.BoolVar(&o.prealloc, "prealloc", false, "reserve the disk space at the start")
	f.BoolVar(&o.portable, "portable-names", false, "clean file names as Windows needs it, on any system")
	f.BoolVar(&o.seed, "seed", false, "go on uploading when complete, until Ctrl-C or a --seed limit")
	f.StringArrayVar(&o.sha256, "sha256", nil, "expected SHA-256 of a file: `[PATH=]HEX`; may be repeated")
	f.StringVar(&o.sha256sums, "sha256sums", "", "expected SHA-256 of files, as sha256sum writes them to `FILE`")
	o.trackers.addFlag(f, "announce to")
	o.mirrorOptions.addFlags(f)
	f.StringVar(&o.exec, "exec", "", "run sh -c `CMD` after each complete download; its failure is exit code 13")
	f.BoolVar(&o.json, "json", false, "print a JSON record per source instead of paths")
	o.addSwarmFlags(c)
}

// addSwarmFlags describes the flags of everything that talks to peers: get,
// resume and seed.
func (o *transferOptions) addSwarmFlags(c *cobra.Command) {
	o.maxMemory = 64 << 20
	f := c.Flags()
	f.Var(&o.timeout, "timeout", "give up when the whole job takes longer; 0: never (default)")
	f.StringArrayVar(&o.peers, "peer", nil, "add the peer `HOST:PORT` by hand; may be repeated")
	f.Var(&o.port, "port", "port for incoming connections: a number, auto or none")
	f.Var(&o.maxMemory, "max-memory", "use about so much memory")
	f.BoolVar(&o.insecure, "insecure", false, "do not verify TLS certificates")
	o.discoverOptions.addFlags(c)
	o.uploadOptions.addFlags(c)
	o.progress.addFlags(c)
	o.verbose.addFlag(f)
}

// seeding reports whether a complete download stays: also when only a limit of
// that was given.
func (o *transferOptions) seeding() bool { return o.seed || o.limited() }

// check refuses values that are out of range; sources is how many there are.
func (o *transferOptions) check(sources int) error {
	if o.jobs < 1 {
		return record.Usagef("--jobs must be at least 1")
	}
	if o.maxMemory < 1<<20 {
		return record.Usagef("--max-memory must be at least 1MiB")
	}
	if err := o.uploadOptions.check(); err != nil {
		return err
	}
	if err := o.discoverOptions.check(); err != nil {
		return err
	}
	if o.verbose > 0 && o.progress.quiet {
		return record.Usagef("--verbose tells more and --quiet less: choose one")
	}
	if err := job.CheckTrackers(o.trackers.urls()); err != nil {
		return err
	}
	// A digest without a path is for the only file of the only source.
	if sources > 1 {
		for _, v := range o.sha256 {
			if !strings.Contains(v, "=") {
				return record.Usagef("--sha256 needs PATH= with several sources")
			}
		}
	}
	return nil
}

// limits fills in the default time limits, which depend on whether somebody
// watches.
func (o *transferOptions) limits(errTTY func() bool) (timeout, stall, peers time.Duration) {
	stall, peers = o.stall.d, o.peerTime.d
	// The terminal is asked for only when it matters: that is a system call.
	if (!o.stall.set || !o.peerTime.set) && !errTTY() {
		stall, peers = o.stall.or(unattendedStall), o.peerTime.or(unattendedPeers)
	}
	return o.timeout.d, stall, peers
}

// terms are what the flags say of any torrent; peers are those of --peer.
func (o *transferOptions) terms(peers *job.Peers, warn func(string)) *job.Terms {
	t := &job.Terms{
		Peers: peers, Trackers: o.trackers.urls(), Mirrors: o.mirrorOptions.list(), NoWebSeeds: o.noWebSeeds,
		Portable: o.portable, Overwrite: o.overwrite, NoSync: o.noSync, Prealloc: o.prealloc, Warn: warn,
	}
	t.Seeding = torrent.Seeding{Seed: o.seeding(), SeedRatio: o.ratio.v, SeedTime: o.seedTime.d, SeedIdle: o.seedIdle.d}
	return t
}

// addMetadataFlag describes the time limit of everything that takes links.
func addMetadataFlag(f *pflag.FlagSet, v *timeValue) {
	f.Var(v, "metadata-timeout", "give up when nobody told what a link leads to for so long; 0: never (default: 5m off a terminal)")
}

// metadataLimit fills in the default of that flag.
func metadataLimit(v timeValue, errTTY func() bool) time.Duration {
	if v.set || errTTY() {
		return v.d
	}
	return unattendedMetadata
}

package cmd

import (
	"cmp"
	"errors"
	"math"
	"os"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
)

// uploadOptions are the flags of get, resume and seed about giving.
type uploadOptions struct {
	ratio              ratioValue // uploaded bytes per byte of the torrent
	seedTime, seedIdle timeValue
	maxUp              rateValue // bytes per second, of all torrents together; 0: no limit

	// Connections in all and of each torrent, and peers that are sent something
	// at a time; 0: chosen by the engine.
	maxPeers, maxPeersPerTorrent, slots int

	stateDir string // "" is the system's place, see job.StateDir
}

// addFlags describes the flags.
func (o *uploadOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.Var(&o.ratio, "seed-ratio", "seed until `R` times the torrent's size was uploaded, earlier runs counted")
	f.Var(&o.seedTime, "seed-time", "seed for so long")
	f.Var(&o.seedIdle, "seed-idle", "seed until nobody was sent anything for so long")
	f.Var(&o.maxUp, "max-up", "upload at most so much per second, like 500K (bytes) or 10Mbit; 0: no limit")
	f.IntVar(&o.maxPeers, "max-peers", 0, "connect to at most `N` peers in all; 0: 500, or what open files allow")
	f.IntVar(&o.maxPeersPerTorrent, "max-peers-per-torrent", 0, "connect to at most `N` peers for each torrent; 0: 80, or what open files allow")
	f.IntVar(&o.slots, "upload-slots", 0, "upload to at most `N` peers of a torrent at a time; 0: by upload capacity")
	f.StringVar(&o.stateDir, "state-dir", "", "remember what is seeded in `DIR` (default: the user's state folder)")
}

// limited reports whether one of the limits of seeding was given, which nobody
// does who does not want to seed.
func (o *uploadOptions) limited() bool { return o.ratio.set || o.seedTime.set || o.seedIdle.set }

// check refuses values that are out of range. A limit of 0 is one for some
// programs and none for others, so it is neither here.
func (o *uploadOptions) check() error {
	for _, l := range []struct {
		flag string
		v    timeValue
	}{{"seed-time", o.seedTime}, {"seed-idle", o.seedIdle}} {
		if l.v.set && l.v.d <= 0 {
			return record.Usagef("--%s must be more than 0; leave it out to seed without that limit", l.flag)
		}
	}
	for _, l := range []struct {
		flag string
		n    int
	}{{"max-peers", o.maxPeers}, {"max-peers-per-torrent", o.maxPeersPerTorrent}, {"upload-slots", o.slots}} {
		if l.n < 0 {
			return record.Usagef("--%s must not be negative", l.flag)
		}
	}
	return nil
}

// configure sets what the flags say about all torrents together.
func (o *uploadOptions) configure(cfg *torrent.Config, s *streams, seeding bool) {
	cfg.MaxUp, cfg.MaxPeers, cfg.MaxPeersPerTorrent, cfg.UploadSlots = int64(o.maxUp), o.maxPeers, o.maxPeersPerTorrent, o.slots
	// The key seals what is said about unfinished downloads, too; the rest of the folder
	// is for those who seed.
	if cfg.KeyDir = o.keyDir(s); seeding {
		cfg.StateDir = cfg.KeyDir
	}
}

// keyDir is the folder of what this user's state is sealed with.
func (o *uploadOptions) keyDir(s *streams) string {
	return cmp.Or(o.stateDir, job.StateDir(runtime.GOOS, s.getenv))
}

// prepare makes the state folder that was asked for by name, so that a mistake
// is noticed. Without that of the system people can seed all the same.
func (o *uploadOptions) prepare() error {
	if o.stateDir == "" {
		return nil
	}
	if err := os.MkdirAll(o.stateDir, 0o700); err != nil {
		return job.FileError("make the state folder", o.stateDir, err)
	}
	return nil
}

// ratioValue is a flag above 0, such as 1.5. Whether it was given is told apart.
type ratioValue struct {
	v   float64
	set bool
}

var errRatio = errors.New("not a ratio; write a number above 0, such as 1.5")

func (r *ratioValue) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) { // NaN is not above 0
		return errRatio
	}
	r.v, r.set = v, true
	return nil
}

func (r *ratioValue) String() string {
	if !r.set {
		return ""
	}
	return strconv.FormatFloat(r.v, 'g', -1, 64)
}

func (*ratioValue) Type() string { return "R" }

//go:build interop && linux

package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// swarm is a payload, its torrent, and a network with a tracker for it.
type swarm struct {
	t       *testing.T
	lab     *lab
	net     *network
	tracker *tracker
	me      *host    // where gotor runs
	env     []string // what gotor gets beside the usual environment
	payload payload
	data    string // folder that holds the payload
	torrent string
	hash    hash
}

// maker makes a .torrent at out from what lies at path.
type maker func(t *testing.T, l *lab, path, out string, pieceLog2 int, tiers []string)

// makers are the programs that make torrents.
var makers = map[string]maker{
	"mktorrent": func(t *testing.T, l *lab, path, out string, pieceLog2 int, tiers []string) {
		l.need(t, "mktorrent")
		argv := []string{l.path("mktorrent"), "-l", strconv.Itoa(pieceLog2), "-o", out}
		for _, tier := range tiers {
			argv = append(argv, "-a", tier)
		}
		run(t, append(argv, path)...)
	},
	"transmission-create": func(t *testing.T, l *lab, path, out string, pieceLog2 int, tiers []string) {
		l.need(t, "transmission-create")
		argv := []string{l.path("transmission-create"), "-s", strconv.Itoa(1 << pieceLog2 >> 10), "-o", out}
		for _, tier := range tiers {
			argv = append(argv, "-t", tier)
		}
		run(t, append(argv, path)...)
	},
	hybridMaker: func(t *testing.T, l *lab, path, out string, pieceLog2 int, tiers []string) {
		l.need(t, "libtorrent")
		argv := []string{l.path("libtorrent"), "testdata/lt_create.py", "--piece-length", strconv.Itoa(1 << pieceLog2)}
		for _, tier := range tiers {
			argv = append(argv, "--tracker", tier)
		}
		run(t, append(argv, path, out)...)
	},
	"gotor": func(t *testing.T, l *lab, path, out string, pieceLog2 int, tiers []string) {
		argv := []string{l.gotor, "create", "-o", out, "--piece-length", strconv.Itoa(1 << pieceLog2), "-q"}
		for _, tier := range tiers {
			argv = append(argv, "--tracker", tier)
		}
		run(t, append(argv, path)...)
	},
}

// hybridMaker makes hybrid torrents (BEP 52).
const hybridMaker = "libtorrent"

// setup is how a swarm differs from the usual one.
type setup struct {
	payload   payload
	maker     string                 // "" is mktorrent
	pieceLog2 int                    // 0 is 18: 256 KiB
	tiers     func(h *host) []string // trackers by tier; nil is the swarm's, by HTTP
	own       bool                   // the tracker is gotor's, not opentracker
}

// swarm builds a network with a tracker on its first host and gotor's place on
// the second.
func (l *lab) swarm(t *testing.T, o setup) *swarm {
	t.Helper()
	if o.maker == "" {
		o.maker = "mktorrent"
	}
	if o.pieceLog2 == 0 {
		o.pieceLog2 = 18
	}
	if o.tiers == nil {
		o.tiers = func(h *host) []string { return []string{h.announceURL("http")} }
	}
	s := &swarm{t: t, lab: l, net: newNet(t), payload: o.payload, data: t.TempDir()}
	at := s.net.host(t)
	s.me = s.net.host(t)
	s.torrent = filepath.Join(t.TempDir(), "x.torrent")
	o.payload.write(t, s.data)
	makers[o.maker](t, l, filepath.Join(s.data, o.payload.name), s.torrent, o.pieceLog2, o.tiers(at))
	if o.maker == "transmission-create" {
		s.payload = o.payload.withoutEmpty() // it leaves them out
	}
	s.hash = infoHash(t, s.torrent)
	if o.own {
		s.tracker = l.ownTracker(t, at)
	} else {
		s.tracker = l.tracker(t, at, s.hash)
	}
	return s
}

// in is the swarm in the hands of a subtest.
func (s *swarm) in(t *testing.T) *swarm {
	c := *s
	c.t = t
	return &c
}

// copyData gives a client a folder of its own with the payload, since some
// write beside it.
func (s *swarm) copyData() string {
	s.t.Helper()
	dir := s.t.TempDir()
	must(s.t, os.CopyFS(dir, os.DirFS(s.data)))
	return dir
}

// seed starts a seeder on a host of its own and waits until the tracker knows
// one more.
func (s *swarm) seed(client client) *proc {
	s.t.Helper()
	before, _ := s.tracker.counts(s.hash)
	p := client.seed(s.t, s.lab, s.net.host(s.t), s.torrent, s.copyData())
	s.seeders(before+1, p)
	return p
}

// seeders waits until the tracker knows n seeders.
func (s *swarm) seeders(n int, needs ...*proc) {
	s.t.Helper()
	until(s.t, fmt.Sprintf("the tracker knows %d seeders", n), func() bool {
		seeders, _ := s.tracker.counts(s.hash)
		return seeders >= n
	}, append(needs, s.tracker.proc)...)
}

// leechers waits until the tracker knows n peers that are not complete.
func (s *swarm) leechers(n int, needs ...*proc) {
	s.t.Helper()
	until(s.t, fmt.Sprintf("the tracker knows %d leechers", n), func() bool {
		_, leechers := s.tracker.counts(s.hash)
		return leechers >= n
	}, append(needs, s.tracker.proc)...)
}

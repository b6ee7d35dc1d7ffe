package torrent

import (
	"net/netip"
	"testing"
	"time"

	"gotor/torrent/metainfo"
)

// A seed knows who leads others to it, and when nobody does. wait is the least
// virtual time after which that is known, in seconds; less than one more is fine.
func TestFindable(t *testing.T) {
	nobody := netip.MustParseAddrPort("10.0.0.77:1")
	deaf := func(l *lab) string { // it takes connections and never answers
		a, h := l.host()
		ls, err := h.Listen(l.Context(), "tcp", ":80")
		if err != nil {
			l.Fatal(err)
		}
		l.Cleanup(func() { ls.Close() })
		go func() {
			for c, err := ls.Accept(); err == nil; c, err = ls.Accept() {
				l.Cleanup(func() { c.Close() })
			}
		}()
		return "http://" + a.String() + "/announce"
	}
	trackers := func(urls ...string) func(l *lab, m *metainfo.Torrent) {
		return func(_ *lab, m *metainfo.Torrent) { m.Trackers = [][]string{urls} }
	}
	for name, c := range map[string]struct {
		trackers func(l *lab, m *metainfo.Torrent) // nil: the one of the lab
		client   func(l *lab) *Client              // nil: without DHT and local network
		peers    []netip.AddrPort
		wait     int
		found    bool
		check    func(s *Snapshot) bool
	}{
		"tracker":           {found: true, check: (*Snapshot).Tracked},
		"nothing":           {trackers: trackers()},
		"tracker refuses":   {trackers: trackers("http://10.0.0.1:81/announce"), check: func(s *Snapshot) bool { return s.Trackers[0].Error != "" }},
		"tracker is silent": {trackers: func(l *lab, m *metainfo.Torrent) { m.Trackers = [][]string{{deaf(l)}} }, wait: 10},
		"DHT": {trackers: trackers(), found: true, check: func(s *Snapshot) bool { return s.DHT.Stored == 1 },
			client: func(l *lab) *Client { _, node := l.dhtSeed(blastPayload(1000), false); return l.dhtClient(nil, node) }},
		"DHT after the tracker": {trackers: trackers("http://10.0.0.1:81/announce"), found: true, wait: 1,
			client: func(l *lab) *Client { _, node := l.dhtSeed(blastPayload(1000), false); return l.dhtClient(nil, node) }},
		"DHT of nobody": {trackers: trackers(), client: func(l *lab) *Client { return l.dhtClient(nil) }},
		"DHT, no port": {trackers: trackers(), check: func(s *Snapshot) bool { return s.Port == 0 }, client: func(l *lab) *Client {
			_, node := l.dhtSeed(blastPayload(1000), false)
			return l.dhtClient(func(c *Config) { c.Port = -1 }, node)
		}},
		"neighbours": {trackers: trackers(), found: true, client: func(l *lab) *Client { return l.neighbour(&localNet{}, nil) },
			check: func(s *Snapshot) bool { return s.LocalTold }},
		"no multicast": {trackers: trackers(), client: func(l *lab) *Client { return l.client(Config{LSD: true}) }},
		"dead peer":    {trackers: trackers(), peers: []netip.AddrPort{nobody}, check: func(s *Snapshot) bool { return len(s.PeerErrors) == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				spec := l.seedSpec(blastPayload(100_000))
				if c.trackers != nil {
					c.trackers(l, spec.Meta)
				}
				client := (*Client)(nil)
				if c.client != nil {
					client = c.client(l)
					time.Sleep(time.Minute) // what was begun for it has settled
				} else {
					client = l.client(Config{})
				}
				spec.Peers = c.peers
				seed := l.mustGet(client, spec)
				begun := time.Now()
				<-seed.Findable()
				if took := time.Since(begun); took < time.Duration(c.wait)*time.Second || took >= time.Duration(c.wait+2)*time.Second {
					t.Errorf("known after %v, want %d s", took, c.wait)
				}
				s := seed.Snapshot()
				if s.Findable() != c.found || s.Hidden() == c.found || s.Found != c.found || !s.Decided {
					t.Errorf("findable %v, hidden %v, found %v, want %v; %+v", s.Findable(), s.Hidden(), s.Found, c.found, s)
				}
				if c.check != nil && !c.check(&s) {
					t.Errorf("%+v", s)
				}
				seed.Stop()
				<-seed.Stopped()
				if s := seed.Snapshot(); s.Found != c.found {
					t.Errorf("forgotten at the end: %+v", s)
				}
			})
		})
	}
}

// A peer that comes by itself, or is found by --peer, has found us.
func TestFindableByPeer(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(100_000))
		spec.Meta = lonely(spec.Meta)
		leech := l.client(Config{Port: 7001, MaxDown: 1})
		l.add(leech, of(spec.Meta))
		spec.Peers = []netip.AddrPort{l.addr(leech)}
		seed := l.mustGet(l.client(Config{}), spec)
		<-seed.Findable()
		if s := seed.Snapshot(); !s.Findable() || s.Peers != 1 {
			t.Errorf("%+v", s)
		}
	})
}

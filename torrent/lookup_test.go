package torrent

import (
	"crypto/sha1"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotor/peer/simnet"
	"gotor/torrent/metainfo"
)

// linkTo is a magnet link to m with the peers given.
func linkTo(m *metainfo.Torrent, peers ...netip.AddrPort) *metainfo.Link {
	l := &metainfo.Link{InfoHash: m.InfoHash, HasV1: true, Name: "label"}
	for _, p := range peers {
		l.Peers = append(l.Peers, p.String())
	}
	return l
}

// seedClient is a gotor that seeds payload, and where.
func (l *lab) seedClient(payload []byte) (*metainfo.Torrent, netip.AddrPort) {
	l.Helper()
	spec := l.seedSpec(payload)
	c := l.client(Config{})
	l.mustGet(c, spec)
	return spec.Meta, l.addr(c)
}

func TestLink(t *testing.T) {
	for name, change := range map[string]func(l *lab, s *order, addr netip.AddrPort){
		"x.pe": func(_ *lab, s *order, addr netip.AddrPort) { s.Link.Peers = []string{addr.String()} },
		"a tracker": func(l *lab, s *order, addr netip.AddrPort) {
			s.Link.Trackers = []string{l.tracker.URL}
			l.tracker.SetPeers(addr)
		},
		"a peer by hand":  func(_ *lab, s *order, addr netip.AddrPort) { s.Peers = []netip.AddrPort{addr} },
		"x.pe with noise": func(_ *lab, s *order, addr netip.AddrPort) { s.Link.Peers = []string{"10.9.9.9:1", addr.String()} },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(300_000)
				m, addr := l.seedClient(payload)
				l.tracker.SetPeers()
				s := order{Source: Source{Link: linkTo(m)}}
				change(l, &s, addr)
				start := time.Now()
				got := l.mustGet(l.client(Config{}), s)
				if d := time.Since(start); d > 2*time.Second {
					t.Errorf("took %v", d)
				}
				l.wantFile("payload", payload)
				if got.Root() != filepath.Join(l.dir, "payload") {
					t.Errorf("root %s", got.Root())
				}
			})
		})
	}
}

// Who begins what a link leads to sees the whole .torrent, trackers of the link
// included, and decides.
func TestLinkBegin(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, addr := l.seedClient(payload)
		link := linkTo(m, addr)
		link.Trackers = []string{l.tracker.URL}
		tor := l.look(l.client(Config{}), link)
		if err := tor.Begin(Spec{}); err == nil {
			t.Error("begun before it was known")
		}
		<-tor.Known()
		raw, known := tor.Metainfo()
		meta, err := metainfo.Parse(raw)
		if err != nil || len(meta.Trackers) != 1 || meta.InfoHash != m.InfoHash || known.InfoHash != m.InfoHash {
			t.Errorf("known as %v, %v", meta, err)
		}
		time.Sleep(time.Minute) // to think about it
		if s := tor.Snapshot(); s.State != StateStarting || s.Name != "label" {
			t.Errorf("waits in state %s as %q", s.State, s.Name)
		}
		spec := Spec{Place: Place{Dir: l.dir, Rename: "other"}}
		l.must(tor.Begin(spec))
		if err := tor.Begin(spec); err == nil {
			t.Error("begun twice")
		}
		if <-tor.Done(); tor.Err() != nil {
			t.Fatal(tor.Err())
		}
		l.wantFile("other", payload)
	})
}

// An info dictionary of the right hash that is none of a torrent ends the search.
func TestLinkMalformed(t *testing.T) {
	inLab(t, func(l *lab) {
		info := []byte("d6:lengthi1e4:name1:xe")
		link := &metainfo.Link{HasV1: true, InfoHash: sha1.Sum(info), Peers: []string{l.giver(info, time.Millisecond).String()}}
		tor := l.look(l.client(Config{}), link)
		<-tor.Done()
		var bad *metainfo.Error
		if !errors.As(tor.Err(), &bad) || bad.Unsupported {
			t.Errorf("ended with %v", tor.Err())
		}
		if err := tor.Begin(Spec{}); !errors.Is(err, tor.Err()) {
			t.Errorf("begun all the same: %v", err)
		}
		l.end(tor)
	})
}

// Nothing happens to a torrent that is known and was not begun, but what limits it;
// and then it is too late.
func TestNotBegun(t *testing.T) {
	inLab(t, func(l *lab) {
		m, addr := l.seedClient(blastPayload(300_000))
		tor, err := l.client(Config{}).Add(Source{Meta: m, Local: true, Peers: []netip.AddrPort{addr}}, Lookup{Timeout: time.Minute})
		l.must(err)
		<-tor.Known()
		start := time.Now()
		if <-tor.Done(); !errors.Is(tor.Err(), ErrTimeout) || time.Since(start) != time.Minute {
			t.Errorf("ended after %v with %v", time.Since(start), tor.Err())
		}
		if s := tor.Snapshot(); s.Tried != 0 || s.Name != "payload" {
			t.Errorf("%d peers were dialled for %q", s.Tried, s.Name)
		}
		if err := tor.Begin(Spec{Place: Place{Dir: l.dir}}); !errors.Is(err, ErrTimeout) {
			t.Errorf("begun at last: %v", err)
		}
		l.wantNames()
	})
}

// A second run finds the metainfo of the first beside the data.
func TestLinkResume(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m, addr := l.seedClient(payload)
		first := l.add(l.client(Config{MaxDown: 1 << 20}), order{Source: Source{Link: linkTo(m, addr)}})
		l.until(first, "half of it", func(s Snapshot) bool { return s.Verified > 2<<20 })
		first.Stop()
		<-first.Stopped()
		link := linkTo(m) // nobody to ask for metadata
		second := l.add(l.client(Config{Port: 7000}), order{Source: Source{Link: link}})
		s := l.until(second, "downloading", func(s Snapshot) bool { return s.State == StateDownloading })
		if s.Resumed < 2<<20 || s.ToCheck != 0 {
			t.Errorf("resumed with %d bytes, hashed %d", s.Resumed, s.ToCheck)
		}
		second.AddPeer(addr)
		<-second.Done()
		if err := second.Err(); err != nil {
			t.Fatal(err)
		}
		l.wantFile("payload", payload)
	})
}

func TestLinkTimeout(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(blastPayload(1000), 16<<10)
		link := linkTo(m)
		link.Trackers = []string{l.tracker.URL}
		start := time.Now()
		_, err := l.get(l.client(Config{}), order{Source: Source{Link: link}, Lookup: Lookup{MetadataTimeout: 3 * time.Minute},
			Spec: Spec{Limits: Limits{PeerTimeout: time.Second}}})
		if !errors.Is(err, ErrNoMetadata) || time.Since(start) != 3*time.Minute {
			t.Errorf("%v after %v, want no metadata after 3m", err, time.Since(start))
		}
	})
}

func TestLinkHopeless(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(blastPayload(1000), 16<<10)
		if _, err := l.get(l.client(Config{Port: -1}), order{Source: Source{Link: linkTo(m)}}); !errors.Is(err, ErrNoMetadata) {
			t.Errorf("got %v, want ErrNoMetadata at once", err)
		}
	})
}

// Peers without metadata, liars and silent ones only cost time.
func TestLinkBadCompany(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, addr := l.seedClient(payload)
		liar := *m
		liar.Info = append([]byte(nil), m.Info...)
		liar.Info[len(liar.Info)-30] ^= 1 // a piece hash
		peers := []netip.AddrPort{addr}
		for range 3 {
			c := l.client(Config{})
			l.add(c, order{Source: Source{Meta: &liar}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
			peers = append([]netip.AddrPort{l.addr(c)}, peers...)
		}
		silentAt := netip.MustParseAddrPort("10.0.0.200:1")
		l.silentPeer(silentAt)
		peers = append([]netip.AddrPort{silentAt}, peers...)
		got := l.mustGet(l.client(Config{}), order{Source: Source{Link: linkTo(m, peers...)}})
		l.wantFile("payload", payload)
		if sha1.Sum(got.meta.Info) != m.InfoHash {
			t.Error("wrong metadata was taken")
		}
	})
}

// silentPeer accepts connections and says nothing.
func (l *lab) silentPeer(at netip.AddrPort) {
	h := l.net.Host(at.Addr(), simnet.HostOptions{})
	ln, err := h.Listen(l.Context(), "tcp", at.String())
	if err != nil {
		l.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			l.Cleanup(func() { c.Close() })
		}
	}()
	l.Cleanup(func() { ln.Close(); <-done })
}

// Stopping in the middle of the search leaves nothing.
func TestLinkStop(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(blastPayload(1000), 16<<10)
		x := l.add(l.client(Config{}), order{Source: Source{Link: linkTo(m, netip.MustParseAddrPort("10.9.9.9:1"))}})
		time.Sleep(time.Second)
		if s := x.Snapshot(); s.State != StateMetadata || s.Name != "label" {
			t.Errorf("state %s of %q", s.State, s.Name)
		}
		x.Stop()
		<-x.Stopped()
		if !errors.Is(x.Err(), ErrStopped) {
			t.Errorf("ended with %v", x.Err())
		}
		if names, _ := os.ReadDir(l.dir); len(names) != 0 {
			t.Errorf("left %v", names)
		}
	})
}

// What a second source delivers when the first has led to the metainfo is left.
func TestLinkSecondSource(t *testing.T) {
	taken := 0
	l := lookup{news: lookupNews{here: func() { taken++ }, done: func([]byte, *metainfo.Torrent, error) { taken++ }}}
	l.gotInfo([]byte("d4:name1:ae"))
	if l.got([]byte("d"), nil); taken != 0 {
		t.Error("it is taken")
	}
}

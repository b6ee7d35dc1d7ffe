package torrent

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gotor/torrent/metainfo"
)

// Both sides of a connection see what the other does.
func TestPeers(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(2 << 20)
		spec := l.seedSpec(payload)
		seeder, leecher := l.client(Config{MaxUp: 100 << 10}), l.client(Config{})
		seed := l.mustGet(seeder, spec)
		l.tracker.SetPeers(l.addr(seeder))
		start := time.Now()
		leech := l.add(leecher, of(spec.Meta))
		l.until(leech, "a part is here", func(s Snapshot) bool { return s.Verified > 500_000 })
		p := leech.Inside().Peers()
		if len(p) != 1 {
			t.Fatalf("peers: %+v", p)
		}
		if p := p[0]; p.Addr != l.addr(seeder) || p.Client != "gotor/test" || p.Origin != "tracker" || p.Incoming || p.Transport != "tcp" || p.Encryption != "none" ||
			p.Choking || !p.Interesting || p.Interested || p.Progress != 1 || p.Downloaded < 500_000 || p.Uploaded != 0 || p.DownRate < 50<<10 || p.Since.Before(start) {
			t.Errorf("the seed is seen as %+v", p)
		}
		p = seed.Inside().Peers()
		if len(p) != 1 {
			t.Fatalf("peers: %+v", p)
		}
		if p := p[0]; !p.Incoming || p.Origin != "incoming" || p.Client != "gotor/test" || p.Choked || !p.Interested || p.Interesting || p.Progress == 1 || p.Uploaded < 500_000 || p.UpRate < 50<<10 {
			t.Errorf("the leecher is seen as %+v", p)
		}
		if k := seeder.Totals().Kinds; len(k) != 2 || k[p[0].PeerKind] != 1 {
			t.Errorf("kinds of connections: %v", k)
		}
		leech.Stop()
		<-leech.Stopped()
		if p := leech.Inside().Peers(); p != nil {
			t.Errorf("peers after the end: %+v", p)
		}
	})
}

// Those who may give the metainfo are peers, too, and can be dropped and banned.
func TestPeersOfLink(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.client(Config{Port: 6881})
		tor := l.look(c, &metainfo.Link{InfoHash: [20]byte{1}, HasV1: true})
		strangers := l.client(Config{Port: 6881})
		l.look(strangers, &metainfo.Link{InfoHash: [20]byte{1}, HasV1: true}).AddPeer(l.addr(c))
		l.until(tor, "somebody is there", func(s Snapshot) bool { return s.Peers == 1 })
		p := tor.Inside().Peers()
		if len(p) != 1 || !p[0].Incoming || p[0].Client == "" {
			t.Errorf("peers: %+v", p)
		}
		tor.Disconnect(p[0].Addr)
		l.until(tor, "it is gone", func(s Snapshot) bool { return s.Peers == 0 })
		l.until(tor, "it comes again", func(s Snapshot) bool { return s.Peers == 1 })
		c.Ban(l.addrs[strangers], time.Now().Add(10*time.Minute))
		l.until(tor, "it is gone", func(s Snapshot) bool { return s.Peers == 0 })
		time.Sleep(9 * time.Minute)
		if s := tor.Snapshot(); s.Peers != 0 {
			t.Errorf("%d peers, of whom all are banned", s.Peers)
		}
		l.until(tor, "the ban is over", func(s Snapshot) bool { return s.Peers == 1 })
	})
}

// Nobody who is banned is dialled or let in, in any torrent, until the ban ends or is
// lifted; who is not banned is.
func TestBan(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(2 << 20)
		spec := l.seedSpec(payload)
		seeder, good := l.client(Config{}), l.client(Config{MaxUp: 8 << 10})
		l.mustGet(seeder, spec)
		l.mustGet(good, l.seedSpec(payload))
		c := l.client(Config{MaxDown: 16 << 10})
		tor := l.add(c, order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder), l.addr(good)}}})
		l.until(tor, "both are there", func(s Snapshot) bool { return s.Peers == 2 })
		c.Ban(netip.AddrFrom16(l.addrs[seeder].As16()), time.Now().Add(20*time.Second)) // by its mapped form
		l.until(tor, "one is gone", func(s Snapshot) bool { return s.Peers == 1 })
		time.Sleep(15 * time.Second)
		if p := tor.Inside().Peers(); len(p) != 1 || p[0].Addr.Addr() != l.addrs[good] {
			t.Errorf("peers: %+v", p)
		}
		l.until(tor, "the ban is over", func(s Snapshot) bool { return s.Peers == 2 })
		c.Ban(l.addrs[seeder], time.Now().Add(time.Hour))
		l.until(tor, "it is gone again", func(s Snapshot) bool { return s.Peers == 1 })
		c.Ban(l.addrs[seeder], time.Time{})
		if c.banned(l.addrs[seeder], time.Now()) || c.bans.table.Load() != nil {
			t.Error("the ban was lifted, and holds")
		}
		c.Ban(netip.Addr{}, time.Now().Add(time.Hour))
	})
}

// The table of bans is bounded, knows hosts by what counts as one, and forgets those
// that are over.
func TestBans(t *testing.T) {
	var b bans
	now := time.Unix(1e9, 0)
	if !b.until(netip.MustParseAddr("192.0.2.1"), now).IsZero() {
		t.Error("somebody is banned from the start")
	}
	b.set(netip.MustParseAddr("2001:db8:1:2::3"), now.Add(time.Hour), now)
	for addr, want := range map[string]bool{"2001:db8:1:2::3": true, "2001:db8:1:2:ffff::1": true, "2001:db8:1:3::3": false, "192.0.2.1": false} {
		if got := !b.until(netip.MustParseAddr(addr), now).IsZero(); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	if !b.until(netip.MustParseAddr("2001:db8:1:2::3"), now.Add(time.Hour)).IsZero() {
		t.Error("a ban that is over holds")
	}
	for i := range maxBans {
		b.set(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), now.Add(2*time.Hour+time.Duration(i)), now)
	}
	if n := len(*b.table.Load()); n != maxBans {
		t.Errorf("%d bans, want %d", n, maxBans)
	}
	if !b.until(netip.MustParseAddr("2001:db8:1:2::3"), now).IsZero() || b.until(netip.MustParseAddr("198.51.0.0"), now).IsZero() {
		t.Error("not the one that ends first was forgotten")
	}
	b.set(netip.MustParseAddr("192.0.2.1"), now.Add(9*time.Hour), now.Add(8*time.Hour))
	if n := len(*b.table.Load()); n != 1 {
		t.Errorf("%d bans after hours, want 1", n)
	}
}

// What is verified by file, and by piece, is what was selected and has come.
func TestPieces(t *testing.T) {
	inChooseLab(t, func(l *chooseLab) {
		c := l.client(Config{MaxDown: 64 << 10})
		tor, err := c.Add(Source{Meta: l.m, Local: true}, Lookup{})
		l.must(err)
		if m := tor.Inside().Pieces(); m.Count != 0 || tor.Inside().FileProgress() != nil {
			t.Errorf("before it is begun: %+v", m)
		}
		l.must(tor.Begin(Spec{Place: Place{Dir: l.dir}, Selection: l.selected("bd")}))
		l.until(tor, "a part is here", func(s Snapshot) bool { return s.Verified > 600_000 && len(tor.Inside().Pieces().Partial) > 0 })
		m, files, s := tor.Inside().Pieces(), tor.Inside().FileProgress(), tor.Snapshot()
		pieces := l.m.NumPieces()
		if m.Count != pieces || len(m.Have) != (pieces+7)/8 || countBits(m.Have) < 18 || countBits(m.Have) > s.PiecesDone {
			t.Errorf("%d of %d pieces, want %d of %d", countBits(m.Have), m.Count, s.PiecesDone, pieces)
		}
		if countBits(m.Unwanted) != 700_001/choosePiece {
			t.Errorf("%d pieces are not wanted", countBits(m.Unwanted))
		}
		for i := range pieces {
			if bit(m.Have, i) && bit(m.Unwanted, i) {
				t.Errorf("piece %d is here, and not wanted", i)
			}
		}
		if !slices.Equal(m.Availability, []Run{{pieces, 1}}) {
			t.Errorf("available: %v", m.Availability)
		}
		for _, p := range m.Partial {
			if p.Blocks != 2 && p.Piece != pieces-1 || p.Got > p.Blocks || bit(m.Have, p.Piece) {
				t.Errorf("under way: %+v", p)
			}
		}
		if len(m.Partial) == 0 {
			t.Error("nothing is under way")
		}
		if sum := files[1] + files[3]; files[1] > chooseSizes[1] || files[3] > chooseSizes[3] || sum < 600_000 || sum > s.Verified || files[2] != 0 || files[0] > 2*choosePiece {
			t.Errorf("by file: %v of %v, %d verified", files, chooseSizes, s.Verified)
		}
		if s.Availability < 1 || s.Availability >= 2 {
			t.Errorf("%v copies: a seed, and a part of ours", s.Availability)
		}
		<-tor.Done()
		l.must(tor.Err())
	})
}

// What a Client has done is the sum of what its torrents have, those that have ended
// too.
func TestTotals(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		spec := l.seedSpec(payload)
		seeder, c := l.client(Config{}), l.client(Config{})
		l.mustGet(seeder, spec)
		wrong := bytes.Clone(payload)
		wrong[1000]++
		web := l.web(served(wrong))
		tor := l.mustGet(c, order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		<-tor.Stopped()
		first := c.Totals()
		if first.FromPeers < 1<<20 || first.FromWeb != 0 || first.Verified != 1<<20 || first.AnnouncesOK == 0 || first.AnnouncesFailed != 0 || first.DialsOK == 0 {
			t.Errorf("after one: %+v", first)
		}
		tor = l.add(c, order{Source: Source{Meta: l.lonely(payload, 32<<10, nil), Peers: []netip.AddrPort{ap("10.0.0.200:1")}, Mirrors: []Mirror{{URL: web + "payload"}}, Trackers: []string{"http://10.0.0.201/announce"}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		time.Sleep(time.Minute)
		tor.Stop()
		<-tor.Stopped()
		s := tor.Snapshot()
		second := c.Totals()
		if second.FromWeb != s.DownloadedWeb || s.DownloadedWeb == 0 || second.PiecesFailed == 0 || second.WastedHash != s.Wasted || second.DialsFailed == 0 || second.AnnouncesFailed == 0 || second.FromPeers != first.FromPeers {
			t.Errorf("after another: %+v; it says %+v", second, s)
		}
		if second.DHTNodes != -1 || second.BufferLimit <= 0 || second.Connections != 0 || second.Dialing != 0 || second.AnnouncesWaiting != 0 || second.OpenFiles != 0 || second.Buffers != 0 {
			t.Errorf("nothing goes on: %+v", second)
		}
		if sent := seeder.Totals().Sent; sent < 1<<20 {
			t.Errorf("the seeder says that it sent %d bytes", sent)
		}
	})
}

// What trackers count, when they answered and when bytes moved is in a Snapshot.
func TestSnapshotSwarm(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		spec := l.seedSpec(payload)
		seeder := l.client(Config{})
		seed := l.mustGet(seeder, spec)
		start := time.Now()
		time.Sleep(time.Second)
		s := seed.Snapshot()
		if tr := s.Trackers[0]; tr.Last.Before(start) || !tr.Next.After(tr.Last) || s.Swarm != (Crowd{tr.Seeders, tr.Leechers}) || !s.LastPayload.IsZero() || s.Availability != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Minute)
		l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		moved := time.Now()
		time.Sleep(time.Hour)
		if s := seed.Snapshot(); s.LastPayload.Before(moved.Add(-time.Minute)) || s.LastPayload.After(moved.Add(11*time.Second)) {
			t.Errorf("the last byte moved at %v, want about %v", s.LastPayload, moved)
		}
	})
}

// Who has come from the internet has shown that others can; who is near has not.
func TestReached(t *testing.T) {
	var s totals
	for _, a := range []string{"10.0.0.1", "127.0.0.1", "fe80::1"} {
		if s.arrivedFrom(netip.MustParseAddr(a)); s.reached.Load() {
			t.Errorf("%s is taken for the internet", a)
		}
	}
	c := &Client{endpoint: &endpoint{}}
	if c.Reached() || c.External().IsValid() {
		t.Error("something is known from the start")
	}
	c.totals.arrivedFrom(netip.MustParseAddr("8.8.8.8"))
	for _, host := range []string{"9.9.9.9", "8.8.4.4"} {
		c.endpoint.heard(netip.MustParseAddr(host), netip.MustParseAddr("1.2.3.4"))
	}
	if !c.Reached() || c.External() != netip.MustParseAddr("1.2.3.4") {
		t.Errorf("reached %v, at %v", c.Reached(), c.External())
	}
}

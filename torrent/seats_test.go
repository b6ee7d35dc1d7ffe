package torrent

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// Many seeds that nobody wants leave the connections to the download that wants them;
// when peers come for a seed, it gets its part back from the download.
func TestConnectionsFollowDemand(t *testing.T) {
	inLab(t, func(l *lab) {
		const most = 16
		c := l.client(Config{MaxPeers: most, MaxPeersPerTorrent: 14})
		var idle []*Torrent
		for i := range 40 {
			idle = append(idle, l.mustGet(c, l.seedSpec(fmt.Appendf(nil, "%d", i))))
		}
		wanted := l.seedSpec(blastPayload(300_000))
		seed := l.mustGet(c, wanted)

		slow := l.seedSpec(blastPayload(8 << 20))
		var peers []netip.AddrPort
		for range 14 {
			s := l.client(Config{MaxUp: 256})
			l.mustGet(s, slow)
			peers = append(peers, l.addr(s))
		}
		l.tracker.SetPeers(peers...)
		load := l.add(c, of(slow.Meta))
		l.until(load, "it has all of them", func(s Snapshot) bool { return s.Peers == 14 })
		l.tracker.SetPeers()

		var leeches []*Torrent
		for range 6 {
			o := order{Source: Source{Meta: wanted.Meta, Peers: []netip.AddrPort{l.addr(c)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}}
			o.Spec.MaxDown = 4 << 10
			leeches = append(leeches, l.add(l.client(Config{NoPEX: true}), o))
		}
		time.Sleep(50 * time.Second)
		if s, d := seed.Snapshot(), load.Snapshot(); s.Peers != 6 || d.Peers < most/2 || s.Peers+d.Peers > most {
			t.Errorf("the seed has %d of 6 leechers, the download %d peers", s.Peers, d.Peers)
		}
		for _, tor := range leeches {
			tor.Stop()
			<-tor.Stopped()
		}
		l.until(load, "it has all of them again", func(s Snapshot) bool { return s.Peers == 14 })
		for _, tor := range append(idle, seed, load) {
			tor.Stop()
			<-tor.Stopped()
		}
		if n := c.seats.table.Taken(); n != 0 {
			t.Errorf("those who have gone hold %d connections", n)
		}
	})
}

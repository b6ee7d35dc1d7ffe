package torrent

import (
	"net/netip"
	"testing"
	"time"

	"gotor/peer/simnet"
	"gotor/peer/wire"
)

// seedAt makes a host with several addresses seed, with one id or each its own.
func (l *lab) seedsAt(id [20]byte, hash [20]byte, payload []byte, addrs ...string) (all []*oddPeer) {
	for _, a := range addrs {
		at := netip.MustParseAddr(a)
		s := lossySeed{queue: 500, every: 20 * time.Millisecond}
		p := s.peerAt(l, l.net.Host(at, simnet.HostOptions{Up: 10 << 20, Down: 10 << 20, Latency: 5 * time.Millisecond}), at, id, hash, payload, 64<<10)
		all = append(all, p)
	}
	return all
}

// A seed that is known by three addresses is one peer: counted once, and not
// dialled again and again. Peers that only share an id are several.
func TestOneRemoteManyAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		id   [20]byte
		at   []string
		want int
	}{
		"one remote":          {wire.NewPeerID("-GT0001-"), []string{"10.1.0.1", "203.0.113.1", "2001:db8::1"}, 1},
		"odd ids in a LAN":    {[20]byte([]byte("-OD0001-000000000000")), []string{"10.1.0.1", "10.1.0.2", "10.1.0.3"}, 3},
		"odd ids behind NATs": {wire.NewPeerID("-OD0001-"), []string{"203.0.113.1", "203.0.113.2", "203.0.113.3"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(8 << 20)
				m := l.single(payload, 64<<10)
				var peers []netip.AddrPort
				all := l.seedsAt(c.id, m.InfoHash, payload, c.at...)
				for _, p := range all {
					peers = append(peers, p.addr)
				}
				x := l.add(l.client(Config{}), order{Source: Source{Meta: m, Peers: peers}})
				time.Sleep(time.Second)
				if n := x.Snapshot().Peers; n != c.want {
					t.Errorf("%d peers, want %d", n, c.want)
				}
				<-x.Done()
				if err := x.Err(); err != nil {
					t.Fatal(err)
				}
				l.wantFile("payload", payload)
				met := 0
				for _, p := range all {
					met += p.met()
				}
				if met > 3 {
					t.Errorf("dialled %d times", met)
				}
				<-x.Stopped()
				if n := x.Givers(); c.want == 1 && n != 1 {
					t.Errorf("from %d peers", n)
				}
			})
		})
	}
}

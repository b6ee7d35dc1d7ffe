package torrent

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/peer/wire"
	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
)

// A leecher that knows one leecher only hears from it of the seed.
func TestPeerExchange(t *testing.T) {
	for name, c := range map[string]struct {
		private, off bool
		want         bool
	}{
		"": {want: true}, "private": {private: true}, "switched off": {off: true},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(8 << 20)
				m := l.single(payload, 64<<10)
				if c.private {
					m = l.private(payload)
				}
				seeder := l.client(Config{})
				spec := l.seedSpec(payload)
				spec.Meta = m
				l.mustGet(seeder, spec)
				middle := l.client(Config{MaxDown: 64 << 10, NoPEX: c.off})
				l.add(middle, order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(seeder)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
				time.Sleep(5 * time.Second)
				last := l.add(l.client(Config{NoPEX: c.off}), order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(middle)}},
					Spec: Spec{Place: Place{Dir: l.TempDir()}}})
				time.Sleep(10 * time.Second)
				if got := last.Snapshot().Known > 1; got != c.want {
					t.Errorf("heard of the seed: %v, want %v", got, c.want)
				}
			})
		})
	}
}

// private is a private torrent without trackers.
func (l *lab) private(payload []byte) *metainfo.Torrent {
	l.Helper()
	m := l.single(payload, 64<<10)
	info := append([]byte(nil), m.Info[:len(m.Info)-1]...)
	info = append(info, "7:privatei1ee"...)
	m, err := metainfo.Parse(metainfo.Assemble(info, nil, nil))
	if err != nil {
		l.Fatal(err)
	}
	if !m.Private {
		l.Fatal("not private")
	}
	return m
}

// A magnet link whose only peer has no metainfo either finds one that has it.
func TestLinkThroughExchange(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, addr := l.seedClient(payload)
		blind := l.client(Config{})
		l.add(blind, order{Source: Source{Link: linkTo(m), Peers: []netip.AddrPort{netip.MustParseAddrPort("10.9.9.9:1")}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		middle := l.client(Config{MaxDown: 16 << 10})
		l.add(middle, order{Source: Source{Meta: m, Peers: []netip.AddrPort{addr}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		time.Sleep(5 * time.Second)
		l.mustGet(l.client(Config{}), order{Source: Source{Link: linkTo(m, l.addr(middle))}})
		l.wantFile("payload", payload)
	})
}

// A message goes through the book and back as it came, flags and all.
func TestPEXMessages(t *testing.T) {
	if swarm.MaxPEX != wire.MaxPEX {
		t.Errorf("messages have up to %d contacts, the book makes them with %d", wire.MaxPEX, swarm.MaxPEX)
	}
	want := wire.PEX{
		Added:   []wire.PEXPeer{{Addr: ap("192.0.2.1:1"), Flags: wire.PEXSeed | wire.PEXReachable}, {Addr: ap("[2001:db8::1]:2")}},
		Dropped: []netip.AddrPort{ap("192.0.2.3:3")},
	}
	got, err := wire.ParsePEX(appendPEX(pexMessage(want)))
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); err != nil || diff != "" {
		t.Errorf("%v, other than it was:\n%s", err, diff)
	}
}

package server

import (
	"fmt"
	"net/netip"
	"testing"
)

// isLoopback reports whether a source is this machine.
func isLoopback(source uint64) bool {
	return source == endpoint{addr: netip.MustParseAddr("::1").As16()}.source() || source>>24 == 0xffff<<8|127
}

// checkSources finds what is inconsistent in the numbers by source.
func (b *testBook) checkSources() {
	b.t.Helper()
	alone := make(map[uint64]uint32)
	for _, t := range b.torrents {
		sources := make(map[uint64]uint32)
		for _, i := range t.byAddr {
			sources[b.entries[i].source]++
		}
		for s, n := range sources {
			if t.sources[s] != n {
				b.t.Fatalf("torrent %x has %d peers of %x, not %d", t.hash, n, s, t.sources[s])
			}
			if len(sources) == 1 {
				alone[s]++
			}
		}
		if len(sources) != len(t.sources) {
			b.t.Fatalf("torrent %x has %d sources, not %d", t.hash, len(sources), len(t.sources))
		}
	}
	for s, n := range alone {
		if b.alone[s] != n {
			b.t.Fatalf("%x is alone in %d torrents, not %d", s, n, b.alone[s])
		}
	}
	if len(alone) != len(b.alone) {
		b.t.Fatalf("%d sources are alone somewhere, not %d", len(alone), len(b.alone))
	}
}

// flood has one host announce n peers, each in its own way; what is refused does
// no harm.
func (b *testBook) flood(from string, n int, change func(i int, a *announce)) {
	b.t.Helper()
	for i := range n {
		a := peer("1.1.1.1:1")
		a.from, a.port = netip.MustParseAddr(from), uint16(1+i)
		if a.from.Is6() { // any address of its network
			ip := a.from.As16()
			ip[14], ip[15] = byte(i>>8), byte(i)
			a.from = netip.AddrFrom16(ip)
		}
		a.id = idOf(fmt.Sprint("flood", i))
		if change != nil {
			change(i, a)
		}
		if _, _, err := b.announce(b.clock, a, nil); err != nil && err != errShare {
			b.t.Fatalf("announce %d: %v", i, err)
		}
	}
	b.check()
}

// others returns how many peers are there that have announced from 10.x.y.z.
func (b *testBook) others() (n int) {
	for i := range b.entries {
		if e := &b.entries[i]; e.torrent != nil && e.at.addr[12] == 10 && netip.AddrFrom16(e.at.addr).Is4In6() {
			n++
		}
	}
	return n
}

// floods are hosts that come again and again: from outside, from a network of
// their own, from next door and from the tracker's own machine.
var floods = []string{"8.8.8.8", "2001:db8::1", "192.168.0.1", "127.0.0.1"}

// One host can neither fill a swarm nor push others out of one that is full.
func TestOneHostInSwarm(t *testing.T) {
	for _, from := range floods {
		l := smallLimits()
		l.swarm = 100
		b := newTestBook(t, l)
		for i := range 100 {
			b.say(fmt.Sprintf("10.0.0.%d:1", i+1))
		}
		if b.flood(from, 500, nil); b.others() < 99 {
			t.Errorf("%s has pushed out %d peers of 100", from, 100-b.others())
		}
		b = newTestBook(t, l)
		b.flood(from, 500, nil)
		for i := range 50 {
			b.say(fmt.Sprintf("10.0.0.%d:1", i+1))
			b.flood(from, 20, nil)
		}
		if b.others() != 50 {
			t.Errorf("%s has filled a swarm: %d of 50 others are in it", from, b.others())
		}
	}
}

// Nor can it push others out of a book that is full of peers.
func TestOneHostInBook(t *testing.T) {
	for _, from := range floods {
		l := smallLimits()
		l.peers = 200
		b := newTestBook(t, l)
		for i := range 200 {
			b.say(fmt.Sprintf("10.0.0.%d:1", i+1), fmt.Sprintf("torrent=%c", 'A'+i%20))
		}
		b.flood(from, 500, func(i int, a *announce) { a.hash = hashOf(byte(i)) })
		if b.others() < 199 {
			t.Errorf("%s has pushed out %d peers of 200", from, 200-b.others())
		}
	}
}

// Nor forget the torrents of others by making up its own.
func TestOneHostInTorrents(t *testing.T) {
	for _, from := range floods {
		l := smallLimits()
		l.torrents = 100
		b := newTestBook(t, l)
		for i := range 200 { // some are shared, some have one peer
			b.say(fmt.Sprintf("10.0.0.%d:1", i+1), fmt.Sprintf("torrent=%c", 1+i*i%100))
		}
		for i := range 100 {
			b.say(fmt.Sprintf("10.0.1.%d:1", i+1), fmt.Sprintf("torrent=%c", 1+i))
		}
		b.flood(from, 500, func(i int, a *announce) { a.hash = [20]byte{byte(i), byte(i >> 8), 1} })
		left := 0
		for hash := range b.torrents {
			if hash[2] == 0 {
				left++
			}
		}
		if left < 99 {
			t.Errorf("%s has pushed out %d torrents", from, 100-left)
		}
	}
}

// Who has most makes room for others, who need not be many to get it.
func TestOthersComeInAfterFlood(t *testing.T) {
	for _, from := range floods {
		l := smallLimits()
		l.torrents, l.peers = 100, 200
		b := newTestBook(t, l)
		own := func(i int, a *announce) { a.hash = [20]byte{byte(i), byte(i >> 8), 1} }
		b.flood(from, 500, own)
		for i := range 50 {
			b.say(fmt.Sprintf("10.0.0.%d:1", i+1), fmt.Sprintf("torrent=%c", 1+i))
			b.flood(from, 20, own)
		}
		if b.others() != 50 {
			t.Errorf("%s: %d of 50 others are there", from, b.others())
		}
	}
}

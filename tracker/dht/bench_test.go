package dht

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

func benchNode(b *testing.B) *Node {
	n := New(Config{Rand: rand.NewPCG(1, 2), Send: func([]byte, netip.AddrPort) {}})
	for i := range 2000 {
		c := contact("8."+itoa(i>>8)+"."+itoa(i&255)+".1:1111", byte(i))
		c.ID = addressID(c.Addr.Addr(), n.randomID())
		n.fams[0].table.answered(day, c)
	}
	for i := range 100 {
		n.peers.announce(day, idM, peerAt(i))
	}
	b.ReportAllocs()
	return n
}

// stranger is a different address for each packet: nothing is blocked, and
// what is remembered of sources is at its largest.
func stranger(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{20 + byte(i>>24), byte(i >> 16), byte(i >> 8), byte(i)}), 1)
}

// BenchmarkGarbage is the cost of packets that are nothing. 5,000 a second
// stay under half a core when one costs less than 100 µs.
func BenchmarkGarbage(b *testing.B) {
	n := benchNode(b)
	packets := [][]byte{
		[]byte("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:q"), []byte("\x01\x00\x12\x34 not for us at all"),
		[]byte(golden["values"]), []byte("d1:ale1:q4:ping1:t2:aa1:y1:qe"), make([]byte, 1400),
	}
	now := day
	for i := 0; b.Loop(); i++ {
		now = now.Add(200 * time.Microsecond)
		n.Receive(now, packets[i%len(packets)], stranger(i))
		n.Tick(now)
	}
}

// BenchmarkFlood is the same from one address, which is blocked.
func BenchmarkFlood(b *testing.B) {
	n := benchNode(b)
	now := day
	for b.Loop() {
		now = now.Add(200 * time.Microsecond)
		n.Receive(now, []byte(golden["find_node"]), eve)
		n.Tick(now)
	}
}

func BenchmarkFindNode(b *testing.B) {
	n := benchNode(b)
	now := day
	for i := 0; b.Loop(); i++ {
		now = now.Add(200 * time.Microsecond)
		n.Receive(now, []byte(golden["find_node"]), stranger(i))
		n.Tick(now)
	}
}

func BenchmarkGetPeers(b *testing.B) {
	n := benchNode(b)
	now := day
	for i := 0; b.Loop(); i++ {
		now = now.Add(200 * time.Microsecond)
		n.Receive(now, []byte(golden["get_peers"]), stranger(i))
		n.Tick(now)
	}
}

// A flood of packets costs no memory that is kept, and a ping of a node of the
// table none at all.
func TestAllocations(t *testing.T) {
	n := New(Config{Rand: rand.NewPCG(1, 2), Send: func([]byte, netip.AddrPort) {}})
	n.fams[0].table.answered(day, alice)
	now := day
	ping := []byte(question("ping", alice.ID))
	n.Receive(now, ping, alice.Addr)
	if got := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Second)
		n.Receive(now, ping, alice.Addr)
	}); got > 1 {
		t.Errorf("a ping costs %v allocations", got)
	}
	garbage := []byte("\x01\x00 no message")
	if got := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Second)
		n.Receive(now, garbage, eve)
	}); got > 0 {
		t.Errorf("garbage costs %v allocations", got)
	}
}

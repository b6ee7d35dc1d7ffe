package dht

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

func peerAt(n int) peer {
	return peer{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{30, byte(n >> 16), byte(n >> 8), byte(n)}), 6881)}
}

func hashAt(n int) ID { return ID{byte(n >> 8), byte(n)} }

func TestPeersAreUniqueByAddress(t *testing.T) {
	s := newPeerStore(addressRules{})
	p := peerAt(1)
	s.announce(day, idM, p)
	p.addr = netip.AddrPortFrom(p.addr.Addr(), 9999)
	p.seed = true
	s.announce(day, idM, p)
	w := s.get(day, idM)
	if len(w.peers) != 1 || w.peers[0].addr.Port() != 9999 || !w.peers[0].seed || s.total != 1 {
		t.Errorf("the peers are %v", w.peers)
	}
	local := peer{addr: netip.MustParseAddrPort("127.0.0.1:1")}
	s.announce(day, idM, local)
	local.addr = netip.MustParseAddrPort("127.0.0.1:2")
	s.announce(day, idM, local)
	if len(w.peers) != 3 {
		t.Errorf("two peers on loopback are %v", w.peers[1:])
	}
}

func TestPeersExpire(t *testing.T) {
	s := newPeerStore(addressRules{})
	s.announce(day, idM, peerAt(1))
	s.announce(day.Add(20*time.Minute), idM, peerAt(2))
	s.announce(day, idA, peerAt(3))
	if w := s.get(day.Add(31*time.Minute), idM); w == nil || len(w.peers) != 1 || w.peers[0].addr != peerAt(2).addr {
		t.Errorf("after 31 minutes: %v", w)
	}
	if w := s.get(day.Add(51*time.Minute), idM); w != nil {
		t.Errorf("after 51 minutes: %v", w.peers)
	}
	s.expire(day.Add(31 * time.Minute))
	if s.total != 0 || len(s.swarms) != 0 || s.order.Len() != 0 {
		t.Errorf("left are %d peers, %d swarms, %d in order", s.total, len(s.swarms), s.order.Len())
	}
}

func TestPeerStoreIsBounded(t *testing.T) {
	s := newPeerStore(addressRules{})
	for i := range maxSwarm + 50 {
		if ok := s.announce(day, idM, peerAt(i)); ok != (i < maxSwarm) {
			t.Fatalf("peer %d: stored is %v", i, ok)
		}
	}
	for i := range 3 * maxSwarms {
		s.announce(day, hashAt(i), peerAt(i))
	}
	if len(s.swarms) != maxSwarms || s.order.Len() != maxSwarms {
		t.Errorf("%d torrents are stored", len(s.swarms))
	}
	if s.get(day, idM) == nil {
		t.Error("a flood of new torrents pushed out a swarm of 500")
	}
	for i := range 300 {
		for j := range maxSwarm {
			s.announce(day, hashAt(i), peerAt(j))
		}
	}
	sum := 0
	for _, w := range s.swarms {
		sum += len(w.peers)
	}
	if s.total > maxPeers || s.total != sum {
		t.Errorf("%d peers are counted and %d stored, want at most %d", s.total, sum, maxPeers)
	}
}

func TestPickPrefersLeechers(t *testing.T) {
	s := newPeerStore(addressRules{})
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 20 {
		p := peerAt(i)
		p.seed = i < 10
		s.announce(day, idM, p)
	}
	w := s.get(day, idM)
	for range 50 {
		for _, addr := range w.pick(nil, false, 10, true, random) {
			if addr.Addr().As4()[3] < 10 {
				t.Fatal("a seed was picked while there are others")
			}
		}
	}
	if got := w.pick(nil, false, 15, true, random); len(got) != 15 {
		t.Errorf("%d peers were picked, want seeds where there are no others", len(got))
	}
	seen := map[netip.AddrPort]bool{}
	for range 200 {
		for _, addr := range w.pick(nil, false, 3, false, random) {
			seen[addr] = true
		}
	}
	if len(seen) != 20 {
		t.Errorf("only %d of 20 peers are ever picked", len(seen))
	}
}

func TestItemStoreIsBounded(t *testing.T) {
	s := newItemStore(addressRules{})
	for i := range maxItems + 10 {
		s.put(day.Add(time.Duration(i)*time.Second), Item{Value: []byte("i" + itoa(i) + "e")}, stranger(i))
	}
	if len(s.items) != maxItems || s.order.Len() != maxItems {
		t.Errorf("%d items are stored", len(s.items))
	}
	first, last := Item{Value: []byte("i0e")}, Item{Value: []byte("i" + itoa(maxItems+9) + "e")}
	now := day.Add(maxItems * time.Second)
	if s.get(now, first.Target()) != nil || s.get(now, last.Target()) == nil {
		t.Error("it is not the oldest that made room")
	}
	if s.get(now.Add(3*time.Hour), last.Target()) != nil || len(s.items) != 0 {
		t.Errorf("%d items are left after 3 hours", len(s.items))
	}
}

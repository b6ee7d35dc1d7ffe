package dht

import (
	"net/netip"
	"strings"
	"testing"
)

// neighbour is one of the addresses of an IPv6 /64.
func neighbour(i int) netip.AddrPort {
	ip := netip.MustParseAddr("2a00:1:2:3::").As16()
	ip[14], ip[15] = byte(i>>8), byte(i)
	return netip.AddrPortFrom(netip.AddrFrom16(ip), 6881)
}

// floods are hosts that send from wherever they can.
var floods = map[string]func(i int) netip.AddrPort{
	"an IPv4 address": func(i int) netip.AddrPort { return netip.AddrPortFrom(eve.Addr(), uint16(1+i)) },
	"an IPv6 network": neighbour,
}

func itemAt(i int) Item { return Item{Value: []byte("i" + itoa(i) + "e")} }

// One host takes a share of an empty store, and of a full one no more than an
// equal part.
func TestOneHostPushesOutNoItems(t *testing.T) {
	for name, flood := range floods {
		for _, others := range []int{10, maxItems} {
			s := newItemStore(addressRules{})
			for i := range others {
				s.put(day, itemAt(i), stranger(i))
			}
			for i := range 3 * maxItems {
				s.put(day, itemAt(maxItems+i), flood(i))
			}
			left := 0
			for i := range others {
				if it := itemAt(i); s.get(day, it.Target()) != nil {
					left++
				}
			}
			if taken := len(s.items) - left; left < others-1 || taken == 0 || taken > itemShare {
				t.Errorf("%s: of the items of %d others %d are left, beside %d", name, others, left, taken)
			}
		}
	}
}

// Nor does it make the items of others its own by putting them too, before or
// after.
func TestSharedItemsCountForWhoHasLess(t *testing.T) {
	s := newItemStore(addressRules{})
	mine := itemAt(1)
	s.put(day, mine, eve)
	for i := range itemShare - 1 {
		s.put(day, itemAt(maxItems+i), eve)
	}
	s.put(day, mine, bob.Addr)
	s.put(day, mine, eve)
	for i := range 3 * maxItems {
		s.put(day, itemAt(2*maxItems+i), eve)
	}
	if s.get(day, mine.Target()) == nil {
		t.Error("an item of another was pushed out")
	}
}

func TestOneHostPushesOutNoSwarms(t *testing.T) {
	for name, flood := range floods {
		for _, others := range []int{10, maxSwarms} {
			s := newPeerStore(addressRules{})
			for i := range others {
				s.announce(day, hashAt(i), peerAt(i))
			}
			for i := range 3 * maxSwarms {
				s.announce(day, hashAt(maxSwarms+i), peer{addr: flood(i)})
			}
			left := 0
			for i := range others {
				if s.get(day, hashAt(i)) != nil {
					left++
				}
			}
			if taken := len(s.swarms) - left; left < others-1 || taken == 0 || taken > swarmsShare {
				t.Errorf("%s: of the torrents of %d others %d are left, beside %d", name, others, left, taken)
			}
		}
	}
}

// A swarm that a flood has announced first counts for those who join it.
func TestSharedSwarmsCountForWhoHasLess(t *testing.T) {
	s := newPeerStore(addressRules{})
	s.announce(day, idM, peer{addr: eve})
	for i := range swarmsShare - 1 {
		s.announce(day, hashAt(i), peer{addr: eve})
	}
	s.announce(day, idM, peerAt(1))
	for i := range 3 * maxSwarms {
		s.announce(day, hashAt(swarmsShare+i), peer{addr: eve})
	}
	if s.get(day, idM) == nil {
		t.Error("a torrent of another was pushed out")
	}
}

// A host with an IPv6 network does not fill a swarm, and what it says last counts.
func TestNetworkInSwarm(t *testing.T) {
	s := newPeerStore(addressRules{})
	for i := range 3 * maxSwarm {
		if !s.announce(day, idM, peer{addr: neighbour(i)}) {
			t.Fatalf("announce %d finds no room", i)
		}
	}
	w := s.get(day, idM)
	if len(w.peers) != networkShare || s.total != networkShare {
		t.Errorf("%d peers of one network are in a swarm, %d in all", len(w.peers), s.total)
	}
	if !s.announce(day, idM, peerAt(1)) {
		t.Error("no room for another")
	}
}

// A full store takes no torrent without a peer, and nobody makes way for it.
func TestFullStoreMakesNoWay(t *testing.T) {
	s := newPeerStore(addressRules{})
	s.announce(day, idM, peerAt(1))
	s.total = maxPeers
	if s.announce(day, idA, peerAt(2)) || len(s.swarms) != 1 {
		t.Errorf("%d torrents are stored", len(s.swarms))
	}
}

// Many nodes on one machine share its loopback address: they share nothing else.
func TestLocalSourcesHaveNoShare(t *testing.T) {
	s, p := newItemStore(addressRules{}), newPeerStore(addressRules{})
	local := netip.MustParseAddrPort("127.0.0.1:6881")
	for i := range maxItems {
		s.put(day, itemAt(i), local)
		p.announce(day, hashAt(i), peer{addr: local})
	}
	if len(s.items) != maxItems || len(p.swarms) != maxItems {
		t.Errorf("%d items and %d torrents of a local node are stored", len(s.items), len(p.swarms))
	}
}

// The addresses of a /64 are one source to the gate, and what one of them has
// shown says nothing about another.
func TestNetworkIsOneSource(t *testing.T) {
	l := newLab(t, Config{})
	for i := range 2 * packetBurst {
		l.receive(roPing, neighbour(i))
	}
	if got := len(l.take()); got != packetBurst {
		t.Errorf("%d packets of one network are answered, want %d", got, packetBurst)
	}
	if s := l.n.gate.sources; len(s.young)+len(s.old) != 1 {
		t.Errorf("one network is %d sources", len(s.young)+len(s.old))
	}
	l.n.gate.prove(l.now, neighbour(1))
	if !l.n.gate.proven(l.now, neighbour(1)) || l.n.gate.proven(l.now, neighbour(2)) {
		t.Error("a neighbour shows that somebody else receives our packets")
	}
}

// Only one node of a /64 is in the table or waits for a place there.
func TestNetworkInTable(t *testing.T) {
	own := ID{0x80}
	table := newTable(own, addressRules{})
	for i := range 2 * bucketSize { // of one bucket, which is full then
		c := contact("["+netip.AddrFrom16([16]byte{0x2a, 0, byte(i)}).String()+"]:6881", byte(i))
		table.answered(day, c)
	}
	before := len(table.places)
	for i := range 5 * bucketSize {
		table.answered(day, Contact{ID{1, byte(i)}, neighbour(i)})
	}
	spares := 0
	for i := range table.buckets {
		for _, e := range table.buckets[i].spare {
			if e.Addr.Addr().As16()[7] == neighbour(0).Addr().As16()[7] {
				spares++
			}
		}
	}
	if spares > 1 || len(table.places) > before+1 {
		t.Errorf("one network has %d places in the table and %d beside it", len(table.places)-before, spares)
	}
	checkTable(t, table)
}

// Where nothing is lost by it, who may be a victim gets no more than was sent in
// its name.
func TestBriefAnswers(t *testing.T) {
	l := newLab(t, Config{Version: "GT01"})
	wrong := bstr("12345678")
	for name, q := range map[string]string{
		"ping":         golden["ping"],
		"no target":    question("find_node", idA),
		"unknown":      question("dance", idA),
		"bad token":    question("announce_peer", idA, "info_hash", bstr(string(idM[:])), "port", "i6881e", "token", wrong),
		"put, a token": question("put", idA, "v", "i1e", "token", wrong),
	} {
		q = strings.Replace(q, "1:t2", "2:roi1e1:t2", 1) // not to be pinged besides
		from := stranger(len(name))
		l.receive(q, from)
		sent := l.take()
		if len(sent) != 1 || len(sent[0].data) > len(q) {
			t.Errorf("%s: %d bytes are answered by %d packets: %v", name, len(q), len(sent), sent)
		}
	}
}

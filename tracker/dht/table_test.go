package dht

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var day = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// at makes a contact that shares n leading bits with the id of zeros.
func at(n int, host byte) Contact {
	var id ID
	id[n/8] = 0x80 >> (n % 8)
	id[19] = host
	return Contact{id, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n), 0, host}), 1)}
}

func TestOnlyOurBucketSplits(t *testing.T) {
	tb := newTable(ID{}, addressRules{})
	for i := range byte(20) {
		tb.answered(day, at(0, i)) // the far half of the space
	}
	if live, _ := tb.count(day); live != 8 || len(tb.buckets) != 2 {
		t.Errorf("%d nodes in %d buckets, want 8 in 2", live, len(tb.buckets))
	}
	for n := range 30 {
		for i := range byte(8) {
			tb.answered(day, at(n, i))
		}
	}
	live, good := tb.count(day)
	if live != 240 || good != 240 || len(tb.buckets) != 30 {
		t.Errorf("%d nodes, %d good, in %d buckets, want 240 in 30", live, good, len(tb.buckets))
	}
}

// "If any nodes in the bucket are known to have become bad, then one is
// replaced by the new node", or by one that waits.
func TestBadNodesAreReplaced(t *testing.T) {
	tb := newTable(ID{}, addressRules{})
	for i := range byte(10) {
		tb.answered(day, at(0, i))
	}
	if tb.find(at(0, 9)) != nil {
		t.Fatal("a full bucket took another node")
	}
	tb.failed(day, at(0, 3))
	if tb.find(at(0, 3)) == nil {
		t.Error("a node was dropped after one lost packet")
	}
	tb.failed(day, at(0, 3))
	if tb.find(at(0, 3)) != nil || tb.find(at(0, 9)) == nil {
		t.Error("the newest spare did not take the place of a bad node")
	}
	tb.answered(day, at(0, 9)) // known: nothing changes
	if live, _ := tb.count(day); live != 8 {
		t.Errorf("%d nodes", live)
	}
}

// When our own network is down all nodes are silent: they are not thrown away.
func TestBadNodesStayWithoutSpares(t *testing.T) {
	tb := newTable(ID{}, addressRules{})
	tb.answered(day, at(0, 1))
	for range 10 {
		tb.failed(day.Add(time.Minute), at(0, 1))
	}
	if live, good := tb.count(day); live != 1 || good != 0 {
		t.Errorf("%d nodes, %d good", live, good)
	}
	tb.answered(day, at(0, 1))
	if _, good := tb.count(day); good != 1 {
		t.Error("a node that answers again is not good")
	}
	// But while others answer it is the node that is down.
	tb.failed(day.Add(2*time.Minute), at(0, 1))
	tb.answered(day.Add(3*time.Minute), at(1, 1))
	tb.failed(day.Add(4*time.Minute), at(0, 1))
	if tb.find(at(0, 1)) != nil {
		t.Error("a node that is down is kept")
	}
	// One that never answered is forgotten sooner.
	tb.insert(day, entry{Contact: at(0, 2)})
	tb.failed(day.Add(5*time.Minute), at(0, 2))
	tb.failed(day.Add(5*time.Minute), at(0, 2))
	if tb.find(at(0, 2)) != nil {
		t.Error("a node that never answered is kept")
	}
}

// "the least recently seen node is pinged"
func TestDoubtfulNodesArePinged(t *testing.T) {
	tb := newTable(ID{}, addressRules{})
	for i := range byte(8) {
		tb.answered(day.Add(time.Duration(i)*time.Minute), at(0, i))
	}
	later := day.Add(18 * time.Minute)
	id := at(0, 9).ID
	if c, ok := tb.doubtful(later, &id); ok {
		t.Errorf("%v is pinged though nobody waits for its place", c)
	}
	tb.answered(later, at(0, 9))
	c, ok := tb.doubtful(later, &id)
	if !ok || c != at(0, 0) {
		t.Errorf("%v is pinged, want the oldest", c)
	}
	if c, ok := tb.doubtful(later, &id); ok {
		t.Errorf("%v is pinged too", c)
	}
	tb.answered(later, at(0, 0))
	if c, _ := tb.doubtful(later, &id); c != at(0, 1) {
		t.Errorf("%v is pinged next", c)
	}
}

func TestTrustedNodesArePreferred(t *testing.T) {
	tb := newTable(ID{}, addressRules{})
	far := func(i byte, good bool) Contact {
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{8, i, 1, 1}), 1)
		id := ID{0: 0x80, 19: i}
		for r := byte(0); good; r++ {
			id = addressID(addr.Addr(), ID{19: r})
			if id[0]&0x80 != 0 || r == 255 {
				break
			}
		}
		return Contact{id, addr}
	}
	for i := range byte(8) {
		tb.answered(day, far(i, false))
	}
	entered := 0
	for i := byte(10); i < 40; i++ {
		if c := far(i, true); c.ID[0]&0x80 != 0 && tb.answered(day, c) {
			entered++
		}
	}
	if entered != 8 {
		t.Errorf("%d trusted nodes took the places of 8 others", entered)
	}
}

func TestOneNodeAPlace(t *testing.T) {
	tb := newTable(ID{}, addressRules{})
	c := func(id byte, addr string) Contact { return Contact{ID{id}, netip.MustParseAddrPort(addr)} }
	tb.answered(day, c(1, "8.1.1.1:1"))
	for _, o := range []Contact{c(2, "8.1.1.1:2"), c(3, "8.1.1.99:1"), c(1, "8.2.2.2:1")} {
		if tb.answered(day, o) {
			t.Errorf("%v was taken beside a node of its network, or with its id", o)
		}
	}
	// The same address with another id has started anew.
	if !tb.answered(day, c(4, "8.1.1.1:1")) || tb.find(c(1, "8.1.1.1:1")) != nil {
		t.Error("a node that has changed its id is not taken")
	}
	// A silent one gives way.
	tb.failed(day, c(4, "8.1.1.1:1"))
	if !tb.answered(day, c(5, "8.1.1.50:1")) || tb.find(c(4, "8.1.1.1:1")) != nil {
		t.Error("a node is not taken in the place of a silent one")
	}
	if !tb.answered(day, c(6, "127.0.0.1:1")) || !tb.answered(day, c(7, "127.0.0.1:2")) {
		t.Error("two nodes on loopback are not taken")
	}
	if tb.answered(day, Contact{ID{}, netip.MustParseAddrPort("9.9.9.9:9")}) {
		t.Error("a node with our own id is taken")
	}
}

// The table keeps its invariants whatever happens to it.
func TestTableInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tb := newTable(ID{}, addressRules{})
		now := day
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "seconds")) * time.Second)
			n := rapid.IntRange(0, 12).Draw(t, "bits")
			i := rapid.ByteRange(0, 15).Draw(t, "host")
			c := Contact{at(n, i).ID, netip.AddrPortFrom(netip.AddrFrom4([4]byte{8, byte(n), i % 10, i}), 1)}
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				tb.failed(now, c)
			case 1:
				tb.doubtful(now, &c.ID)
			case 2:
				tb.insert(now, entry{Contact: c})
			default:
				tb.answered(now, c)
			}
			checkTable(t, tb)
		}
	})
}

func checkTable(t interface{ Fatalf(string, ...any) }, tb *table) {
	places := map[netip.AddrPort]ID{}
	for i, b := range tb.buckets {
		if len(b.live) > bucketSize || len(b.spare) > bucketSize {
			t.Fatalf("bucket %d has %d nodes and %d spares", i, len(b.live), len(b.spare))
		}
		for _, e := range append(slices.Clone(b.live), b.spare...) {
			if n := commonBits(&tb.own, &e.ID); min(n, len(tb.buckets)-1) != i {
				t.Fatalf("a node with %d bits is in bucket %d of %d", n, i, len(tb.buckets))
			}
		}
		for _, e := range b.live {
			if _, twice := places[tb.rules.place(e.Addr)]; twice {
				t.Fatalf("two nodes at %v", tb.rules.place(e.Addr))
			}
			places[tb.rules.place(e.Addr)] = e.ID
		}
	}
	if len(places) != len(tb.places) {
		t.Fatalf("%d places are noted for %d nodes", len(tb.places), len(places))
	}
	for p, id := range places {
		if tb.places[p] != id {
			t.Fatalf("place %v is noted for %v, not %v", p, tb.places[p], id)
		}
	}
}

func TestClosest(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	tb := newTable(ID{}, addressRules{})
	var all []Contact
	for i := range 2000 {
		var c Contact
		for j := range c.ID {
			c.ID[j] = byte(random.Uint32())
		}
		c.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1)
		if tb.answered(day, c) {
			all = append(all, c)
		}
	}
	target := ID{0x12, 0x34}
	slices.SortFunc(all, func(a, b Contact) int {
		if closer(&target, &a.ID, &b.ID) {
			return -1
		}
		return 1
	})
	for _, most := range []int{0, 1, 8, len(all), len(all) + 10} {
		got := tb.closest(nil, &target, most, func(*entry) bool { return true })
		if !slices.Equal(got, all[:min(most, len(all))]) {
			t.Errorf("the closest %d are not in order", most)
		}
	}
}

func TestRefreshTargets(t *testing.T) {
	tb := newTable(ID{0xab, 0xcd}, addressRules{})
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 100 {
		id := tb.own
		id[i/8] ^= 0x80 >> (i % 8)
		for j := range byte(8) {
			id[19] = j
			tb.answered(day, Contact{id, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i), j, 1}), 1)})
		}
	}
	for i := range tb.buckets {
		var r ID
		for j := range r {
			r[j] = byte(random.Uint32())
		}
		got := tb.randomIn(i, r)
		if n := commonBits(&tb.own, &got); min(n, len(tb.buckets)-1) != i {
			t.Errorf("the target for bucket %d has %d bits in common", i, n)
		}
	}
	if i, at := tb.nextRefresh(); !at.Equal(day.Add(refreshAfter)) && i >= 0 {
		t.Errorf("the next refresh is of bucket %d at %v", i, at)
	}
}

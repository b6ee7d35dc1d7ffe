package server

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gotor/tracker"
)

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// testBook is a book in the hands of a test, with a clock of its own.
type testBook struct {
	*book
	t     tester
	clock time.Time
}

func smallLimits() limits {
	return limits{ttl: 360, torrents: 100, peers: 1000, swarm: 1000, share: 1000}
}

func newTestBook(t tester, l limits, allow ...byte) *testBook {
	start := time.Unix(1_700_000_000, 0)
	var list map[[20]byte]bool
	for _, h := range allow {
		if list == nil {
			list = make(map[[20]byte]bool)
		}
		list[hashOf(h)] = true
	}
	return &testBook{newBook(start, l, list, rand.New(rand.NewPCG(1, 2))), t, start}
}

func hashOf(n byte) [20]byte { return [20]byte{0: n, 19: 0xff} }

// idOf is the peer id that tests give to the peer at an address.
func idOf(s string) (id [20]byte) {
	copy(id[:], s)
	return id
}

func (b *testBook) advance(d time.Duration) { b.clock = b.clock.Add(d) }

// peer is an announce of torrent 1 from an address; words change it.
func peer(at string, words ...string) *announce {
	ap := netip.MustParseAddrPort(at)
	a := &announce{hash: hashOf('1'), id: idOf(at), port: ap.Port(), want: stdWant, from: ap.Addr()}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "seed":
			a.seed = true
		case "started":
			a.event = tracker.EventStarted
		case "completed":
			a.event, a.seed = tracker.EventCompleted, true
		case "stopped":
			a.event = tracker.EventStopped
		case "id":
			a.id = idOf(value)
		case "ip":
			a.named = netip.MustParseAddr(value)
		case "at":
			a.local = netip.MustParseAddr(value)
		case "torrent":
			a.hash = hashOf(value[0])
		case "want":
			fmt.Sscan(value, &a.want)
		case "only":
			fmt.Sscan(value, &a.family)
		default:
			panic(w)
		}
	}
	return a
}

// say announces and returns whom it is told of, in order.
func (b *testBook) say(at string, words ...string) []string {
	b.t.Helper()
	_, peers, err := b.announce(b.clock, peer(at, words...), nil)
	if err != nil {
		b.t.Fatalf("%s %v: %v", at, words, err)
	}
	b.check()
	out := make([]string, 0, len(peers))
	for _, p := range peers {
		out = append(out, p.addr.String())
	}
	slices.Sort(out)
	return out
}

// wantPeers announces and compares whom it is told of.
func (b *testBook) wantPeers(at string, words string, want ...string) {
	b.t.Helper()
	got := b.say(at, strings.Fields(words)...)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.t.Errorf("%s %s is told of %q, want %q", at, words, got, want)
	}
}

func (b *testBook) wantCounts(hash byte, seeders, leechers, completed int) {
	b.t.Helper()
	got, _ := b.scrape(b.clock, hashOf(hash))
	if want := (counts{seeders, leechers, completed}); got != want {
		b.t.Errorf("torrent %c: %+v, want %+v", hash, got, want)
	}
}

// check finds what is inconsistent in the book.
func (b *testBook) check() {
	b.t.Helper()
	listed := 0
	for h, t := range b.torrents {
		n := 0
		for k, l := range t.lists {
			for pos, i := range l {
				e := &b.entries[i]
				if e.torrent != t || e.kind != kind(k) || int(e.pos) != pos || t.byAddr[e.at] != i || e.kind&^seeding != e.at.kind() {
					b.t.Fatalf("entry %d is not where it says: %+v in list %d at %d", i, e, k, pos)
				}
			}
			n += len(l)
		}
		if t.hash != h || n != len(t.byAddr) || n > b.swarm || n == 0 && b.allow == nil {
			b.t.Fatalf("torrent %x has %d peers listed, %d known, limit %d", h, n, len(t.byAddr), b.swarm)
		}
		listed += n
	}
	ring, last := 0, uint32(0)
	for i := b.entries[0].next; i != 0; i = b.entries[i].next {
		if e := &b.entries[i]; e.seen < last || b.entries[e.next].prev != i {
			b.t.Fatalf("the ring is broken at %d", i)
		}
		last = b.entries[i].seen
		ring++
	}
	free := 0
	for i := b.free; i != 0; i = b.entries[i].next {
		free++
	}
	sources := 0
	for s, n := range b.sources {
		sources += int(n)
		if int(n) > b.share && !isLoopback(s) || n == 0 {
			b.t.Fatalf("a source has %d peers, limit %d", n, b.share)
		}
	}
	b.checkSources()
	torrents := 0
	for t := b.recent.next; t != &b.recent; t = t.next {
		torrents++
	}
	if listed != b.peers || ring != b.peers || sources != b.peers || ring+free != len(b.entries)-1 || b.peers > b.limits.peers {
		b.t.Fatalf("%d peers, limit %d: %d listed, %d in the ring, %d of sources, %d free of %d", b.peers, b.limits.peers, listed, ring, sources, free, len(b.entries))
	}
	if torrents != len(b.torrents) || torrents > b.limits.torrents {
		b.t.Fatalf("%d torrents in the ring, %d known, limit %d", torrents, len(b.torrents), b.limits.torrents)
	}
}

func TestPeersFindEachOther(t *testing.T) {
	b := newTestBook(t, smallLimits())
	b.wantPeers("10.0.0.1:1", "seed started")
	b.wantPeers("10.0.0.2:2", "started", "10.0.0.1:1")
	b.wantPeers("10.0.0.3:3", "", "10.0.0.1:1", "10.0.0.2:2")
	b.wantPeers("10.0.0.1:1", "seed", "10.0.0.2:2", "10.0.0.3:3")
	b.wantPeers("10.0.0.4:4", "torrent=2") // another swarm
	b.wantCounts('1', 1, 2, 0)
	b.wantCounts('2', 0, 1, 0)
	if _, known := b.scrape(b.clock, hashOf('9')); known {
		t.Error("it knows a torrent that nobody has announced")
	}
}

func TestSeederGetsNoSeeders(t *testing.T) {
	b := newTestBook(t, smallLimits())
	b.say("10.0.0.1:1", "seed")
	b.wantPeers("10.0.0.2:2", "seed")
	b.wantPeers("10.0.0.3:3", "", "10.0.0.1:1", "10.0.0.2:2")
	b.wantPeers("10.0.0.2:2", "seed", "10.0.0.3:3")
}

// A peer is itself by its id too, at whatever address: over IPv6, or at the port
// that it had before it was started again.
func TestNeverTheAsker(t *testing.T) {
	b := newTestBook(t, smallLimits())
	b.wantPeers("10.0.0.1:1", "id=x")
	b.wantPeers("[fd00::1]:1", "id=x")
	b.wantPeers("10.0.0.1:2", "id=x")
	b.wantPeers("10.0.0.1:1", "id=y", "10.0.0.1:2", "[fd00::1]:1")
}

func TestEvents(t *testing.T) {
	b := newTestBook(t, smallLimits())
	b.say("10.0.0.1:1", "started")
	b.say("10.0.0.1:1", "completed")
	b.wantCounts('1', 1, 0, 1)
	b.say("10.0.0.1:1", "completed") // again: UDP repeats itself
	b.wantCounts('1', 1, 0, 1)
	b.say("10.0.0.2:2", "completed") // the tracker was not there before
	b.wantCounts('1', 2, 0, 2)
	b.say("10.0.0.1:1") // it lost data
	b.wantCounts('1', 1, 1, 2)
	b.wantPeers("10.0.0.1:1", "stopped") // whoever stops needs no peers
	b.wantCounts('1', 1, 0, 2)
	b.wantPeers("10.0.0.1:1", "stopped") // again
	b.wantPeers("10.0.0.9:9", "stopped") // never seen
	b.wantPeers("10.0.0.9:9", "stopped torrent=9")
	b.wantCounts('1', 1, 0, 2)
	b.say("10.0.0.2:2", "stopped", "seed")
	if len(b.torrents) != 0 {
		t.Error("a torrent without peers is still there")
	}
}

func TestSilentPeersExpire(t *testing.T) {
	b := newTestBook(t, smallLimits())
	b.say("10.0.0.1:1")
	b.advance(200 * time.Second)
	b.say("10.0.0.2:2")
	b.advance(159 * time.Second)
	b.wantPeers("10.0.0.2:2", "", "10.0.0.1:1")
	b.advance(time.Second)
	b.wantPeers("10.0.0.2:2", "")
	b.advance(-time.Hour) // a clock that goes back makes nobody young, and does no harm
	b.wantPeers("10.0.0.3:3", "", "10.0.0.2:2")
	b.advance(time.Hour + 6*time.Minute)
	b.wantCounts('1', 0, 0, 0)
	if b.check(); b.peers != 0 || len(b.torrents) != 0 || len(b.sources) != 0 {
		t.Errorf("%d peers, %d torrents, %d sources are left", b.peers, len(b.torrents), len(b.sources))
	}
}

func TestAllowList(t *testing.T) {
	b := newTestBook(t, smallLimits(), '1', '2')
	_, _, err := b.announce(b.clock, peer("10.0.0.1:1", "torrent=3"), nil)
	if err != errNotAllowed || b.peers != 0 || len(b.torrents) != 0 {
		t.Errorf("%v, %d peers, %d torrents", err, b.peers, len(b.torrents))
	}
	if _, known := b.scrape(b.clock, hashOf('2')); !known {
		t.Error("an allowed torrent is not known before its first peer")
	}
	b.say("10.0.0.1:1", "completed")
	b.say("10.0.0.1:1", "seed", "stopped")
	b.wantCounts('1', 0, 0, 1) // it outlives its peers
	b.wantPeers("10.0.0.2:1", "")
}

// The addresses under which a peer is listed, if at all.
func TestPlace(t *testing.T) {
	for _, c := range []struct{ from, words, want string }{
		{"10.0.0.1:1", "", "10.0.0.1:1"},
		{"8.8.8.8:1", "", "8.8.8.8:1"},
		{"[2001:db8::1]:1", "", "[2001:db8::1]:1"},
		{"10.0.0.1:0", "", ""},
		{"169.254.1.1:1", "", ""},
		{"[fe80::1]:1", "", ""},
		{"0.0.0.0:1", "", ""},
		{"255.255.255.255:1", "", ""},
		{"224.0.0.1:1", "", ""},
		{"[ff02::1]:1", "", ""},
		// ip= between private addresses only.
		{"10.0.0.1:1", "ip=192.168.1.1", "192.168.1.1:1"},
		{"10.0.0.1:1", "ip=fd00::7", "[fd00::7]:1"},
		{"127.0.0.1:1", "ip=10.0.0.5", "10.0.0.5:1"},
		{"127.0.0.1:1", "ip=127.0.0.2", "127.0.0.2:1"},
		{"10.0.0.1:1", "ip=8.8.8.8", "10.0.0.1:1"},
		{"8.8.8.8:1", "ip=10.0.0.5", "8.8.8.8:1"},
		{"8.8.8.8:1", "ip=9.9.9.9", "8.8.8.8:1"},
		{"10.0.0.1:1", "ip=127.0.0.1", "10.0.0.1:1"},
		{"10.0.0.1:1", "ip=0.0.0.0", "10.0.0.1:1"},
		{"10.0.0.1:1", "ip=169.254.169.254", "10.0.0.1:1"},
	} {
		at, ok := peer(c.from, strings.Fields(c.words)...).place()
		got := ""
		if ok {
			got = netip.AddrPortFrom(netip.AddrFrom16(at.addr).Unmap(), at.port).String()
		}
		if got != c.want {
			t.Errorf("from %s %s: listed as %q, want %q", c.from, c.words, got, c.want)
		}
	}
}

// A peer that is not in the book gets answers all the same.
func TestUnlistedPeers(t *testing.T) {
	b := newTestBook(t, smallLimits())
	b.say("10.0.0.1:1")
	b.wantPeers("10.0.0.2:0", "", "10.0.0.1:1")
	b.wantPeers("[fe80::1]:1", "", "10.0.0.1:1")
	b.wantPeers("10.0.0.2:0", "torrent=7")
	if b.peers != 1 || len(b.torrents) != 1 {
		t.Errorf("%d peers of %d torrents", b.peers, len(b.torrents))
	}
}

// Who runs on the tracker's machine is told to others by an address that they
// can reach.
func TestLoopbackPeers(t *testing.T) {
	b := newTestBook(t, smallLimits())
	b.say("127.0.0.1:1", "at=127.0.0.1")
	b.say("[::1]:6", "at=::1")
	b.say("10.0.0.9:9", "at=10.0.0.1")
	b.wantPeers("127.0.0.1:2", "at=127.0.0.1", "127.0.0.1:1", "[::1]:6", "10.0.0.9:9")
	b.wantPeers("10.0.0.2:2", "at=10.0.0.1", "10.0.0.1:1", "10.0.0.1:2", "10.0.0.9:9")
	b.wantPeers("[fd00::2]:2", "at=fd00::1", "[fd00::1]:6", "10.0.0.2:2", "10.0.0.9:9")
	b.wantPeers("10.0.0.3:3", "", "10.0.0.2:2", "10.0.0.9:9", "[fd00::2]:2") // nobody knows how it got here
	b.wantPeers("10.0.0.3:3", "at=127.0.0.1", "10.0.0.2:2", "10.0.0.9:9", "[fd00::2]:2")
}

func TestFamilies(t *testing.T) {
	b := newTestBook(t, smallLimits())
	b.say("10.0.0.1:1")
	b.say("[fd00::1]:1", "id=other")
	b.wantPeers("10.0.0.2:2", "", "10.0.0.1:1", "[fd00::1]:1")
	b.wantPeers("10.0.0.2:2", "only=4", "10.0.0.1:1")
	b.wantPeers("[fd00::2]:2", "only=6", "[fd00::1]:1")
}

// When all room is taken, who was silent longest makes way.
func TestRoomForPeers(t *testing.T) {
	l := smallLimits()
	l.peers = 3
	b := newTestBook(t, l)
	for _, at := range []string{"10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3", "10.0.0.1:1", "10.0.0.4:4"} {
		b.say(at)
		b.advance(time.Second)
	}
	b.wantPeers("10.0.0.4:4", "", "10.0.0.1:1", "10.0.0.3:3")
	b.say("10.0.0.5:5", "torrent=2") // takes 3's place in another torrent
	b.wantPeers("10.0.0.4:4", "", "10.0.0.1:1")
}

// The last peer of a torrent may be the one that makes way for the next.
func TestRoomForOne(t *testing.T) {
	b := newTestBook(t, limits{ttl: 360, torrents: 1, peers: 1, swarm: 1, share: 1})
	b.say("10.0.0.1:1")
	b.wantPeers("10.0.0.2:2", "")
	b.wantPeers("10.0.0.2:2", "")
	b.wantPeers("10.0.0.3:3", "torrent=2")
	b.wantCounts('1', 0, 0, 0)
}

// A torrent at its limit takes newcomers, in place of others.
func TestRoomInSwarm(t *testing.T) {
	l := smallLimits()
	l.swarm = 10
	b := newTestBook(t, l)
	for i := range 100 {
		if got := b.say(fmt.Sprintf("10.0.0.%d:1", i+1)); len(got) != min(i, 9) {
			t.Errorf("peer %d is told of %d", i, len(got))
		}
	}
	if b.say("10.0.1.1:1", "torrent=2"); b.peers != 11 {
		t.Errorf("%d peers", b.peers)
	}
}

// Made-up torrents push each other out, not those that are in use.
func TestRoomForTorrents(t *testing.T) {
	l := smallLimits()
	l.torrents = 10
	b := newTestBook(t, l)
	b.say("10.0.0.1:1", "seed")
	for i := range 100 {
		b.say(fmt.Sprintf("10.0.1.%d:1", i+1), fmt.Sprintf("torrent=%s", []byte{'A' + byte(i)}))
		if i%5 == 4 {
			b.wantPeers("10.0.0.1:1", "seed")
		}
	}
	b.wantCounts('1', 1, 0, 0)
	if len(b.torrents) != 10 || b.peers != 10 {
		t.Errorf("%d torrents, %d peers", len(b.torrents), b.peers)
	}
}

// One source takes its share and no more; an IPv6 network is one.
func TestShareOfSource(t *testing.T) {
	l := smallLimits()
	l.share = 5
	b := newTestBook(t, l)
	refused := 0
	for i := range 20 {
		for _, at := range []string{fmt.Sprintf("10.0.0.1:%d", i+1), fmt.Sprintf("[2001:db8::%d]:1", i+1)} {
			if _, _, err := b.announce(b.clock, peer(at, fmt.Sprintf("torrent=%c", 'A'+i)), nil); err == errShare {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if b.check(); refused != 30 || b.peers != 10 {
		t.Errorf("%d refused, %d peers", refused, b.peers)
	}
	b.say("10.0.0.1:1", "torrent=A") // who is listed stays so
	b.say("10.0.0.1:1", "torrent=A", "stopped")
	b.say("10.0.0.1:99") // and a place that is given back is free
	b.say("[2001:db8:0:1::1]:1")
}

// Of a large swarm each peer is drawn about as often as any other.
func TestRandomChoice(t *testing.T) {
	b := newTestBook(t, smallLimits())
	for i := range 100 {
		words := []string{}
		if i%2 == 0 {
			words = append(words, "seed")
		}
		b.say(fmt.Sprintf("10.0.0.%d:1", i+1), words...)
	}
	times := make(map[string]int)
	for range 1000 {
		got := b.say("10.0.1.1:1", "want=10")
		if len(got) != 10 || len(slices.Compact(got)) != 10 {
			t.Fatalf("%d peers", len(got))
		}
		for _, p := range got {
			times[p]++
		}
	}
	// 100 each on average, with a deviation of 10.
	for p, n := range times {
		if n < 50 || n > 150 {
			t.Errorf("%s was drawn %d times of 10,000", p, n)
		}
	}
	if len(times) != 100 {
		t.Errorf("%d of 100 peers were ever drawn", len(times))
	}
}

// A host that names other addresses of its network is counted for all of them.
func TestShareCountsTheAnnouncer(t *testing.T) {
	l := smallLimits()
	l.share = 50
	b := newTestBook(t, l)
	refused := false
	for i := range 200 {
		a := peer(fmt.Sprintf("10.0.0.1:%d", 1000+i))
		a.id = idOf(fmt.Sprint(i))
		a.named = netip.AddrFrom4([4]byte{10, 1, 0, byte(i)})
		if _, _, err := b.announce(b.clock, a, nil); errors.Is(err, errShare) {
			refused = true
			break
		}
	}
	if !refused {
		t.Error("one host has entered as many peers as it liked under other addresses")
	}
}

package swarm

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Flags of BEP 11, which the machine passes on.
const testSeed, testReachable uint8 = 0x02, 0x10

var pexStart = time.Unix(1_800_000_000, 0)

// pexAddr is the i-th public address: every third of IPv6.
func pexAddr(i int) netip.AddrPort {
	if i%3 == 2 {
		return netip.MustParseAddrPort(fmt.Sprintf("[2001:db8::%x]:6881", i+1))
	}
	return netip.MustParseAddrPort(fmt.Sprintf("192.0.%d.%d:6881", 2+i/200, 1+i%200))
}

// pexTest tells a story about a book, with one peer that is told things.
type pexTest struct {
	*testing.T
	book *PEX
	peer *PEXPeer
	now  time.Time
}

func newPexTest(t *testing.T, self string) *pexTest {
	pt := &pexTest{T: t, book: NewPEX(testHosts), now: pexStart}
	pt.peer = pt.book.Connect(netip.MustParseAddrPort(self), pt.now)
	pt.peer.Talk(true)
	return pt
}

func (pt *pexTest) join(addrs ...netip.AddrPort) {
	for _, a := range addrs {
		pt.book.Joined(a, testReachable, pt.now)
	}
}

func (pt *pexTest) leave(recent bool, addrs ...netip.AddrPort) {
	for _, a := range addrs {
		pt.book.Left(a, recent, pt.now)
	}
}

// want lets time pass until the next message and compares it.
func (pt *pexTest) want(added, dropped []netip.AddrPort) {
	pt.Helper()
	at := pt.book.Next()
	if at.IsZero() {
		pt.Fatalf("no message is planned, want %v and %v", added, dropped)
	}
	if at.After(pt.now) {
		if m, ok := pt.peer.Message(at.Add(-1)); ok {
			pt.Fatalf("a message before its time: %v", m)
		}
		pt.now = at
	}
	m, ok := pt.peer.Message(pt.now)
	if !ok {
		pt.Fatalf("no message, want %v and %v", added, dropped)
	}
	var got []netip.AddrPort
	for _, p := range m.Added {
		got = append(got, p.Addr)
	}
	if !slices.Equal(got, added) || !slices.Equal(m.Dropped, dropped) {
		pt.Fatalf("added %v, dropped %v; want %v, %v", got, m.Dropped, added, dropped)
	}
}

// wantSilence checks that nothing is said however long one waits.
func (pt *pexTest) wantSilence() {
	pt.Helper()
	if m, ok := pt.peer.Message(pt.now.Add(time.Hour)); ok {
		pt.Fatalf("a message: %v", m)
	}
	if at := pt.book.Next(); !at.IsZero() {
		pt.Fatalf("a message is planned at %v", at.Sub(pt.now))
	}
}

func pexAddrs(from, to int) (list []netip.AddrPort) {
	for i := from; i < to; i++ {
		list = append(list, pexAddr(i))
	}
	return list
}

func TestPEXTellsNewsEachMinute(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	pt.wantSilence()
	pt.join(pexAddr(0))
	pt.now = pt.now.Add(time.Second)
	pt.join(pexAddr(1)) // gathered
	pt.want(pexAddrs(0, 2), nil)
	first := pt.now
	if d := first.Sub(pexStart); d != pexGather {
		t.Errorf("the first message came after %v, want %v", d, pexGather)
	}
	pt.wantSilence()
	pt.now = first.Add(time.Second)
	pt.join(pexAddr(2))
	pt.leave(false, pexAddr(0))
	pt.want(pexAddrs(2, 3), pexAddrs(0, 1))
	// "Clients must batch updates to send no more than 1 PEX message per minute."
	if d := pt.now.Sub(first); d < time.Minute || d > time.Minute+2*time.Second {
		t.Errorf("the second message came after %v", d)
	}
	pt.wantSilence()
}

func TestPEXLeavesOut(t *testing.T) {
	pt := newPexTest(t, "192.0.2.9:6881")
	pt.join(pt.peer.addr, // itself
		netip.MustParseAddrPort("10.0.0.1:6881"), netip.MustParseAddrPort("127.0.0.1:6881"), // of our network, not of its
		netip.MustParseAddrPort("[fe80::1%eth0]:6881"), netip.MustParseAddrPort("192.0.2.10:0"),
		netip.MustParseAddrPort("224.0.0.1:6881"), netip.AddrPort{})
	pt.wantSilence()
	pt.join(netip.MustParseAddrPort("[::ffff:192.0.2.11]:6881"))
	pt.want([]netip.AddrPort{netip.MustParseAddrPort("192.0.2.11:6881")}, nil)

	// A peer of our network is told of the others there, but not of link-local ones.
	pt = newPexTest(t, "10.0.0.9:0")
	near := netip.MustParseAddrPort("10.0.0.1:6881")
	pt.join(near, netip.MustParseAddrPort("[fe80::1%eth0]:6881"), netip.MustParseAddrPort("169.254.0.1:6881"))
	pt.want([]netip.AddrPort{near}, nil)
}

func TestPEXTalksOnlyToThoseWhoListen(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	pt.peer.Talk(false)
	pt.join(pexAddr(0))
	pt.wantSilence()
	pt.peer.Talk(true)
	pt.want(pexAddrs(0, 1), nil)
	pt.peer.Close()
	pt.join(pexAddr(1))
	if at := pt.book.Next(); !at.IsZero() || len(pt.book.peers) != 0 {
		t.Errorf("a closed peer is due at %v", at)
	}
}

// "Transient connect-disconnect or disconnect-reconnect events may be elided."
func TestPEXElides(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	pt.join(pexAddr(0))
	pt.leave(false, pexAddr(0))
	pt.now = pt.now.Add(time.Hour)
	pt.wantSilence()
	pt.join(pexAddr(1))
	pt.want(pexAddrs(1, 2), nil)
	pt.leave(false, pexAddr(1))
	pt.join(pexAddr(1))
	pt.now = pt.now.Add(time.Hour)
	pt.wantSilence()
	// And left again, after that was passed over.
	pt.leave(false, pexAddr(1))
	pt.want(nil, pexAddrs(1, 2))
}

// Two connections to one address are one contact.
func TestPEXCountsConnections(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	pt.join(pexAddr(0), pexAddr(0))
	pt.want(pexAddrs(0, 1), nil)
	pt.leave(false, pexAddr(0))
	pt.now = pt.now.Add(time.Hour)
	pt.wantSilence()
	pt.leave(false, pexAddr(0))
	pt.leave(false, pexAddr(0)) // of nobody
	pt.want(nil, pexAddrs(0, 1))
}

func TestPEXSplitsLongLists(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	pt.join(pexAddrs(0, 120)...)
	pt.want(pexAddrs(0, 50), nil)
	pt.leave(false, pexAddr(60))
	pt.want(slices.Concat(pexAddrs(50, 60), pexAddrs(61, 101)), nil)
	pt.leave(false, pexAddrs(0, 60)...)
	pt.join(pexAddr(0))
	pt.want(nil, pexAddrs(0, 50)) // too many: in turn, and 0 with its return later
	pt.want(slices.Concat(pexAddrs(101, 120), pexAddrs(0, 1)), pexAddrs(50, 60))
	pt.wantSilence()
}

// BEP 11, "Filling underpopulated lists".
func TestPEXTellsOfRecent(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	pt.join(pexAddr(0), pexAddr(1), pexAddr(2))
	pt.leave(true, pexAddr(0), pexAddr(2))
	pt.leave(false, pexAddr(1))
	pt.want([]netip.AddrPort{pexAddr(0), pexAddr(2)}, nil)
	// "since recently seen contacts do not represent live connections they must be
	// dropped with the next PEX message"
	pt.want(nil, []netip.AddrPort{pexAddr(0), pexAddr(2)})
	pt.wantSilence()

	// Offered, and back before the next message: nothing to say.
	pt.join(pexAddr(3))
	pt.leave(true, pexAddr(3))
	pt.want(pexAddrs(3, 4), nil)
	pt.join(pexAddr(3))
	if m, ok := pt.peer.Message(pt.now.Add(time.Hour)); ok {
		t.Errorf("a message: %v", m)
	}
	// What was told as connected is taken back, not offered as recent in the same.
	pt.leave(true, pexAddr(3))
	pt.want(nil, pexAddrs(3, 4))
	pt.wantSilence()

	// A newcomer hears of them, unless they are too old.
	for _, c := range []struct {
		wait time.Duration
		want int
	}{{time.Minute, 3}, {pexRecent + time.Minute, 0}} {
		p := pt.book.Connect(netip.MustParseAddrPort("198.51.100.2:1"), pt.now)
		p.Talk(true)
		if m, _ := p.Message(pt.now.Add(c.wait)); len(m.Added) != c.want {
			t.Errorf("after %v %d recent contacts, want %d", c.wait, len(m.Added), c.want)
		}
		p.Close()
	}
}

// Recent contacts are taken back once, also when too many others left meanwhile.
func TestPEXTakesRecentBackFirst(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	pt.join(pexAddrs(0, 33)...) // 22 of IPv4, 11 of IPv6
	pt.want(pexAddrs(0, 33), nil)
	pt.join(pexAddrs(33, 57)...)
	pt.leave(true, pexAddrs(33, 57)...) // 16 and 8
	four, six := slices.DeleteFunc(pexAddrs(33, 57), isIPv6), slices.DeleteFunc(pexAddrs(33, 57), isIPv4)
	stale := slices.Concat(four, six)
	pt.want(stale, nil)
	pt.leave(false, pexAddrs(0, 33)...)
	pt.want(nil, slices.Concat(stale, pexAddrs(0, 26)))
	pt.want(nil, pexAddrs(26, 33))
	pt.wantSilence()
}

func isIPv4(a netip.AddrPort) bool { return a.Addr().Is4() }
func isIPv6(a netip.AddrPort) bool { return a.Addr().Is6() }

func TestPEXTellsOfRecentOnlyWhenFew(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	var four, six []netip.AddrPort
	for i := range 200 {
		if a := pexAddr(i); a.Addr().Is4() {
			four = append(four, a)
		} else {
			six = append(six, a)
		}
	}
	pt.join(four[:pexFew+1]...)
	pt.join(six[:30]...)
	pt.leave(true, four[pexFew])
	pt.leave(true, six[:30]...)
	// 25 of IPv4 are connected: none is added to them. Of IPv6 the last 25 are told.
	pt.want(slices.Concat(four[:pexFew], six[5:30]), nil)
	pt.leave(false, four[0])
	// Now there are few, and it is still recent.
	pt.want(four[pexFew:pexFew+1], slices.Concat(six[5:30], four[:1]))
}

// A peer that was told of many contacts and then reads no more cannot make the book
// grow, and what it was not told at last it is told no more.
func TestPEXForgets(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	const many = 2*maxPexOld + 100
	told := func() (n int) {
		pt.now = pt.now.Add(2 * time.Minute)
		m, _ := pt.peer.Message(pt.now)
		return len(m.Added) + len(m.Dropped)
	}
	pt.join(pexAddrs(0, many)...)
	for told() > 0 {
	}
	pt.leave(false, pexAddrs(0, many)...)
	if len(pt.book.leaves) > 2*maxPexOld || len(pt.book.joins) > 2*maxPexOld {
		t.Errorf("%d contacts that left are kept, %d in all", len(pt.book.leaves), len(pt.book.joins))
	}
	pt.book.forget()
	if n := len(pt.book.leaves); n != maxPexOld || len(pt.book.joins) != n {
		t.Errorf("%d contacts that left are kept, %d in all, want %d", n, len(pt.book.joins), maxPexOld)
	}
	sum := 0
	for n := told(); n > 0; n = told() {
		sum += n
	}
	if sum != maxPexOld {
		t.Errorf("%d contacts were dropped, want %d", sum, maxPexOld)
	}
	if pt.book.forget(); len(pt.book.joins)+len(pt.book.leaves) != 0 {
		t.Errorf("%d contacts are kept that nobody needs", len(pt.book.joins))
	}
}

// Contacts that nobody was told of are not kept for a peer that takes no messages.
func TestPEXForgetsForTheMute(t *testing.T) {
	pt := newPexTest(t, "198.51.100.1:1")
	pt.peer.Talk(false)
	for i := range 1000 {
		pt.join(pexAddr(i))
		pt.leave(false, pexAddr(i))
	}
	if n := len(pt.book.joins); n > pexSweep {
		t.Errorf("%d contacts are kept", n)
	}
}

// follower is what a peer makes of the messages it gets, and what BEP 11 demands
// of each.
type follower struct {
	peer *PEXPeer
	told map[netip.AddrPort]bool
	last time.Time
}

func (f *follower) take(t *rapid.T, now time.Time, present func(netip.AddrPort) bool) bool {
	m, ok := f.peer.Message(now)
	if !ok {
		return false
	}
	if !f.last.IsZero() && now.Sub(f.last) < time.Minute {
		t.Fatalf("two messages within %v", now.Sub(f.last))
	}
	f.last = now
	if len(m.Added) > MaxPEX || len(m.Dropped) > MaxPEX || len(m.Added)+len(m.Dropped) == 0 {
		t.Fatalf("%d added, %d dropped", len(m.Added), len(m.Dropped))
	}
	dropped := make(map[netip.AddrPort]bool)
	for _, a := range m.Dropped {
		if !f.told[a] {
			t.Fatalf("%v is dropped twice, or was never added", a)
		}
		dropped[a] = true
		delete(f.told, a)
	}
	for _, c := range m.Added {
		if f.told[c.Addr] || dropped[c.Addr] || c.Addr == f.peer.addr || !present(c.Addr) {
			t.Fatalf("%v is added: known %v, dropped with it %v, present %v", c.Addr, f.told[c.Addr], dropped[c.Addr], present(c.Addr))
		}
		f.told[c.Addr] = true
	}
	return true
}

// What each peer makes of its messages is, once all is told, who is connected.
func TestPEXConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const pool = 160
		b, now := NewPEX(testHosts), pexStart
		live := make(map[netip.AddrPort]bool)
		recent := make(map[netip.AddrPort]bool) // left with it, the last time
		var peers []*follower
		turn := func() (any bool) {
			for _, f := range peers {
				any = f.take(t, now, func(a netip.AddrPort) bool { return live[a] || recent[a] }) || any
			}
			return any
		}
		some := func(n int, f func(netip.AddrPort)) { // n addresses in a row
			from := rapid.IntRange(0, pool-1).Draw(t, "from")
			for i := range n {
				f(pexAddr((from + i) % pool))
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				some(rapid.SampledFrom([]int{1, 1, 3, 70}).Draw(t, "n"), func(a netip.AddrPort) {
					if !live[a] {
						b.Joined(a, 0, now)
						live[a], recent[a] = true, false
					}
				})
			},
			"leave": func(t *rapid.T) {
				why := rapid.Bool().Draw(t, "recent")
				some(rapid.SampledFrom([]int{1, 1, 3, 70, pool}).Draw(t, "n"), func(a netip.AddrPort) {
					if live[a] {
						b.Left(a, why, now)
						live[a], recent[a] = false, why
					}
				})
			},
			"connect": func(t *rapid.T) {
				if len(peers) < 6 {
					p := b.Connect(pexAddr(rapid.IntRange(0, pool-1).Draw(t, "who")), now)
					p.Talk(true)
					peers = append(peers, &follower{peer: p, told: make(map[netip.AddrPort]bool)})
				}
			},
			"close": func(t *rapid.T) {
				if len(peers) > 0 {
					peers[0].peer.Close()
					peers = peers[1:]
				}
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
			},
			"send":  func(*rapid.T) { turn() },
			"sweep": func(*rapid.T) { b.forget() },
		})
		for range 20 {
			now = now.Add(2 * time.Minute)
			turn()
		}
		if turn(); !b.Next().IsZero() {
			t.Fatalf("there is no end of news")
		}
		for _, f := range peers {
			want := make(map[netip.AddrPort]bool)
			for a, here := range live {
				if here && a != f.peer.addr {
					want[a] = true
				}
			}
			if diff := cmp.Diff(want, f.told, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
				t.Fatalf("who is connected, and who the peer thinks is:\n%s", diff)
			}
		}
		if b.forget(); len(b.leaves) > 0 {
			t.Fatalf("%d contacts are kept that all were told to have left", len(b.leaves))
		}
	})
}

func pexAdd(addrs ...netip.AddrPort) (m PEXMessage) {
	for _, a := range addrs {
		m.Added = append(m.Added, Contact{Addr: a, Flags: testSeed})
	}
	return m
}

func pexParse(list ...string) (addrs []netip.AddrPort) {
	for _, s := range list {
		addrs = append(addrs, netip.MustParseAddrPort(s))
	}
	return addrs
}

func TestPEXTakesAddresses(t *testing.T) {
	for _, c := range []struct {
		name                 string
		added, dropped, want []string
	}{
		{"new ones", []string{"192.0.2.1:1", "[2001:db8::1]:1"}, nil, []string{"192.0.2.1:1", "[2001:db8::1]:1"}},
		{"itself, and nobody", []string{"198.51.100.1:1", "0.0.0.0:1", "224.0.0.1:1", "255.255.255.255:1", "192.0.2.1:0", "[ff02::1]:1"}, nil, nil},
		// "Duplicate IP addresses (e.g. with different ports) should be ignored."
		{"ports of one IP", []string{"192.0.2.1:1", "192.0.2.1:2", "[::ffff:192.0.2.1]:3"}, nil, []string{"192.0.2.1:1"}},
		{"ports of a private IP", []string{"127.0.0.1:1", "127.0.0.1:2", "10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:2"}, nil,
			[]string{"127.0.0.1:1", "127.0.0.1:2", "10.0.0.1:1", "10.0.0.1:2"}},
		{"dropped unseen", []string{"192.0.2.1:1"}, []string{"192.0.2.1:1", "192.0.2.2:1"}, []string{"192.0.2.1:1"}},
	} {
		p := NewPEX(testHosts).Connect(netip.MustParseAddrPort("198.51.100.1:1"), pexStart)
		m := pexAdd(pexParse(c.added...)...)
		m.Dropped = pexParse(c.dropped...)
		fresh, abuse := p.Receive(m, pexStart)
		if want := pexAdd(pexParse(c.want...)...).Added; abuse || !slices.Equal(fresh, want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, fresh, abuse, want)
		}
		if p.listed != len(c.want) {
			t.Errorf("%s: %d are listed, want %d", c.name, p.listed, len(c.want))
		}
	}
}

// A port stays the port of an IP when it was taken back, and what is known is not
// new again.
func TestPEXRemembersWhatWasTakenBack(t *testing.T) {
	now := pexStart
	p := NewPEX(testHosts).Connect(netip.MustParseAddrPort("198.51.100.1:1"), now)
	a := pexParse("192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1")
	for i, step := range []struct {
		add, drop []netip.AddrPort
		fresh     []netip.AddrPort
		listed    int
	}{
		{a[:1], nil, a[:1], 1},
		{nil, a[1:2], nil, 1}, // another port: not what it told
		{a[1:2], a[:1], nil, 0},
		{a[:1], nil, nil, 1},
		{a[2:], a[:1], a[2:], 1},
	} {
		m := pexAdd(step.add...)
		m.Dropped = step.drop
		fresh, _ := p.Receive(m, now)
		if !slices.Equal(fresh, pexAdd(step.fresh...).Added) || p.listed != step.listed {
			t.Errorf("step %d: got %v and %d listed, want %v and %d", i, fresh, p.listed, step.fresh, step.listed)
		}
		now = now.Add(time.Minute)
	}
}

func TestPEXIgnoresFloods(t *testing.T) {
	now := pexStart
	p := NewPEX(testHosts).Connect(netip.MustParseAddrPort("198.51.100.1:1"), now)
	for i := range pexBurst + pexStrikes {
		fresh, abuse := p.Receive(pexAdd(pexAddr(i)), now)
		if (len(fresh) == 1) != (i < pexBurst) || abuse != (i == pexBurst+pexStrikes-1) {
			t.Errorf("message %d at once: got %v, abuse %v", i, fresh, abuse)
		}
	}
	// Once a minute, and now and then a little early, is fine forever.
	p = NewPEX(testHosts).Connect(netip.MustParseAddrPort("198.51.100.1:1"), now)
	for i := range 60 {
		early := time.Duration(i%2) * 10 * time.Second
		if fresh, abuse := p.Receive(pexAdd(pexAddr(i)), now.Add(time.Duration(i)*time.Minute-early)); len(fresh) != 1 || abuse {
			t.Errorf("message %d: got %v, abuse %v", i, fresh, abuse)
		}
	}
	// One too many now and then is no abuse.
	p = NewPEX(testHosts).Connect(netip.MustParseAddrPort("198.51.100.1:1"), now)
	for i := range 20 * pexStrikes {
		if _, abuse := p.Receive(pexAdd(), now.Add(time.Duration(i/2)*time.Minute)); abuse {
			t.Fatalf("abuse after %d messages", i)
		}
	}
	// Too long messages are cut.
	p = NewPEX(testHosts).Connect(netip.MustParseAddrPort("198.51.100.1:1"), now)
	if fresh, _ := p.Receive(pexAdd(pexAddrs(0, 80)...), now); len(fresh) != MaxPEX {
		t.Errorf("%d addresses of one message were taken", len(fresh))
	}
}

// However a source behaves, it is believed a bounded number of addresses, and does
// not take more memory than that.
func TestPEXSourceIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := pexStart
		p := NewPEX(testHosts).Connect(netip.MustParseAddrPort("198.51.100.1:1"), now)
		given := make(map[netip.AddrPort]int)
		total, minutes := 0, rapid.IntRange(1, 30).Draw(t, "minutes")
		next := 0
		for range 2 * minutes {
			var m PEXMessage
			if rapid.Bool().Draw(t, "takes back") {
				m.Dropped = pexAddrs(max(0, next-MaxPEX), next)
			}
			n := rapid.IntRange(0, 60).Draw(t, "added")
			m.Added = pexAdd(pexAddrs(next, next+n)...).Added
			next += n
			fresh, _ := p.Receive(m, now)
			for _, c := range fresh {
				given[c.Addr]++
			}
			total += len(fresh)
			if p.listed > maxPexList || len(p.heard) > 2*maxPexList {
				t.Fatalf("%d are listed, %d remembered", p.listed, len(p.heard))
			}
			now = now.Add(30 * time.Second)
		}
		if most := maxPexList + pexRefill*minutes; total > most || total > (minutes+pexBurst)*MaxPEX {
			t.Fatalf("%d addresses in %d minutes, at most %d", total, minutes, most)
		}
		listed := 0
		for _, h := range p.heard {
			if !h.gone {
				listed++
			}
		}
		if listed != p.listed {
			t.Fatalf("%d are listed, counted as %d", listed, p.listed)
		}
		for a, n := range given {
			if n > 1 && len(p.heard) < 2*maxPexList {
				t.Fatalf("%v was new %d times", a, n)
			}
		}
	})
}

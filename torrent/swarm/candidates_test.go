package swarm

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"gotor/torrent/network"
)

// testHosts knows the address policy of package torrent.
var testHosts = Hosts{Private: func(ip netip.Addr) bool { return network.Classify(ip) != network.Public }}

// testShare is how many dials of one teller there may be, where that is not what
// is tested.
const testShare = 40

func testBook() (*Book, time.Time) {
	return NewBook(rand.New(rand.NewPCG(1, 2)), testHosts), time.Unix(1000, 0)
}

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestBookOrder(t *testing.T) {
	b, now := testBook()
	b.Add(ap("192.0.2.1:80"), FromTracker, now)
	b.Add(ap("192.0.2.2:6881"), FromTracker, now)
	b.Add(ap("192.0.2.3:22"), FromUser, now)
	b.Add(ap("[::ffff:192.0.2.2]:6881"), FromTracker, now) // the same in other clothes
	var got []string
	for {
		a, ok := b.Next(now, false, testShare)
		if !ok {
			break
		}
		got = append(got, a.String())
	}
	want := []string{"192.0.2.3:22", "192.0.2.2:6881", "192.0.2.1:80"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("dialled %v, want the user's first and well-known ports last: %v", got, want)
	}
}

func TestBookBackoff(t *testing.T) {
	b, now := testBook()
	a := ap("192.0.2.1:6881")
	b.Add(a, FromTracker, now)
	var last time.Duration
	for i := range 14 {
		if got, ok := b.Next(now, false, testShare); !ok || got != a {
			t.Fatalf("try %d: got %v %v", i, got, ok)
		}
		if _, ok := b.Next(now, false, testShare); ok {
			t.Fatal("a busy candidate was given out again")
		}
		b.Release(a, GaveNothing, now)
		wait := b.WakeAt(false, testShare).Sub(now)
		if wait < time.Second || wait > 19*time.Minute {
			t.Fatalf("try %d: waits %v", i, wait)
		}
		if i > 0 && i < 6 && wait < last {
			t.Errorf("try %d waits %v, less than the %v before", i, wait, last)
		}
		if _, ok := b.Next(now.Add(wait-1), false, testShare); ok {
			t.Fatal("dialled before its time")
		}
		last = wait
		now = now.Add(wait)
	}
}

func TestBookUsefulComesBackSooner(t *testing.T) {
	b, now := testBook()
	good, bad := ap("192.0.2.1:6881"), ap("192.0.2.2:6881")
	for _, a := range []netip.AddrPort{good, bad} {
		b.Add(a, FromTracker, now)
	}
	b.Next(now, false, testShare)
	b.Next(now, false, testShare)
	b.Release(good, GaveData, now)
	for range 5 {
		b.Release(bad, GaveNothing, now)
	}
	if a, _ := b.Next(b.WakeAt(false, testShare), false, testShare); a != good {
		t.Errorf("first back is %v, want the one that gave data", a)
	}
}

func TestBookIsBounded(t *testing.T) {
	b, now := testBook()
	for i := range MaxKnown + 500 {
		b.Add(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 6881), FromTracker, now)
	}
	if b.Size() != MaxKnown {
		t.Fatalf("knows %d addresses, want %d", b.Size(), MaxKnown)
	}
	a, _ := b.Next(now, false, testShare)
	b.Dialled(a)
	b.Release(a, GaveNothing, now)
	if !b.Add(ap("198.51.100.1:6881"), FromTracker, now) || b.Size() != MaxKnown {
		t.Error("a failed candidate should make room for a new one")
	}
}

func TestBookBan(t *testing.T) {
	b, now := testBook()
	b.Add(ap("192.0.2.1:6881"), FromTracker, now)
	b.Ban(ap("[::ffff:192.0.2.1]:6881"))
	if b.Add(ap("192.0.2.1:7000"), FromTracker, now) || b.Size() != 0 || !b.Banned(ap("192.0.2.1:1")) {
		t.Error("a banned address came back")
	}
	b.Ban(ap("127.0.0.1:6881"))
	if b.Add(ap("127.0.0.1:6881"), FromTracker, now) || !b.Add(ap("127.0.0.1:6882"), FromTracker, now) {
		t.Error("on a private address one port is banned, not all")
	}
}

// many adds n addresses that one tracker tells.
func (b *Book) many(n int, who string, now time.Time) {
	for i := range n {
		b.AddOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 6881), FromTracker, who, now)
	}
}

// A book that one teller has filled has room for another, up to half of it.
func TestBookShares(t *testing.T) {
	b, now := testBook()
	b.many(MaxKnown, "flood", now)
	if !b.AddOf(ap("198.51.100.1:6881"), FromPeer, "other", now) || b.Size() != MaxKnown {
		t.Fatal("no room for an address of somebody else")
	}
	if b.AddOf(ap("203.0.113.1:6881"), FromTracker, "flood", now) {
		t.Error("whoever fills the book pushed somebody out")
	}
	for i := range MaxKnown {
		b.AddOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), 6881), FromDHT, "", now)
	}
	for _, k := range b.tellers.all {
		if k.key.who != "other" && (k.known < MaxKnown/2-1 || k.known > MaxKnown/2) {
			t.Errorf("%+v has %d of %d", k.key, k.known, MaxKnown)
		}
	}
	if b.known[ap("198.51.100.1:6881")] == nil {
		t.Error("the only address of a teller was pushed out")
	}
}

// Two thousand addresses of one teller do not keep us from the one of another,
// nor do those that come later.
func TestBookServesTellersInTurn(t *testing.T) {
	b, now := testBook()
	b.many(MaxKnown-10, "flood", now)
	for range 20 { // they are all dead
		a, _ := b.Next(now, false, testShare)
		b.Dialled(a)
		b.Release(a, GaveNothing, now)
	}
	good := ap("198.51.100.1:6881")
	b.AddOf(good, FromPeer, "other", now)
	for i := range 3 {
		if a, _ := b.Next(now, false, testShare); a == good {
			return
		} else if i == 2 {
			t.Errorf("the third dial is to %v", a)
		}
	}
}

// A torrent that had nothing to dial for long has no claim to all dials when it has.
func TestBookTurnsDoNotAdd(t *testing.T) {
	b, now := testBook()
	b.AddOf(ap("198.51.100.1:6881"), FromPeer, "idle", now)
	b.Next(now, false, testShare) // and it stays connected
	b.many(1000, "busy", now)
	for range 500 {
		b.Next(now, false, MaxKnown)
	}
	for i := range 100 {
		b.AddOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, 0, byte(i)}), 6881), FromPeer, "idle", now)
	}
	busy := 0
	for range 20 {
		if a, _ := b.Next(now, false, MaxKnown); a.Addr().As4()[0] == 192 {
			busy++
		}
	}
	if busy < 9 || busy > 11 {
		t.Errorf("%d of 20 dials went to the one of two that had more before", busy)
	}
}

// No teller gets all half-open connections, but for the user.
func TestBookDialShare(t *testing.T) {
	b, now := testBook()
	b.many(10, "flood", now)
	for range 3 {
		if _, ok := b.Next(now, false, 3); !ok {
			t.Fatal("fewer than the share")
		}
	}
	if a, ok := b.Next(now, false, 3); ok {
		t.Errorf("a fourth is dialled: %v", a)
	}
	if at := b.WakeAt(false, 3); !at.IsZero() {
		t.Error("it would look again although only the end of a dial helps")
	}
	b.Add(ap("198.51.100.1:6881"), FromUser, now)
	if a, ok := b.Next(now, false, 0); !ok || a != ap("198.51.100.1:6881") {
		t.Error("what the user names has to wait for a share")
	}
	for a, c := range b.known {
		if c.dialling && c.origin != FromUser {
			b.Dialled(a)
			break
		}
	}
	if _, ok := b.Next(now, false, 3); !ok {
		t.Error("a place that came free is not used")
	}
}

// What somebody trusted has named stays trusted, whoever names it before or after.
func TestBookTrusts(t *testing.T) {
	for _, c := range []struct {
		by   []Origin
		want bool
	}{
		{[]Origin{FromDHT, FromPeer, FromTracker, FromLink}, false},
		{[]Origin{FromUser}, true},
		{[]Origin{FromIncoming}, true},
		{[]Origin{FromLink, FromUserTracker}, true},
		{[]Origin{FromLocal, FromLink}, true},
	} {
		b, now := testBook()
		a := netip.MustParseAddrPort("10.0.0.1:1")
		for _, from := range c.by {
			b.Add(a, from, now)
		}
		if b.Trusted(a) != c.want {
			t.Errorf("named by %v: %v", c.by, !c.want)
		}
		if b.Trusted(netip.MustParseAddrPort("10.0.0.1:2")) {
			t.Error("what nobody named is trusted")
		}
	}
}

// Who gave us data comes back sooner, less so when it broke the protocol, and who
// gave nothing waits longer each time.
func TestBookOutcomes(t *testing.T) {
	wait := func(outcomes ...Outcome) (d time.Duration) {
		b, now := testBook()
		a := ap("192.0.2.1:6881")
		b.Add(a, FromTracker, now)
		for _, o := range outcomes {
			if !b.Hold(a) || !b.Busy(a) {
				t.Fatal("it cannot be taken")
			}
			b.Release(a, o, now)
		}
		return b.WakeAt(false, testShare).Sub(now)
	}
	// Doubled from 2 s, halved for the useful, a quarter of jitter either way.
	for _, c := range []struct {
		outcomes    []Outcome
		least, most time.Duration
	}{
		{[]Outcome{GaveData}, 750 * time.Millisecond, 1250 * time.Millisecond},
		{[]Outcome{GaveAndOffended}, 1500 * time.Millisecond, 2500 * time.Millisecond},
		{[]Outcome{GaveNothing}, 3 * time.Second, 5 * time.Second},
		{[]Outcome{GaveNothing, GaveNothing}, 6 * time.Second, 10 * time.Second},
		{[]Outcome{GaveNothing, GaveNothing, GaveData}, 750 * time.Millisecond, 1250 * time.Millisecond},
	} {
		if d := wait(c.outcomes...); d < c.least || d > c.most {
			t.Errorf("after %v it waits %v, want %v to %v", c.outcomes, d, c.least, c.most)
		}
	}
}

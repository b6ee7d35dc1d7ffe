package torrent

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

func testBook() (*book, time.Time) {
	return newBook(rand.New(rand.NewPCG(1, 2))), time.Unix(1000, 0)
}

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestBookOrder(t *testing.T) {
	b, now := testBook()
	b.add(ap("192.0.2.1:80"), fromTracker, now)
	b.add(ap("192.0.2.2:6881"), fromTracker, now)
	b.add(ap("192.0.2.3:22"), fromUser, now)
	b.add(ap("[::ffff:192.0.2.2]:6881"), fromTracker, now) // the same in other clothes
	var got []string
	for {
		a, ok := b.next(now, false, maxDialing)
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
	b.add(a, fromTracker, now)
	var last time.Duration
	for i := range 14 {
		if got, ok := b.next(now, false, maxDialing); !ok || got != a {
			t.Fatalf("try %d: got %v %v", i, got, ok)
		}
		if _, ok := b.next(now, false, maxDialing); ok {
			t.Fatal("a busy candidate was given out again")
		}
		b.release(a, false, false, now)
		wait := b.wakeAt(false, maxDialing).Sub(now)
		if wait < time.Second || wait > 19*time.Minute {
			t.Fatalf("try %d: waits %v", i, wait)
		}
		if i > 0 && i < 6 && wait < last {
			t.Errorf("try %d waits %v, less than the %v before", i, wait, last)
		}
		if _, ok := b.next(now.Add(wait-1), false, maxDialing); ok {
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
		b.add(a, fromTracker, now)
	}
	b.next(now, false, maxDialing)
	b.next(now, false, maxDialing)
	b.release(good, true, true, now)
	for range 5 {
		b.release(bad, false, false, now)
	}
	if a, _ := b.next(b.wakeAt(false, maxDialing), false, maxDialing); a != good {
		t.Errorf("first back is %v, want the one that gave data", a)
	}
}

func TestBookIsBounded(t *testing.T) {
	b, now := testBook()
	for i := range maxKnown + 500 {
		b.add(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 6881), fromTracker, now)
	}
	if b.size() != maxKnown {
		t.Fatalf("knows %d addresses, want %d", b.size(), maxKnown)
	}
	a, _ := b.next(now, false, maxDialing)
	b.dialled(a)
	b.release(a, false, false, now)
	if !b.add(ap("198.51.100.1:6881"), fromTracker, now) || b.size() != maxKnown {
		t.Error("a failed candidate should make room for a new one")
	}
}

func TestBookBan(t *testing.T) {
	b, now := testBook()
	b.add(ap("192.0.2.1:6881"), fromTracker, now)
	b.ban(ap("[::ffff:192.0.2.1]:6881"))
	if b.add(ap("192.0.2.1:7000"), fromTracker, now) || b.size() != 0 || !b.isBanned(ap("192.0.2.1:1")) {
		t.Error("a banned address came back")
	}
	b.ban(ap("127.0.0.1:6881"))
	if b.add(ap("127.0.0.1:6881"), fromTracker, now) || !b.add(ap("127.0.0.1:6882"), fromTracker, now) {
		t.Error("on a private address one port is banned, not all")
	}
}

// many adds n addresses that one tracker tells.
func (b *book) many(n int, who string, now time.Time) {
	for i := range n {
		b.addOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 6881), fromTracker, who, now)
	}
}

// A book that one teller has filled has room for another, up to half of it.
func TestBookShares(t *testing.T) {
	b, now := testBook()
	b.many(maxKnown, "flood", now)
	if !b.addOf(ap("198.51.100.1:6881"), fromPeer, "other", now) || b.size() != maxKnown {
		t.Fatal("no room for an address of somebody else")
	}
	if b.addOf(ap("203.0.113.1:6881"), fromTracker, "flood", now) {
		t.Error("whoever fills the book pushed somebody out")
	}
	for i := range maxKnown {
		b.addOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), 6881), fromDHT, "", now)
	}
	for _, k := range b.tellers.all {
		if k.key.who != "other" && (k.known < maxKnown/2-1 || k.known > maxKnown/2) {
			t.Errorf("%+v has %d of %d", k.key, k.known, maxKnown)
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
	b.many(maxKnown-10, "flood", now)
	for range 20 { // they are all dead
		a, _ := b.next(now, false, maxDialing)
		b.dialled(a)
		b.release(a, false, false, now)
	}
	good := ap("198.51.100.1:6881")
	b.addOf(good, fromPeer, "other", now)
	for i := range 3 {
		if a, _ := b.next(now, false, maxDialing); a == good {
			return
		} else if i == 2 {
			t.Errorf("the third dial is to %v", a)
		}
	}
}

// Whoever had nothing to dial for long has no claim to all dials when he has.
func TestBookTurnsDoNotAdd(t *testing.T) {
	b, now := testBook()
	b.addOf(ap("198.51.100.1:6881"), fromPeer, "idle", now)
	b.next(now, false, maxDialing) // and it stays connected
	b.many(1000, "busy", now)
	for range 500 {
		b.next(now, false, maxKnown)
	}
	for i := range 100 {
		b.addOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, 0, byte(i)}), 6881), fromPeer, "idle", now)
	}
	busy := 0
	for range 20 {
		if a, _ := b.next(now, false, maxKnown); a.Addr().As4()[0] == 192 {
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
		if _, ok := b.next(now, false, 3); !ok {
			t.Fatal("fewer than the share")
		}
	}
	if a, ok := b.next(now, false, 3); ok {
		t.Errorf("a fourth is dialled: %v", a)
	}
	if at := b.wakeAt(false, 3); !at.IsZero() {
		t.Error("it would look again although only the end of a dial helps")
	}
	b.add(ap("198.51.100.1:6881"), fromUser, now)
	if a, ok := b.next(now, false, 0); !ok || a != ap("198.51.100.1:6881") {
		t.Error("what the user names has to wait for a share")
	}
	for a, c := range b.known {
		if c.dialling && c.origin != fromUser {
			b.dialled(a)
			break
		}
	}
	if _, ok := b.next(now, false, 3); !ok {
		t.Error("a place that came free is not used")
	}
}

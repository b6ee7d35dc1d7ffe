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
		a, ok := b.next(now, false)
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
		if got, ok := b.next(now, false); !ok || got != a {
			t.Fatalf("try %d: got %v %v", i, got, ok)
		}
		if _, ok := b.next(now, false); ok {
			t.Fatal("a busy candidate was given out again")
		}
		b.release(a, false, false, now)
		wait := b.wakeAt(false).Sub(now)
		if wait < time.Second || wait > 19*time.Minute {
			t.Fatalf("try %d: waits %v", i, wait)
		}
		if i > 0 && i < 6 && wait < last {
			t.Errorf("try %d waits %v, less than the %v before", i, wait, last)
		}
		if _, ok := b.next(now.Add(wait-1), false); ok {
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
	b.next(now, false)
	b.next(now, false)
	b.release(good, true, true, now)
	for range 5 {
		b.release(bad, false, false, now)
	}
	if a, _ := b.next(b.wakeAt(false), false); a != good {
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
	a, _ := b.next(now, false)
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

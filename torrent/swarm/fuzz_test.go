package swarm

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// ops is what a fuzzer has happen, byte by byte; zeros when it is over.
type ops struct{ b []byte }

func (o *ops) take() (c byte) {
	if len(o.b) > 0 {
		c, o.b = o.b[0], o.b[1:]
	}
	return c
}

// addr is one of few addresses, so that they meet: public and private ones of
// both families, the same in other clothes, and such as nobody has.
func (o *ops) addr() netip.AddrPort {
	c := o.take()
	ip := [...]netip.Addr{
		netip.AddrFrom4([4]byte{192, 0, 2, c >> 5}), netip.AddrFrom4([4]byte{10, 0, 0, c >> 5}),
		netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: c >> 5}), netip.AddrFrom16([16]byte{10: 255, 11: 255, 12: 192, 14: 2, 15: c >> 5}),
		netip.AddrFrom16([16]byte{0xfd, 15: c >> 5}), {}, netip.AddrFrom4([4]byte{224, 0, 0, 1}), netip.IPv6Unspecified(),
	}[c&7]
	return netip.AddrPortFrom(ip, [...]uint16{6881, 80, 0, 6882}[c>>3&3])
}

// FuzzCandidates has a swarm's addresses told, dialled, given back and banned in
// any order. The book stays within its bounds, and never gives out an address
// that is banned, in use, or not due.
func FuzzCandidates(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 33, 1, 1, 2, 1, 3, 7, 1, 3, 0, 4, 0})
	f.Add([]byte{0, 0, 4, 0, 0, 5, 1, 1, 1, 2, 255, 5, 3, 32, 6, 0})
	f.Add([]byte{0, 3, 1, 0, 0, 2, 1, 1, 4, 3, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		book, now := testBook()
		o := &ops{b}
		var dialled []netip.AddrPort
		busy := make(map[netip.AddrPort]bool)
		for len(o.b) > 0 {
			switch c := o.take(); c % 7 {
			case 0:
				book.Add(o.addr(), Origin(o.take())%(FromUser+1), now)
			case 1:
				a, ok := book.Next(now, c&64 != 0, testShare)
				if !ok {
					break
				}
				if busy[a] || book.Banned(a) || book.known[a] == nil || book.known[a].notBefore.After(now) {
					t.Fatalf("%v is given out; busy: %v", a, busy[a])
				}
				busy[a], dialled = true, append(dialled, a)
			case 2:
				if n := len(dialled); n > 0 {
					i := int(o.take()) % n
					book.Release(dialled[i], Outcome(c>>3)%(GaveAndOffended+1), now)
					delete(busy, dialled[i])
					dialled = append(dialled[:i], dialled[i+1:]...)
				}
			case 3:
				book.Ban(o.addr())
			case 4:
				book.Seed(o.addr(), c&8 != 0)
			case 5:
				now = now.Add(time.Duration(c) * time.Second)
			case 6: // who calls it closes the connections
				for _, a := range book.ForgetStrangers() {
					delete(busy, a)
					dialled = slices.DeleteFunc(dialled, func(d netip.AddrPort) bool { return d == a })
				}
			}
			if book.Size() > MaxKnown {
				t.Fatalf("%d addresses", book.Size())
			}
			if at := book.WakeAt(false, testShare); !at.IsZero() && at.Sub(now) > time.Hour {
				t.Fatalf("nobody is dialled for %v", at.Sub(now))
			}
		}
	})
}

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

// pexView is a peer of FuzzPEX as it sees the swarm by our messages.
type pexView struct {
	*PEXPeer
	knows map[netip.AddrPort]bool
}

// take applies a message of ours.
func (v *pexView) take(t *testing.T, m PEXMessage) {
	if len(m.Added) > MaxPEX || len(m.Dropped) > MaxPEX {
		t.Fatalf("%d added, %d dropped", len(m.Added), len(m.Dropped))
	}
	for _, a := range m.Dropped {
		if !v.knows[a] {
			t.Fatalf("%v is taken back and was not told", a)
		}
		delete(v.knows, a)
	}
	for _, c := range m.Added {
		if v.knows[c.Addr] || c.Addr == v.addr || !dialable(c.Addr) {
			t.Fatalf("%v is told to %v, who knows it: %v", c.Addr, v.addr, v.knows[c.Addr])
		}
		v.knows[c.Addr] = true
	}
}

// FuzzPEX has peers come, go, talk, and say what they like about others. What we
// tell each of them fits together, and what one tells us is bounded.
func FuzzPEX(f *testing.F) {
	f.Add([]byte{0, 0, 1, 32, 1, 64, 2, 0, 1, 32, 4, 255, 3, 0})
	f.Add([]byte{0, 0, 0, 33, 1, 0, 1, 1, 6, 0, 9, 9, 4, 255, 2, 1, 4, 255, 5, 0, 1, 32, 4, 255})
	f.Add([]byte{0, 4, 6, 0, 40, 0, 8, 16, 24, 32, 4, 200, 6, 0, 40, 1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		book, now := NewPEX(testHosts), time.Unix(1000, 0)
		o := &ops{b}
		var views []*pexView
		for len(o.b) > 0 {
			switch c := o.take(); c % 7 {
			case 0:
				if len(views) < 8 {
					v := &pexView{book.Connect(o.addr(), now), make(map[netip.AddrPort]bool)}
					v.Talk(true)
					views = append(views, v)
				}
			case 1:
				book.Joined(o.addr(), uint8(c>>3), now)
			case 2:
				book.Left(o.addr(), c&8 != 0, now)
			case 3:
				if n := len(views); n > 0 {
					i := int(o.take()) % n
					views[i].Close()
					views = append(views[:i], views[i+1:]...)
				}
			case 4:
				now = now.Add(time.Duration(o.take()) * time.Second)
				for _, v := range views {
					if m, ok := v.Message(now); ok {
						v.take(t, m)
					}
				}
			case 5:
				book.forget()
			case 6:
				if len(views) > 0 {
					hearPEX(t, views[int(o.take())%len(views)], o, now)
				}
			}
		}
	})
}

// hearPEX has a peer tell us of others.
func hearPEX(t *testing.T, v *pexView, o *ops, now time.Time) {
	var m PEXMessage
	for n := o.take() % 64; n > 0; n-- {
		if a := o.addr(); n%4 == 0 {
			m.Dropped = append(m.Dropped, a)
		} else {
			m.Added = append(m.Added, Contact{Addr: a})
		}
	}
	fresh, _ := v.Receive(m, now)
	for _, p := range fresh {
		if !dialable(p.Addr) || p.Addr.Addr().Is4In6() {
			t.Fatalf("%v is taken", p.Addr)
		}
	}
	if v.listed > maxPexList || v.listed < 0 || len(v.heard) > 2*maxPexList || len(fresh) > MaxPEX {
		t.Fatalf("%d are listed, %d remembered, %d new", v.listed, len(v.heard), len(fresh))
	}
}

package swarm

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The first two are BEP 40's own vectors. The others are the CRC32-C of the
// bytes in the comment, reckoned bit by bit in slowCRC.
func TestCanonicalPriority(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		want       uint32
	}{
		{"far apart", "123.213.32.10:1", "98.76.54.32:2", 0xec2d7224},
		{"in one /24", "123.213.32.10:1", "123.213.32.234:2", 0x99568189},
		{"in one /16", "123.213.32.10:1", "123.213.7.234:2",
			slowCRC(123, 213, 7, 234&0x55, 123, 213, 32, 10&0x55)},
		{"one address", "123.213.32.10:6881", "123.213.32.10:51413", slowCRC(0x1a, 0xe1, 0xc8, 0xd5)},
		{"one mapped", "[::ffff:123.213.32.10]:1", "98.76.54.32:2", 0xec2d7224},
		{"ipv6", "[2001:db8:1:ffff:ffff::1]:1", "[2001:db8:2::ff]:1",
			slowCRC(0x20, 1, 0xd, 0xb8, 0, 1, 0x55, 0x55, 0x55, 0x55, 0, 0, 0, 0, 0, 1,
				0x20, 1, 0xd, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x55)},
		{"ipv6 in one /48", "[2001:db8:1:ffff:ffff::1]:1", "[2001:db8:1::ff]:1",
			slowCRC(0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x55,
				0x20, 1, 0xd, 0xb8, 0, 1, 0xff, 0x55, 0x55, 0x55, 0, 0, 0, 0, 0, 1)},
		{"ipv6 in one /56", "[2001:db8:1:ff:ff::1]:1", "[2001:db8:1:fe::ff]:1",
			slowCRC(0x20, 1, 0xd, 0xb8, 0, 1, 0, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0x55,
				0x20, 1, 0xd, 0xb8, 0, 1, 0, 0xff, 0, 0x55, 0, 0, 0, 0, 0, 1)},
		{"two kinds", "123.213.32.10:1", "[2001:db8::1]:1", 0},
	} {
		a, b := netip.MustParseAddrPort(c.a), netip.MustParseAddrPort(c.b)
		if got := canonicalPriority(a, b); got != c.want {
			t.Errorf("%s: %08x, want %08x", c.name, got, c.want)
		}
		if got := canonicalPriority(b, a); got != c.want {
			t.Errorf("%s, the other way: %08x, want %08x", c.name, got, c.want)
		}
	}
	if got := canonicalPriority(netip.AddrPort{}, netip.MustParseAddrPort("192.0.2.1:1")); got != 0 {
		t.Errorf("of an unknown address: %08x", got)
	}
}

// slowCRC is CRC32-C by its definition.
func slowCRC(b ...byte) uint32 {
	crc := ^uint32(0)
	for _, v := range b {
		crc ^= uint32(v)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0x82f63b78
			} else {
				crc >>= 1
			}
		}
	}
	return ^crc
}

// Whoever owns a network chooses among few priorities, not among 2^32.
func TestCanonicalPriorityHidesTheHost(t *testing.T) {
	us := netip.MustParseAddrPort("123.213.32.10:1")
	seen := make(map[uint32]bool)
	for i := range 65536 {
		a := netip.AddrFrom4([4]byte{98, 76, byte(i >> 8), byte(i)})
		seen[canonicalPriority(us, netip.AddrPortFrom(a, uint16(i)))] = true
	}
	if len(seen) != 256 {
		t.Errorf("a /16 has %d priorities, want 256", len(seen))
	}
}

var shedNow = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// ago is a time before shedNow.
func ago(d time.Duration) time.Time { return shedNow.Add(-d) }

func TestShed(t *testing.T) {
	us := OurAddr{V4: netip.MustParseAddrPort("123.213.32.10:1")}
	lowAddr, highAddr := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("198.51.100.1:1")
	if us.priority(lowAddr) > us.priority(highAddr) {
		lowAddr, highAddr = highAddr, lowAddr
	}
	old := ago(time.Hour)
	var (
		useful   = Connection{Addr: lowAddr, Joined: old, Moved: ago(time.Second), Interesting: true}
		better   = Connection{Addr: highAddr, Joined: old, Moved: ago(time.Second), Interesting: true}
		idle     = Connection{Addr: lowAddr, Joined: old, Moved: ago(time.Hour), Interested: true}
		idleHigh = Connection{Addr: highAddr, Joined: old, Interesting: true}
		unwanted = Connection{Addr: highAddr, Joined: old}
		fresh    = Connection{Addr: lowAddr, Joined: ago(time.Second), Interested: true}
		silent   = Connection{Addr: highAddr, Joined: ago(time.Second)}
		spurns   = Connection{Addr: lowAddr, Joined: ago(15 * time.Second), Interested: true, Offered: ago(shedSpurn)}
		useless  = Connection{Addr: highAddr, Joined: ago(time.Second), Useless: true}
		named    = Connection{Addr: lowAddr, Joined: old, Named: true}

		low, high = Connection{Addr: lowAddr, Joined: shedNow}, Connection{Addr: highAddr, Joined: shedNow}
		asked     = Connection{Addr: lowAddr, Joined: shedNow, Named: true}
		vain      = Connection{Addr: highAddr, Joined: shedNow, Useless: true}
	)
	for _, c := range []struct {
		name     string
		peers    []Connection
		newcomer Connection
		want     int
	}{
		{"nobody to close", nil, high, -1},
		{"two seeds first, however new", []Connection{idle, unwanted, useless, useful}, low, 2},
		{"then the unwanted", []Connection{useful, idle, unwanted, fresh}, low, 2},
		{"then the idle of lower priority", []Connection{useful, idleHigh, idle, fresh}, high, 2},
		{"but not for a lower one", []Connection{useful, idleHigh, fresh}, low, -1},
		{"nor for an equal", []Connection{idle}, low, -1},
		{"never the useful", []Connection{useful, better}, high, -1},
		{"those without a word, the oldest first", []Connection{silent, unwanted, fresh}, low, 1},
		{"however new they are", []Connection{fresh, silent}, low, 1},
		{"and those that let a slot pass", []Connection{fresh, idleHigh, spurns}, low, 2},
		{"never the new that want something", []Connection{fresh, better, idleHigh}, low, -1},
		{"never the named", []Connection{named}, high, -1},
		{"nobody for a seed that meets a seed", []Connection{useless, unwanted}, vain, -1},
		{"the named gets in for the idle", []Connection{useful, idleHigh}, asked, 1},
		{"and for the useful", []Connection{better, useful, fresh}, asked, 1},
		{"and if both are seeds", []Connection{idle}, Connection{Addr: lowAddr, Joined: shedNow, Named: true, Useless: true}, 0},
		{"not for the named", []Connection{named, fresh}, asked, -1},
	} {
		if got := testHosts.Shed(us, c.peers, c.newcomer, shedNow); got != c.want {
			t.Errorf("%s: closed %d, want %d", c.name, got, c.want)
		}
	}
}

// Without our address all priorities are equal: the one that moved something
// the longest ago goes, and newcomers do not replace the idle.
func TestShedWithoutOurAddress(t *testing.T) {
	a := netip.MustParseAddrPort("192.0.2.1:1")
	peers := []Connection{
		{Addr: a, Joined: ago(2 * time.Hour), Moved: ago(10 * time.Minute), Interested: true},
		{Addr: a, Joined: ago(3 * time.Hour), Moved: ago(20 * time.Minute), Interested: true},
	}
	if got := testHosts.Shed(OurAddr{}, peers, Connection{Addr: a, Named: true, Joined: shedNow}, shedNow); got != 1 {
		t.Errorf("closed %d, want 1", got)
	}
	if got := testHosts.Shed(OurAddr{}, peers, Connection{Addr: a, Joined: shedNow}, shedNow); got != -1 {
		t.Errorf("closed %d for an equal", got)
	}
}

func genShedPeer(t *rapid.T) Connection {
	ip := rapid.Uint32().Draw(t, "ip")
	p := Connection{
		Addr:        netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}), 1),
		Named:       rapid.IntRange(0, 9).Draw(t, "named") == 0,
		Useless:     rapid.IntRange(0, 3).Draw(t, "useless") == 0,
		Interested:  rapid.Bool().Draw(t, "interested"),
		Interesting: rapid.Bool().Draw(t, "interesting"),
		Joined:      ago(time.Duration(rapid.IntRange(0, 600).Draw(t, "age")) * time.Second),
	}
	if rapid.Bool().Draw(t, "moved ever") {
		p.Moved = ago(time.Duration(rapid.IntRange(0, 600).Draw(t, "idle")) * time.Second)
	}
	return p
}

// However many unknown peers come, whoever moves data stays, and so does the
// user's choice and whoever is new and may be of use.
func TestShedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := OurAddr{V4: netip.MustParseAddrPort("203.0.113.7:6881")}
		peers := rapid.SliceOfN(rapid.Custom(genShedPeer), 0, 12).Draw(t, "peers")
		newcomer := rapid.Custom(genShedPeer).Draw(t, "newcomer")
		newcomer.Joined = shedNow
		i := testHosts.Shed(us, peers, newcomer, shedNow)
		if i < 0 {
			for _, p := range peers {
				if p.Useless && !p.Named && !newcomer.Useless {
					t.Fatalf("refused a newcomer although %+v is useless", p)
				}
			}
			return
		}
		gone := peers[i]
		switch {
		case gone.Named:
			t.Fatalf("closed the user's choice %+v", gone)
		case newcomer.Useless && !newcomer.Named:
			t.Fatalf("closed %+v for a useless newcomer", gone)
		case gone.Useless:
			return
		case gone.Interesting && shedNow.Sub(gone.Joined) < shedGrace && !gone.crowds:
			t.Fatalf("closed the new %+v", gone)
		case !gone.Moved.IsZero() && shedNow.Sub(gone.Moved) < shedIdle && !newcomer.Named:
			t.Fatalf("closed the useful %+v", gone)
		}
		for _, p := range peers {
			if p.standing(shedNow) < gone.standing(shedNow) {
				t.Fatalf("closed %+v although %+v is of less use", gone, p)
			}
		}
	})
}

// A flood of connections that do nothing, one a second: those that were there
// and do something stay all the while, and room is made only among the idlers.
func TestShedFlood(t *testing.T) {
	us := OurAddr{V4: netip.MustParseAddrPort("203.0.113.7:6881")}
	const good, limit = 10, 20
	var peers []Connection
	for i := range good {
		peers = append(peers, Connection{Addr: ap("192.0.2.1:1"), Joined: ago(time.Duration(i) * time.Hour), Interested: true})
	}
	now, taken := shedNow, 0
	for i := range 600 {
		now = now.Add(time.Second)
		for j := range peers[:good] {
			peers[j].Moved = now
		}
		flood := Connection{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, byte(i >> 8), byte(i), 1}), 1), Joined: now}
		if len(peers) < limit {
			peers = append(peers, flood)
			continue
		}
		switch j := testHosts.Shed(us, peers, flood, now); {
		case j >= 0 && j < good:
			t.Fatalf("second %d: a useful peer was closed for a newcomer", i)
		case j >= good:
			peers[j] = flood
			taken++
		}
	}
	if taken != 600-limit+good {
		t.Errorf("%d newcomers had a chance", taken)
	}
}

// A host that fills the room makes room for others, however much it claims to
// want and however new its connections are; one of few of them does not.
func TestShedCrowdOfOneHost(t *testing.T) {
	flooder, good := ap("192.0.2.1:1"), ap("198.51.100.1:1")
	var peers []Connection
	for range 10 {
		peers = append(peers, Connection{Addr: flooder, Joined: ago(time.Second), Interested: true, Interesting: true})
	}
	for i := range 10 {
		peers = append(peers, Connection{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), 1), Joined: ago(time.Second), Interested: true})
	}
	newcomer := Connection{Addr: good, Joined: shedNow}
	if i := testHosts.Shed(OurAddr{}, peers, newcomer, shedNow); i < 0 || i >= 10 {
		t.Errorf("closed %d, want one of the ten of one host", i)
	}
	if i := testHosts.Shed(OurAddr{}, peers[6:], newcomer, shedNow); i < 0 || i >= 4 {
		t.Errorf("closed %d, want one of the four of one host", i)
	}
	if i := testHosts.Shed(OurAddr{}, peers[8:], newcomer, shedNow); i >= 0 {
		t.Errorf("closed %d, though nobody has more than his share", i)
	}
}

// Where descriptors are short, whoever is of no use goes, and nobody who is.
func TestIdle(t *testing.T) {
	a := ap("192.0.2.1:1")
	useful := Connection{Addr: a, Joined: ago(time.Hour), Moved: ago(time.Second), Interesting: true}
	idle := Connection{Addr: a, Joined: ago(time.Hour), Interesting: true}
	unwanted := Connection{Addr: a, Joined: ago(time.Minute)}
	named := Connection{Addr: a, Joined: ago(time.Hour), Named: true}
	for _, c := range []struct {
		peers []Connection
		want  int
	}{
		{nil, -1}, {[]Connection{useful, named}, -1}, {[]Connection{useful, idle, named}, 1}, {[]Connection{idle, unwanted}, 1},
	} {
		if got := Idle(c.peers, shedNow); got != c.want {
			t.Errorf("%+v: %d, want %d", c.peers, got, c.want)
		}
	}
}

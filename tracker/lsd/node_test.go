package lsd

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Unix(1_800_000_000, 0)

// nodeTest tells a story about a node.
type nodeTest struct {
	testing.TB
	*Node
	now   time.Time
	sent  []sending
	found []string // "hash address"
}

// sending is an announce that went to both groups.
type sending struct {
	at     time.Time
	hashes [][20]byte
}

func newNodeTest(t testing.TB, cfg Config) *nodeTest {
	nt := &nodeTest{TB: t, now: start}
	cfg.Rand = rand.NewPCG(1, 2)
	cfg.Found = func(h [20]byte, peer netip.AddrPort) { nt.found = append(nt.found, fmt.Sprintf("%x %v", h[0], peer)) }
	var four string
	cfg.Send = func(packet []byte, v6 bool) {
		if !v6 {
			four = string(packet)
			return
		}
		if want := strings.Replace(four, host4, host6, 1); string(packet) != want || four == "" {
			t.Errorf("the groups got %q and %q", four, packet)
		}
		m, err := parseMessage(packet)
		if err != nil || m.port != cfg.Port || len(packet) > maxPacket || len(m.hashes) == 0 {
			t.Errorf("sent %q: %v", packet, err)
		}
		nt.sent, four = append(nt.sent, sending{nt.now, m.hashes}), ""
	}
	nt.Node = New(cfg)
	return nt
}

// pass lets time pass as the loop of a Runner does.
func (nt *nodeTest) pass(d time.Duration) {
	end := nt.now.Add(d)
	for range 10_000 {
		next := nt.Tick(nt.now)
		if next.IsZero() || next.After(end) {
			nt.now = end
			return
		}
		if !next.After(nt.now) {
			nt.Fatal("what is due is not done")
		}
		nt.now = next
	}
	nt.Fatal("there is no end of work")
}

// hear delivers an announce of others.
func (nt *nodeTest) hear(from string, port uint16, hashes ...[20]byte) {
	nt.Receive(nt.now, appendMessage(nil, message{port: port, hashes: hashes}, host4), netip.MustParseAddrPort(from))
}

func TestAnnouncesEveryFiveMinutes(t *testing.T) {
	nt := newNodeTest(t, Config{Port: 6881})
	if next := nt.Tick(nt.now); !next.IsZero() {
		t.Errorf("a node without torrents wakes at %v", next)
	}
	nt.Announce(nt.now, hash(1))
	nt.Announce(nt.now, hash(1))
	nt.pass(30 * time.Minute)
	if len(nt.sent) != 8 || !nt.sent[0].at.Equal(start) {
		t.Errorf("announced %d times: %v", len(nt.sent), nt.sent)
	}
	for i, s := range nt.sent {
		if !slices.Equal(s.hashes, [][20]byte{hash(1)}) {
			t.Errorf("announced %v", s.hashes)
		}
		if i <= repeats { // the first announce, three times within seconds
			if s.at.Sub(start) > 10*time.Second {
				t.Errorf("said again after %v", s.at.Sub(start))
			}
			continue
		}
		before := nt.sent[i-1].at
		if i == repeats+1 {
			before = start
		}
		if d := s.at.Sub(before); d < announceEvery || d > announceEvery+announceJitter {
			t.Errorf("announces are %v apart", d)
		}
	}
	nt.Remove(hash(1))
	nt.pass(time.Hour)
	if len(nt.sent) != 8 || nt.Stats().Sent != 16 {
		t.Errorf("announced %d times after it was removed, %+v", len(nt.sent), nt.Stats())
	}
}

// "a client should send no more than 1 announce per minute": on average, and when
// there is no room, those that wait go together.
func TestGathersTorrents(t *testing.T) {
	nt := newNodeTest(t, Config{Port: 6881})
	for i := range packetBurst {
		nt.Announce(nt.now, hash(byte(1+i)))
		nt.pass(100 * time.Millisecond)
	}
	if len(nt.sent) != packetBurst {
		t.Errorf("%d of %d torrents are announced at once", len(nt.sent), packetBurst)
	}
	nt.Announce(nt.now, hash(11))
	nt.Announce(nt.now, hash(12))
	nt.pass(2 * time.Minute)
	next := nt.sent[packetBurst]
	if d := next.at.Sub(start); d != time.Minute || !slices.Equal(next.hashes, [][20]byte{hash(11), hash(12)}) {
		t.Errorf("the next announce came after %v with %v", d, next.hashes)
	}
	if len(nt.sent) != packetBurst+1 {
		t.Errorf("sent %v", nt.sent)
	}
}

// Who starts in the minute behind our announces hears of us soon.
func TestAnswersWithinSeconds(t *testing.T) {
	for after := range 60 {
		nt := newNodeTest(t, Config{Port: 6881})
		nt.Announce(nt.now, hash(1))
		nt.pass(time.Duration(after)*time.Second + 500*time.Millisecond)
		from := nt.now
		nt.hear("10.0.0.1:6771", 7000, hash(1))
		nt.pass(answerWait)
		if last := nt.sent[len(nt.sent)-1]; last.at.Before(from) {
			t.Errorf("one that starts %d s after us is not told", after)
		}
	}
}

func TestSendsNothingWithoutPort(t *testing.T) {
	nt := newNodeTest(t, Config{})
	nt.Announce(nt.now, hash(1))
	nt.pass(time.Hour)
	nt.hear("192.168.0.2:6771", 1234, hash(1))
	if len(nt.sent) != 0 || !slices.Equal(nt.found, []string{"1 192.168.0.2:1234"}) {
		t.Errorf("sent %v, found %v", nt.sent, nt.found)
	}
}

func TestFinds(t *testing.T) {
	for _, c := range []struct {
		name, from string
		local      func(netip.Addr) bool
		hashes     []byte
		want       []string
	}{
		{"ours, of several", "192.168.0.2:6771", nil, []byte{9, 1, 8, 2}, []string{"1 192.168.0.2:7000", "2 192.168.0.2:7000"}},
		{"not ours", "192.168.0.2:6771", nil, []byte{9}, nil},
		{"IPv6, with a zone", "[fe80::2%eth0]:40000", nil, []byte{1}, []string{"1 [fe80::2%eth0]:7000"}},
		{"mapped", "[::ffff:10.0.0.2]:6771", nil, []byte{1}, []string{"1 10.0.0.2:7000"}},
		{"from afar", "203.0.113.5:6771", nil, []byte{1}, nil},
		{"from afar, IPv6", "[2001:db8::1]:6771", nil, []byte{1}, nil},
		{"on our network", "[2001:db8::1]:6771", within([]netip.Prefix{netip.MustParsePrefix("2001:db8::9/64")}), []byte{1}, []string{"1 [2001:db8::1]:7000"}},
		{"private, not on our network", "10.0.0.2:6771", within([]netip.Prefix{netip.MustParsePrefix("192.168.1.7/24")}), []byte{1}, nil},
	} {
		nt := newNodeTest(t, Config{Port: 6881, Local: c.local})
		nt.Announce(nt.now, hash(1))
		nt.Announce(nt.now, hash(2))
		var hashes [][20]byte
		for _, b := range c.hashes {
			hashes = append(hashes, hash(b))
		}
		nt.hear(c.from, 7000, hashes...)
		if !slices.Equal(nt.found, c.want) {
			t.Errorf("%s: found %v, want %v", c.name, nt.found, c.want)
		}
		nt.Remove(hash(1))
		nt.Remove(hash(2))
		nt.hear(c.from, 7001, hashes...)
		if !slices.Equal(nt.found, c.want) {
			t.Errorf("%s: found %v after the torrents were removed", c.name, nt.found)
		}
	}
}

func TestIgnoresItself(t *testing.T) {
	nt := newNodeTest(t, Config{Port: 6881, Cookie: "me"})
	nt.Announce(nt.now, hash(1))
	for cookie, want := range map[string]int{"me": 0, "you": 1, "": 1} {
		nt.found = nil
		nt.Receive(nt.now, appendMessage(nil, message{port: 6881, hashes: [][20]byte{hash(1)}, cookie: cookie}, host4), netip.MustParseAddrPort("10.0.0.1:6771"))
		if len(nt.found) != want {
			t.Errorf("cookie %q: found %v", cookie, nt.found)
		}
	}
	// One that would break the packet is replaced by a random one, as is none.
	made := make(map[string]bool)
	for _, c := range []string{"", "a\r\nPort: 1", "a b", "ü", strings.Repeat("x", maxCookie+1)} {
		n := New(Config{Cookie: c, Local: Private})
		if !validCookie(n.cfg.Cookie) || made[n.cfg.Cookie] {
			t.Errorf("cookie %q became %q", c, n.cfg.Cookie)
		}
		made[n.cfg.Cookie] = true
	}
}

// A new peer is answered before time, but not all the time.
func TestAnswersNewPeers(t *testing.T) {
	nt := newNodeTest(t, Config{Port: 6881})
	nt.Announce(nt.now, hash(1))
	nt.Announce(nt.now, hash(2))
	nt.pass(90 * time.Second)
	wait := func(from string, want bool) {
		t.Helper()
		before, now := len(nt.sent), nt.now
		nt.hear(from, 7000, hash(1))
		nt.pass(10 * time.Second)
		if got := len(nt.sent) > before; got != want {
			t.Errorf("after %v, %s was answered: %v", now.Sub(start), from, got)
		} else if got && (len(nt.sent) != before+1 || nt.sent[before].at.Sub(now) > answerWait || nt.sent[before].hashes[0] != hash(1)) {
			t.Errorf("the answers are %v", nt.sent[before:])
		}
	}
	wait("10.0.0.1:6771", true)
	nt.pass(time.Minute)
	wait("10.0.0.2:6771", false) // too soon
	nt.pass(time.Minute)
	wait("10.0.0.1:6771", false) // is known
	wait("10.0.0.3:6771", true)
	nt.found = nil
	wait("10.0.0.3:6771", false)
	if len(nt.found) != 1 {
		t.Errorf("a known peer was reported %d times", len(nt.found))
	}
}

// Who announces as often as BEP 14 says stays known, and a new peer does not put
// off what is due.
func TestKnownPeersChangeNothing(t *testing.T) {
	nt := newNodeTest(t, Config{Port: 6881})
	nt.Announce(nt.now, hash(1))
	for range 6 {
		nt.hear("10.0.0.1:6771", 7000, hash(1))
		nt.pass(announceEvery + 90*time.Second) // not when we announce
	}
	if len(nt.found) != 6 || !nt.sent[0].at.Equal(start) {
		t.Errorf("found %d times, announced %v", len(nt.found), nt.sent)
	}
	for i, s := range nt.sent[1+repeats:] {
		if d := s.at.Sub(nt.sent[i+repeats].at); i > 0 && d < announceEvery {
			t.Errorf("announces are %v apart", d)
		}
	}
}

func TestBoundsFloods(t *testing.T) {
	nt := newNodeTest(t, Config{Port: 6881})
	nt.Announce(nt.now, hash(1))
	for i := range 100 { // of one source
		nt.hear("10.0.0.1:6771", uint16(1+i), hash(1))
	}
	if len(nt.found) != maxFrom {
		t.Errorf("one source reported %d peers", len(nt.found))
	}
	nt.hear("10.0.0.2:6771", 1, hash(1))
	if len(nt.found) != maxFrom+1 {
		t.Error("another source is not heard")
	}
	for i := range 1000 { // of many
		nt.hear(fmt.Sprintf("10.0.%d.%d:6771", 1+i/200, i%200), 7000, hash(1))
	}
	if len(nt.found) != maxNewPeers {
		t.Errorf("%d peers were reported at once", len(nt.found))
	}
	if s := nt.Stats(); s.Received != 1101 || s.Found != maxNewPeers || s.Refused != 100-maxFrom+1000-(maxSources-2) {
		t.Errorf("%+v", s)
	}
	nt.pass(peerWindow)
	nt.hear("10.0.9.9:6771", 1, hash(1))
	if len(nt.found) != maxNewPeers+1 {
		t.Error("after the flood nobody is heard")
	}
	nt.Receive(nt.now, []byte("BT-SEARCH"), netip.MustParseAddrPort("10.0.9.9:6771"))
	nt.Receive(nt.now, nil, netip.AddrPort{})
	if s := nt.Stats(); s.Refused != 100-maxFrom+1000-(maxSources-2)+2 {
		t.Errorf("%+v", s)
	}
}

// However many torrents there are and whatever is heard: one packet a minute, and
// each torrent has its turn.
func TestSchedule(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		nt := newNodeTest(t, Config{Port: 6881})
		added := make(map[[20]byte]time.Time)
		r.Repeat(map[string]func(*rapid.T){
			"announce": func(r *rapid.T) {
				from := rapid.IntRange(0, 250).Draw(r, "from")
				for i := range rapid.SampledFrom([]int{1, 1, 40}).Draw(r, "n") {
					h := hash(byte(from + i))
					nt.Announce(nt.now, h)
					if _, ok := added[h]; !ok {
						added[h] = nt.now
					}
				}
			},
			"remove": func(r *rapid.T) {
				h := hash(byte(rapid.IntRange(0, 255).Draw(r, "which")))
				nt.Remove(h)
				delete(added, h)
			},
			"hear": func(r *rapid.T) {
				nt.hear(fmt.Sprintf("10.0.0.%d:6771", rapid.IntRange(1, 250).Draw(r, "who")), 7000, hash(byte(rapid.IntRange(0, 255).Draw(r, "which"))))
			},
			"pass": func(r *rapid.T) { nt.pass(time.Duration(rapid.IntRange(0, 400).Draw(r, "s")) * time.Second) },
		})
		nt.pass(15 * time.Minute)
		last := make(map[[20]byte]time.Time)
		for i, s := range nt.sent {
			if j := i - packetBurst; j >= 0 && s.at.Sub(nt.sent[j].at) < packetEvery {
				r.Fatalf("%d packets within %v", packetBurst+1, s.at.Sub(nt.sent[j].at))
			}
			if j := i - packetBurst - 9; j >= 0 && s.at.Sub(nt.sent[j].at) < 10*packetEvery {
				r.Fatalf("%d packets within %v", packetBurst+10, s.at.Sub(nt.sent[j].at))
			}
			for _, h := range s.hashes {
				last[h] = s.at
			}
		}
		// 256 torrents need 11 packets, a minute each.
		for h, at := range added {
			if last[h].Before(at) || nt.now.Sub(last[h]) > 12*time.Minute {
				r.Fatalf("of %d torrents %x was announced %v ago", len(added), h[0], nt.now.Sub(last[h]))
			}
		}
	})
}

func TestPrivate(t *testing.T) {
	for ip, want := range map[string]bool{
		"127.0.0.1": true, "10.1.2.3": true, "172.16.0.1": true, "172.32.0.1": false, "192.168.1.1": true, "169.254.1.1": true,
		"100.64.0.1": true, "100.127.255.255": true, "100.128.0.1": false, "100.63.0.1": false, "8.8.8.8": false, "239.192.152.143": false,
		"::1": true, "fe80::1%eth0": true, "fd00::1": true, "2001:db8::1": false, "::ffff:10.0.0.1": true, "::ffff:8.8.8.8": false, "ff15::1": false,
	} {
		if got := Private(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s is private: %v", ip, got)
		}
	}
}

func TestWithin(t *testing.T) {
	local := within([]netip.Prefix{netip.MustParsePrefix("192.168.1.7/24"), netip.MustParsePrefix("2001:db8::7/64")})
	for ip, want := range map[string]bool{
		"192.168.1.1": true, "192.168.2.1": false, "10.0.0.1": false, "127.0.0.1": true, "::1": true, "fe80::1%eth0": true,
		"2001:db8::1": true, "2001:db8:1::1": false, "8.8.8.8": false, "::ffff:192.168.1.1": true,
	} {
		if got := local(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s is local: %v", ip, got)
		}
	}
}

package server

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gotor/tracker"
)

var be = binary.BigEndian

// udpAnnounce is an announce request with the standard peer id.
func udpAnnounce(connection uint64, transaction uint32, hash byte, left uint64, event uint32, ip [4]byte, want int32, port uint16) []byte {
	b := be.AppendUint64(nil, connection)
	b = be.AppendUint32(be.AppendUint32(b, actAnnounce), transaction)
	h := hashOf(hash)
	b = append(append(b, h[:]...), "-GT0001-abcdefghijkl"...)
	b = be.AppendUint64(be.AppendUint64(be.AppendUint64(b, 1), left), 2)
	b = append(be.AppendUint32(b, event), ip[:]...)
	b = be.AppendUint32(be.AppendUint32(b, 77), uint32(want))
	return be.AppendUint16(b, port)
}

func TestParseUDPAnnounce(t *testing.T) {
	v4, v6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
	good := udpAnnounce(1, 2, 'x', 5, 2, [4]byte{10, 0, 0, 9}, -1, 6881)
	a, err := parseUDPAnnounce(good, v4)
	want := announce{hash: hashOf('x'), id: idOf("-GT0001-abcdefghijkl"), port: 6881, event: tracker.EventStarted, want: stdWant,
		family: 4, from: v4, named: netip.MustParseAddr("10.0.0.9")}
	if err != nil || a != want {
		t.Errorf("%+v, %v, want %+v", a, err, want)
	}
	// BEP 15: over IPv6 the address field means nothing.
	if a, err := parseUDPAnnounce(good, v6); err != nil || a.named.IsValid() || a.family != 6 || a.from != v6 {
		t.Errorf("%+v, %v", a, err)
	}
	// BEP 41: options follow; those that are malformed, too.
	if a, err := parseUDPAnnounce(append(good, "\x02\xff/announce"...), v4); err != nil || a != want {
		t.Errorf("%+v, %v", a, err)
	}
	for _, c := range []struct {
		want int32
		from netip.Addr
		n    int
	}{{-1, v4, 50}, {0, v4, 0}, {1 << 30, v4, 200}, {1 << 30, v6, 66}, {-1 << 31, v6, 50}} {
		a, err := parseUDPAnnounce(udpAnnounce(1, 2, 'x', 0, 0, [4]byte{}, c.want, 1), c.from)
		if err != nil || a.want != c.n || !a.seed || a.named.IsValid() {
			t.Errorf("num_want %d of %v: %+v, %v", c.want, c.from, a, err)
		}
	}
	if _, err := parseUDPAnnounce(good[:97], v4); err != errShort {
		t.Error(err)
	}
	if _, err := parseUDPAnnounce(udpAnnounce(1, 2, 'x', 0, 4, [4]byte{}, 0, 1), v4); err != errEvent {
		t.Error(err)
	}
}

func TestTokens(t *testing.T) {
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	tok, other := newTokens(), newTokens()
	start := time.Unix(1_700_000_000, 0)
	for _, offset := range []time.Duration{0, 20 * time.Second, 59 * time.Second} {
		made := start.Add(offset)
		id := tok.make(made, a)
		for age, want := range map[time.Duration]bool{0: true, time.Minute: true, 2 * time.Minute: true, 3 * time.Minute: false,
			time.Hour: false, 256 * time.Minute: false, -time.Minute: false} { // a byte of the slot is in the id, all of it under the MAC
			if got := tok.good(made.Add(age), a, id); got != want {
				t.Errorf("an id of age %v is good: %v", age, got)
			}
		}
		if tok.good(made, b, id) || other.good(made, a, id) || tok.good(made, a, id^1) || tok.good(made, a, id^1<<56) || tok.good(made, a, 0) {
			t.Error("an id is good for another address, tracker or number")
		}
	}
}

// udp is a server's UDP half without a socket.
func udp(cfg Config) *udpServer { return New(cfg).newUDP(netip.Addr{}) }

func TestUDPAnswers(t *testing.T) {
	u := udp(Config{Interval: 90 * time.Second, Allow: [][20]byte{hashOf('x')}})
	now := time.Unix(1_700_000_000, 0)
	seeder, leecher := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	connect := be.AppendUint32(be.AppendUint32(be.AppendUint64(nil, protocolID), actConnect), 7)
	ids := make(map[netip.Addr]uint64)
	for _, from := range []netip.Addr{seeder, leecher} {
		got := u.answer(now, connect, from)
		if len(got) != 16 || be.Uint32(got) != actConnect || be.Uint32(got[4:]) != 7 {
			t.Fatalf("connect: %x", got)
		}
		ids[from] = be.Uint64(got[8:])
	}
	got := u.answer(now, udpAnnounce(ids[seeder], 8, 'x', 0, 2, [4]byte{}, -1, 1000), seeder)
	if want := "\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x5a\x00\x00\x00\x00\x00\x00\x00\x01"; string(got) != want {
		t.Errorf("seeder: %x, want %x", got, want)
	}
	p := udpAnnounce(ids[leecher], 9, 'x', 5, 2, [4]byte{}, -1, 2000)
	p[36] = '+' // another id
	got = u.answer(now, p, leecher)
	if want := "\x00\x00\x00\x01\x00\x00\x00\x09\x00\x00\x00\x5a\x00\x00\x00\x01\x00\x00\x00\x01\x0a\x00\x00\x01\x03\xe8"; string(got) != want {
		t.Errorf("leecher: %x, want %x", got, want)
	}
	x, y := hashOf('x'), hashOf('y')
	scrape := be.AppendUint32(be.AppendUint32(be.AppendUint64(nil, ids[leecher]), actScrape), 10)
	scrape = append(append(scrape, x[:]...), y[:]...)
	got = u.answer(now, scrape, leecher)
	if want := "\x00\x00\x00\x02\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01" + strings.Repeat("\x00", 12); string(got) != want {
		t.Errorf("scrape: %x, want %x", got, want)
	}
	for _, c := range []struct {
		name, want string
		packet     []byte
	}{
		{"not allowed", errNotAllowed.Error(), udpAnnounce(ids[leecher], 11, 'y', 5, 2, [4]byte{}, -1, 2000)},
		{"short announce", errShort.Error(), udpAnnounce(ids[leecher], 11, 'x', 5, 2, [4]byte{}, -1, 2000)[:97]},
		{"scrape of nothing", errShort.Error(), append(bytes.Clone(scrape[:12]), 0, 0, 0, 11)},
		{"unknown action", errAction.Error(), be.AppendUint32(be.AppendUint32(be.AppendUint64(nil, ids[leecher]), 3), 11)},
		{"event 4", errEvent.Error(), udpAnnounce(ids[leecher], 11, 'x', 5, 4, [4]byte{}, -1, 2000)},
	} {
		if got := u.answer(now, c.packet, leecher); string(got) != "\x00\x00\x00\x03\x00\x00\x00\x0b"+c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	if st := u.Stats(); st != (Stats{Torrents: 1, Peers: 2, Announces: 2, Scrapes: 1, Refused: 5}) {
		t.Errorf("%+v", st)
	}
}

// Who has not shown that it receives at its address changes nothing and gets
// nothing, except for the 16 bytes that let it show it.
func TestUDPSpoofed(t *testing.T) {
	u := udp(Config{})
	now := time.Unix(1_700_000_000, 0)
	victim, own := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	id := u.tokens.make(now, own)
	for name, p := range map[string][]byte{
		"the id of another address": udpAnnounce(id, 1, 'x', 0, 2, [4]byte{}, -1, 1000),
		"a made-up id":              udpAnnounce(12345, 1, 'x', 0, 2, [4]byte{}, -1, 1000),
		"no id":                     udpAnnounce(protocolID, 1, 'x', 0, 2, [4]byte{}, -1, 1000),
		"a scrape":                  append(be.AppendUint64(nil, id), make([]byte, 28)...),
		"nothing":                   nil,
		"short":                     be.AppendUint32(be.AppendUint64(nil, protocolID), actConnect),
		"connect with another id":   make([]byte, 16),
	} {
		if got := u.answer(now, p, victim); len(got) != 0 {
			t.Errorf("%s is answered %x", name, got)
		}
	}
	if st := u.Stats(); st != (Stats{}) {
		t.Errorf("%+v", st)
	}
	if got := u.answer(now, udpAnnounce(id, 1, 'x', 0, 2, [4]byte{}, -1, 1000), own); len(got) != 20 {
		t.Errorf("the rightful owner is answered %x", got)
	}
}

// FuzzPacket: no packet makes the tracker panic, send more than a datagram, or
// more than it got to whom it does not know yet.
func FuzzPacket(f *testing.F) {
	u := udp(Config{MaxPeers: 300, MaxTorrents: 10})
	now := time.Unix(1_700_000_000, 0)
	at := []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")}
	f.Add(true, true, be.AppendUint64(nil, protocolID))
	f.Add(false, false, append(be.AppendUint64(nil, protocolID), make([]byte, 8)...))
	f.Add(true, true, udpAnnounce(0, 1, 'x', 0, 2, [4]byte{10, 0, 0, 7}, 1<<30, 1000))
	f.Add(false, true, udpAnnounce(0, 1, 'x', 9, 3, [4]byte{}, -1, 1000))
	f.Add(false, true, append([]byte{11: actScrape, 15: 1}, make([]byte, 20*80)...))
	f.Fuzz(func(t *testing.T, six, known bool, packet []byte) {
		from := at[0]
		if six {
			from = at[1]
		}
		packet = bytes.Clone(packet) // what follows must not reach the next input
		if known && len(packet) >= 8 {
			be.PutUint64(packet, u.tokens.make(now, from))
		}
		got := u.answer(now, packet, from)
		if len(got) > maxAnswer || !known && len(got) > len(packet) || len(got) > 0 && !bytes.Equal(got[4:8], packet[12:16]) {
			t.Errorf("%x is answered %x", packet, got)
		}
	})
}

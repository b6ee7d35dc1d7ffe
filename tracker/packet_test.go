package tracker

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The offsets are those of the tables of BEP 15.
func TestAnnouncePacket(t *testing.T) {
	r := testRequest()
	r.Event, r.NumWant = EventStarted, 80
	got := appendUDPAnnounce(appendHeader(nil, 0x0102030405060708, actAnnounce, 0x0a0b0c0d), r, "")
	want := "0102030405060708" + "00000001" + "0a0b0c0d" +
		hex.EncodeToString(r.InfoHash[:]) + hex.EncodeToString(r.PeerID[:]) +
		"0000000000000002" + "0000000000000003" + "0000000000000001" + // downloaded, left, uploaded
		"00000002" + "00000000" + "0000abcd" + "00000050" + "1ae1"
	if hex.EncodeToString(got) != want || len(got) != 98 {
		t.Errorf("%d bytes\n%x, want\n%s", len(got), got, want)
	}
}

func TestAnnouncePacketFields(t *testing.T) {
	for _, test := range []struct {
		name           string
		r              Request
		left           int64
		event, numWant int32
	}{
		{"regular", Request{Left: 5}, 5, 0, -1},
		{"completed", Request{Event: EventCompleted, NumWant: 9}, 0, 1, 9},
		{"stopped", Request{Event: EventStopped, NumWant: 9}, 0, 3, 0},
		{"paused has no number", Request{Event: EventPaused}, 0, 0, -1},
		{"an event that there is not", Request{Event: 77}, 0, 0, -1},
		{"left unknown", Request{Left: -1, NumWant: 1e6}, 16384, 0, 500},
		{"negative counters", Request{Uploaded: -1, Downloaded: -1, NumWant: -5}, 0, 0, -1},
	} {
		b := appendUDPAnnounce(appendHeader(nil, 0, actAnnounce, 0), test.r, "")
		left, event, want := int64(binary.BigEndian.Uint64(b[64:])), int32(binary.BigEndian.Uint32(b[80:])), int32(binary.BigEndian.Uint32(b[92:]))
		if left != test.left || event != test.event || want != test.numWant || int64(binary.BigEndian.Uint64(b[56:])) < 0 {
			t.Errorf("%s: left %d, event %d, numwant %d", test.name, left, event, want)
		}
	}
}

// "0x2, 0xC, '/', 'd', 'i', 'r', '?', 'a', '=', 'b', '&', 'c', '=', 'd'" (BEP 41).
func TestURLData(t *testing.T) {
	if got, want := appendURLData(nil, "/dir?a=b&c=d"), "\x02\x0c/dir?a=b&c=d"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := appendURLData(nil, ""); len(got) != 0 {
		t.Errorf("got %q for nothing", got)
	}
	// "If this option appears more than once, the data fields are concatenated."
	long := strings.Repeat("0123456789", 60)
	var joined []byte
	for b := appendURLData(nil, long); len(b) > 0; b = b[2+int(b[1]):] {
		if b[0] != 2 {
			t.Fatalf("option %d", b[0])
		}
		joined = append(joined, b[2:2+int(b[1])]...)
	}
	if string(joined) != long {
		t.Errorf("got %q", joined)
	}
}

func TestParseUDPAnnounce(t *testing.T) {
	const head = "\x00\x00\x00\x01tttt"
	for _, test := range []struct {
		name, packet string
		v6           bool
		want         Response
	}{
		{"IPv4", head + "\x00\x00\x00\x78\x00\x00\x00\x05\x00\x00\x00\x07" + "\x01\x02\x03\x04\x00\x05", false,
			Response{120 * time.Second, time.Minute, 7, 5, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"IPv6", head + "\x00\x00\x00\x78\x00\x00\x00\x05\x00\x00\x00\x07" + "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x00\x05", true,
			Response{120 * time.Second, time.Minute, 7, 5, addrPorts("[2001:db8::1]:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"no peers, all ones", head + strings.Repeat("\xff", 12), false,
			Response{time.Minute, time.Minute, -1, -1, []netip.AddrPort{}, netip.Addr{}, "", "", netip.Addr{}}},
		{"largest", head + strings.Repeat("\x7f\xff\xff\xff", 3), false,
			Response{time.Hour, time.Minute, 1<<31 - 1, 1<<31 - 1, []netip.AddrPort{}, netip.Addr{}, "", "", netip.Addr{}}},
		{"torn off", head + strings.Repeat("\x00", 12) + "\x01\x02\x03\x04\x00\x05\x01\x02\x03", false,
			Response{time.Minute, time.Minute, 0, 0, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
	} {
		got, err := parseUDPAnnounce([]byte(test.packet), test.v6)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if d := cmp.Diff(test.want, got, cmpAddrs); d != "" {
			t.Errorf("%s: %s", test.name, d)
		}
	}
}

func TestHostilePackets(t *testing.T) {
	for _, test := range []struct {
		name, packet string
	}{
		{"empty", ""},
		{"7 bytes", "\x00\x00\x00\x01ttt"},
		{"19 bytes", "\x00\x00\x00\x01tttt" + strings.Repeat("x", 11)},
		{"connect for an announce", "\x00\x00\x00\x00tttt" + strings.Repeat("x", 20)},
		{"unknown action", "\xff\xff\xff\xfftttt" + strings.Repeat("x", 20)},
		{"action in the wrong order", "\x01\x00\x00\x00tttt" + strings.Repeat("x", 20)},
	} {
		if r, err := parseUDPAnnounce([]byte(test.packet), false); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, %v", test.name, r, err)
		}
	}
	if _, err := parseConnect([]byte("\x00\x00\x00\x00tttt1234567")); !errors.Is(err, ErrMalformed) {
		t.Errorf("short connect: %v", err)
	}
	for reason, want := range map[string]string{"": "", "no\x1b[0m": "no\x1b[0m", strings.Repeat("x", 10000): strings.Repeat("x", maxText)} {
		_, err := parseUDPAnnounce([]byte("\x00\x00\x00\x03tttt"+reason), false)
		var f *Failure
		if !errors.As(err, &f) || f.Reason != want {
			t.Errorf("error packet %q: %v", reason, err)
		}
	}
}

// This is how opentracker refuses a torrent that is not on its list.
func TestHeaderOnly(t *testing.T) {
	var f *Failure
	if _, err := parseUDPAnnounce([]byte("\x00\x00\x00\x01tttt"), false); !errors.As(err, &f) || f.Reason != emptyAnswer {
		t.Errorf("got %v", err)
	}
}

func TestUDPPeersAreCapped(t *testing.T) {
	b := append([]byte("\x00\x00\x00\x01tttt"), make([]byte, 12)...)
	b = append(b, bytes.Repeat([]byte{1, 2, 3, 4, 0, 5}, 5000)...)
	if r, err := parseUDPAnnounce(b, false); err != nil || len(r.Peers) != maxPeers {
		t.Errorf("%d peers, %v", len(r.Peers), err)
	}
}

func TestParseUDPScrape(t *testing.T) {
	b := []byte("\x00\x00\x00\x02tttt" + "\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03" + "\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\x00\x00" + "torn")
	got, err := parseUDPScrape(b, 3)
	want := []ScrapeResult{{1, 3, 2, -1}, {-1, 0, -1, -1}, {-1, -1, -1, -1}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
}

func FuzzUDPPacket(f *testing.F) {
	for _, action := range []string{"\x00\x00\x00\x00", "\x00\x00\x00\x01", "\x00\x00\x00\x02", "\x00\x00\x00\x03", "\xff\xff\xff\xff"} {
		for _, n := range []int{0, 4, 8, 12, 18, 30, 36} {
			f.Add([]byte(action+"tttt"+strings.Repeat("\x01\x80", n/2)), n%4 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, v6 bool) {
		if r, err := parseUDPAnnounce(b, v6); err != nil {
			checkError(t, err)
		} else {
			checkResponse(t, r)
			for _, p := range r.Peers {
				if !v6 && !p.Addr().Is4() {
					t.Errorf("peer %v", p)
				}
			}
		}
		if got, err := parseUDPScrape(b, 3); err != nil {
			checkError(t, err)
		} else if len(got) != 3 {
			t.Errorf("%d results", len(got))
		}
		if _, err := parseConnect(b); err != nil {
			checkError(t, err)
		}
	})
}

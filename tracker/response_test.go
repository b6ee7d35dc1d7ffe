package tracker

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// readAnnounce is what getDict and announce do with a body.
func readAnnounce(body string) (Response, error) {
	v, err := parseBody([]byte(body))
	if err == nil {
		err = failureOf(v)
	}
	if err != nil {
		return Response{}, err
	}
	r, _, err := parseAnnounce(v)
	return r, err
}

func TestParseAnnounce(t *testing.T) {
	const half, minute = 30 * time.Minute, time.Minute
	v6 := strings.Repeat("i", 16) + "pp"
	for _, test := range []struct {
		name, body string
		want       Response
	}{
		{"the example of BEP 7", "d8:intervali1800e5:peers6:iiiipp6:peers618:" + v6 + "e",
			Response{half, minute, -1, -1, addrPorts("105.105.105.105:28784", "[6969:6969:6969:6969:6969:6969:6969:6969]:28784"), netip.Addr{}, "", "", netip.Addr{}}},
		{"everything", "d8:completei4e11:external ip4:\x01\x02\x03\x0410:incompletei5e8:intervali120e12:min intervali90e5:peers0:10:tracker id3:t\r\n15:warning message4:Slowe",
			Response{120 * time.Second, 90 * time.Second, 4, 5, nil, netip.MustParseAddr("1.2.3.4"), "Slow", "t\r\n", netip.Addr{}}},
		{"dictionaries", "d8:intervali1800e5:peersld2:ip7:1.2.3.44:porti5eed2:ip11:2001:db8::17:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti6eeee",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5", "[2001:db8::1]:6"), netip.Addr{}, "", "", netip.Addr{}}},
		{"names, bad ports, bad types in dictionaries",
			"d5:peersld2:ip9:localhost4:porti5eed2:ip7:1.2.3.44:porti0eed2:ip7:1.2.3.44:porti65536eed2:ip7:1.2.3.44:porti-1ee" +
				"d2:ip7:1.2.3.44:port1:5ed2:ipi1e4:porti5eed4:porti5ee1:xi5eled2:ip7:1.2.3.44:porti5eeee",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"IPv6 in 4 clothing", "d5:peersld2:ip14:::ffff:1.2.3.44:porti5eed2:ip12:fe80::1%eth04:porti5eeee",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"external IPv6", "d11:external ip16:" + v6[:16] + "5:peers0:e",
			Response{half, minute, -1, -1, nil, netip.MustParseAddr("6969:6969:6969:6969:6969:6969:6969:6969"), "", "", netip.Addr{}}},
		{"external ip as text", "d11:external ip7:1.2.3.45:peers0:e", Response{half, minute, -1, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		{"keys out of order", "d5:peers6:\x01\x02\x03\x04\x00\x058:intervali60ee",
			Response{minute, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"torn compact list", "d5:peers8:\x01\x02\x03\x04\x00\x05\x01\x02e",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"nobody's addresses", "d5:peers48:" + "\x00\x00\x00\x00\x00\x05" + "\x00\x01\x02\x03\x00\x05" + "\xe0\x00\x00\x01\x00\x05" + "\xff\xff\xff\xff\x00\x05" +
			"\x01\x02\x03\x04\x00\x00" + "\xa9\xfe\xa9\xfe\x00\x50" + "\x7f\x00\x00\x01\x00\x05" + "\x0a\x00\x00\x01\x00\x05" + "e",
			Response{half, minute, -1, -1, addrPorts("127.0.0.1:5", "10.0.0.1:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"nobody's IPv6 addresses", "d6:peers672:" + strings.Repeat("\x00", 16) + "pp" + "\xff\x02" + strings.Repeat("\x00", 13) + "\x01pp" +
			"\xfe\x80" + strings.Repeat("\x00", 13) + "\x01pp" + strings.Repeat("\x00", 10) + "\xff\xff\x01\x02\x03\x04pp" + "e",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:28784"), netip.Addr{}, "", "", netip.Addr{}}},
		{"wrong types", "d8:completele10:incomplete1:58:interval4:18005:peersi5e6:peers6le10:tracker idi5e15:warning messagelee",
			Response{half, minute, -1, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		{"negative", "d8:completei-4e10:incompletei-1e8:intervali-5e12:min intervali-9e5:peers0:e",
			Response{minute, minute, -1, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		{"zero", "d8:completei0e8:intervali0e12:min intervali0e5:peers0:e",
			Response{minute, minute, 0, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		{"2^63", "d8:completei9223372036854775808e8:intervali9223372036854775808e12:min intervali9223372036854775807e5:peers0:e",
			Response{time.Hour, time.Hour, -1, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		{"2^62", "d8:completei4611686018427387904e8:intervali4611686018427387904e5:peers0:e",
			Response{time.Hour, minute, -1, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		{"least above regular", "d8:intervali100e12:min intervali200e5:peers0:e",
			Response{200 * time.Second, 200 * time.Second, -1, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		{"warning with escapes is raw", "d5:peers0:15:warning message7:\x1b[31m\n!e",
			Response{half, minute, -1, -1, nil, netip.Addr{}, "\x1b[31m\n!", "", netip.Addr{}}},
		{"long tracker id", "d5:peers0:10:tracker id300:" + strings.Repeat("x", 300) + "e",
			Response{half, minute, -1, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		// What libtorrent takes, too.
		{"minus zero", "d8:intervali-0e5:peers0:e", Response{minute, minute, -1, -1, nil, netip.Addr{}, "", "", netip.Addr{}}},
		{"leading zeros", "d8:completei01e8:intervali0120e5:peers06:\x01\x02\x03\x04\x00\x05e",
			Response{2 * minute, minute, 1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"the same key again", "d5:peers6:\x01\x02\x03\x04\x00\x055:peers0:e",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"a key behind the end", "d5:peers6:\x01\x02\x03\x04\x00\x05e6:peers60:",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"a comment behind", "d5:peers6:\x01\x02\x03\x04\x00\x05e\n<!-- 0.002 s -->\n",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"a NUL behind", "d5:peers6:\x01\x02\x03\x04\x00\x05e\x00",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"a failure that is none", "d14:failure reasoni0e5:peers6:\x01\x02\x03\x04\x00\x05e",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
		{"something deep", "d5:peers6:\x01\x02\x03\x04\x00\x051:x" + strings.Repeat("l", 50) + strings.Repeat("e", 50) + "e",
			Response{half, minute, -1, -1, addrPorts("1.2.3.4:5"), netip.Addr{}, "", "", netip.Addr{}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readAnnounce(test.body)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Peers) == 0 {
				got.Peers = nil
			}
			if d := cmp.Diff(test.want, got, cmpAddrs); d != "" {
				t.Error(d)
			}
		})
	}
}

// hostileBodies are answers that must come to nothing but an error.
func hostileBodies() map[string]string {
	return map[string]string{
		"empty":                "",
		"garbage":              "\x00\xff\x13garbage",
		"a page":               "<!DOCTYPE html><title>502</title>",
		"JSON":                 `{"interval": 1800, "peers": []}`,
		"NaN":                  "d8:intervaliNaNe5:peers0:e",
		"a fraction":           "d8:intervali1.5e5:peers0:e",
		"plus":                 "d8:intervali+60e5:peers0:e",
		"a list":               "l5:peers0:e",
		"a string":             "5:peers",
		"a number":             "i1800e",
		"an empty dictionary":  "de",
		"other keys":           "d1:ai1ee",
		"torn off":             "d8:intervali1800e5:peers600:abc",
		"a long string":        "d5:peers99999999999:abce",
		"length past 2^63":     "d5:peers99999999999999999999:abce",
		"deep":                 strings.Repeat("l", 100000),
		"deep and closed":      "d5:peers" + strings.Repeat("l", 100) + strings.Repeat("e", 100) + "e",
		"many tokens":          "d5:peersl" + strings.Repeat("le", 1<<19) + "ee",
		"key without a value":  "d5:peerse",
		"a key that is no key": "di5e0:e",
	}
}

func TestHostileBodies(t *testing.T) {
	for name, body := range hostileBodies() {
		if r, err := readAnnounce(body); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, %v", name, r, err)
		} else if len(err.Error()) > 300 {
			t.Errorf("%s: %d bytes of error", name, len(err.Error()))
		}
	}
}

func TestTooManyPeers(t *testing.T) {
	const n = 5000
	v4 := strings.Repeat("\x01\x02\x03\x04\x00\x05", n)
	dicts := strings.Repeat("d2:ip7:1.2.3.44:porti5ee", n)
	for _, body := range []string{
		fmt.Sprintf("d5:peers%d:%se", len(v4), v4),
		fmt.Sprintf("d5:peersl%see", dicts),
		fmt.Sprintf("d6:peers6%d:%se", 3*len(v4), v4+v4+v4),
		fmt.Sprintf("d5:peers%d:%s6:peers6%d:%se", len(v4), v4, 3*len(v4), v4+v4+v4),
	} {
		if r, err := readAnnounce(body); err != nil || len(r.Peers) != maxPeers {
			t.Errorf("%.10s: %d peers, %v", body, len(r.Peers), err)
		}
	}
}

// BEP 31 gives minutes or the word never; min interval is some trackers' way.
func TestFailures(t *testing.T) {
	for _, test := range []struct {
		body string
		want Failure
	}{
		{"d14:failure reason2:noe", Failure{"no", 0, false}},
		{"d14:failure reason2:no8:retry in5:nevere", Failure{"no", 0, true}},
		{"d14:failure reason2:no8:retry ini5ee", Failure{"no", 5 * time.Minute, false}},
		{"d14:failure reason2:no8:retry ini9223372036854775807ee", Failure{"no", 24 * time.Hour, false}},
		{"d14:failure reason2:no8:retry ini0ee", Failure{"no", 0, false}},
		{"d14:failure reason2:no8:retry ini-5ee", Failure{"no", 0, false}},
		{"d14:failure reason2:no8:retry in1:5e", Failure{"no", 0, false}},
		{"d14:failure reason2:no12:min intervali900ee", Failure{"no", 15 * time.Minute, false}},
		{"d14:failure reason2:no12:min intervali-1ee", Failure{"no", time.Minute, false}},
		{"d14:failure reasoni5ee", Failure{"", 0, false}},
		{"d14:failure reason9:\x1b]0;x\x07\r\n\xffe", Failure{"\x1b]0;x\x07\r\n\xff", 0, false}},
		{"d14:failure reason2:no5:peers6:aaaaaae", Failure{"no", 0, false}},
	} {
		_, err := readAnnounce(test.body)
		var got *Failure
		if !errors.As(err, &got) {
			t.Errorf("%q: %v", test.body, err)
		} else if d := cmp.Diff(test.want, *got); d != "" {
			t.Errorf("%q: %s", test.body, d)
		}
	}
}

func TestLongFailure(t *testing.T) {
	for _, s := range []string{strings.Repeat("x", 1e6), strings.Repeat("\u20ac", 1e5), strings.Repeat("\x80", 1e5)} {
		_, err := readAnnounce(fmt.Sprintf("d14:failure reason%d:%se", len(s), s))
		var f *Failure
		if !errors.As(err, &f) || len(f.Reason) > maxText || len(f.Reason) < maxText-utf8.UTFMax || utf8.ValidString(s) && !utf8.ValidString(f.Reason) {
			t.Errorf("%q...: %d bytes", s[:4], len(f.Reason))
		}
	}
}

func TestHostileScrapes(t *testing.T) {
	hashes := [][20]byte{{'a'}, {'b'}}
	unknown := ScrapeResult{-1, -1, -1, -1}
	key := "20:a" + strings.Repeat("\x00", 19)
	for body, want := range map[string]ScrapeResult{
		"d5:filesdee":                                    unknown,
		"d5:filesd" + key + "leee":                       unknown,
		"d5:filesd" + key + "d8:completei-1eeee":         unknown,
		"d5:filesd" + key + "d8:completei1eeee":          {1, -1, -1, -1},
		"d5:filesd" + key + "d8:complete1:1eee":          unknown,
		"d5:filesd" + key + "d10:incompletei9eeee":       {-1, 9, -1, -1},
		"d5:filesd1:ad10:incompletei9eeee":               unknown,
		"d5:filesd" + key + "d8:completei2147483648eeee": unknown,
	} {
		v, err := parseBody([]byte(body))
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		got, err := parseScrape(v, hashes)
		if d := cmp.Diff([]ScrapeResult{want, unknown}, got); d != "" || err != nil {
			t.Errorf("%q: %v %s", body, err, d)
		}
	}
	for _, body := range []string{"de", "d5:filesle" + "e", "d5:files0:e", "d5:peers0:e"} {
		v, err := parseBody([]byte(body))
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if _, err := parseScrape(v, hashes); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// checkResponse checks what holds for every answer, however it was made up.
func checkResponse(t *testing.T, r Response) {
	if r.MinInterval < time.Minute || r.Interval < r.MinInterval || r.Interval > time.Hour {
		t.Errorf("intervals %v, %v", r.Interval, r.MinInterval)
	}
	if len(r.Peers) > maxPeers || len(r.Warning) > maxText || len(r.TrackerID) > maxTrackerID {
		t.Errorf("%d peers, %d bytes of warning, %d of tracker id", len(r.Peers), len(r.Warning), len(r.TrackerID))
	}
	if r.Seeders < -1 || r.Leechers < -1 || r.Seeders > math.MaxInt32 || r.Leechers > math.MaxInt32 {
		t.Errorf("%d seeders, %d leechers", r.Seeders, r.Leechers)
	}
	for _, p := range r.Peers {
		a := p.Addr()
		if !p.IsValid() || p.Port() == 0 || a.IsUnspecified() || a.IsMulticast() || a.Is4In6() || a.Zone() != "" {
			t.Errorf("peer %v", p)
		}
	}
}

func checkError(t *testing.T, err error) {
	var f *Failure
	switch {
	case errors.As(err, &f):
		if len(f.Reason) > maxText || f.RetryIn < 0 || f.RetryIn > 24*time.Hour {
			t.Errorf("%+v", f)
		}
	case !errors.Is(err, ErrMalformed):
		t.Errorf("error of no kind: %v", err)
	}
}

func FuzzHTTPBody(f *testing.F) {
	for _, body := range hostileBodies() {
		if len(body) < 1000 {
			f.Add([]byte(body))
		}
	}
	f.Add([]byte(peersBody("1.2.3.4:5")))
	f.Add([]byte("d5:peersld2:ip7:1.2.3.44:porti5eeee"))
	f.Add([]byte("d14:failure reason2:no8:retry ini5ee"))
	f.Add([]byte("d5:peersld2:ip9:localhost4:porti5eeee"))
	f.Add([]byte("d8:intervali01800e5:peers06:abcdef5:peers0:e<!-- -->"))
	f.Add([]byte("d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei5e10:downloadedi50e10:incompletei10eeee"))
	hashes := [][20]byte{[20]byte([]byte("aaaaaaaaaaaaaaaaaaaa"))}
	f.Fuzz(func(t *testing.T, body []byte) {
		if r, err := readAnnounce(string(body)); err != nil {
			checkError(t, err)
		} else {
			checkResponse(t, r)
		}
		if v, err := parseBody(body); err == nil {
			_, named, _ := parseAnnounce(v)
			if len(named) > maxNamed {
				t.Errorf("%d names", len(named))
			}
			for _, p := range named {
				if _, err := netip.ParseAddr(p.host); err == nil || len(p.host) > maxHostName || strings.ContainsAny(p.host, " /:@\x00\n") {
					t.Errorf("name %q", p.host)
				}
			}
			if got, err := parseScrape(v, hashes); err == nil && len(got) != 1 {
				t.Errorf("%d results", len(got))
			}
		}
	})
}

package server

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"gotor/tracker"
)

const (
	escapedHash = "%01%02%03%04%05%06%07%08%09%0a%0B%0c%0d%0e%0f%10%25%26%2b+"
	goodQuery   = "info_hash=" + escapedHash + "&peer_id=-GT0001-abcdefghijkl&port=6881"
)

func TestParseAnnounce(t *testing.T) {
	for _, c := range []struct {
		name, query string
		ok          func(a *announce, f form) bool
	}{
		{"the least", goodQuery, func(a *announce, f form) bool {
			return string(a.hash[:]) == "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10%&+ " &&
				string(a.id[:]) == "-GT0001-abcdefghijkl" && a.port == 6881 && !a.seed && a.want == stdWant && f == form{} && !a.named.IsValid()
		}},
		{"a leecher", goodQuery + "&left=100&event=started", func(a *announce, _ form) bool { return !a.seed && a.event == tracker.EventStarted }},
		{"a seeder", goodQuery + "&left=0&event=completed", func(a *announce, _ form) bool { return a.seed && a.event == tracker.EventCompleted }},
		{"zeros", goodQuery + "&left=000", func(a *announce, _ form) bool { return a.seed }},
		{"left -1", goodQuery + "&left=-1", func(a *announce, _ form) bool { return !a.seed }},
		{"left empty", goodQuery + "&left=", func(a *announce, _ form) bool { return !a.seed }},
		{"left huge", goodQuery + "&left=99999999999999999999", func(a *announce, _ form) bool { return !a.seed }},
		{"event empty", goodQuery + "&event=", func(a *announce, _ form) bool { return a.event == tracker.EventNone }},
		{"partial seed (BEP 21)", goodQuery + "&event=paused&left=5", func(a *announce, _ form) bool { return a.event == tracker.EventPaused }},
		{"numwant", goodQuery + "&numwant=7", func(a *announce, _ form) bool { return a.want == 7 }},
		{"numwant 0", goodQuery + "&numwant=0", func(a *announce, _ form) bool { return a.want == 0 }},
		{"numwant -1", goodQuery + "&numwant=-1", func(a *announce, _ form) bool { return a.want == stdWant }},
		{"numwant large", goodQuery + "&numwant=100000", func(a *announce, _ form) bool { return a.want == maxWant }},
		{"numwant past all bounds", goodQuery + "&numwant=99999999999999999999999", func(a *announce, _ form) bool { return a.want == maxWant }},
		{"compact", goodQuery + "&compact=1", func(_ *announce, f form) bool { return !f.dicts }},
		{"long", goodQuery + "&compact=0", func(_ *announce, f form) bool { return f.dicts && !f.noIDs }},
		{"without ids", goodQuery + "&compact=0&no_peer_id=1", func(_ *announce, f form) bool { return f.dicts && f.noIDs }},
		{"ip", goodQuery + "&ip=10.0.0.1", func(a *announce, _ form) bool { return a.named == netip.MustParseAddr("10.0.0.1") }},
		{"ip6", goodQuery + "&ip=fd00%3A%3a1", func(a *announce, _ form) bool { return a.named == netip.MustParseAddr("fd00::1") }},
		{"ip mapped", goodQuery + "&ip=::ffff:10.0.0.1", func(a *announce, _ form) bool { return a.named == netip.MustParseAddr("10.0.0.1") }},
		{"ip with zone", goodQuery + "&ip=fd00::1%25eth0", func(a *announce, _ form) bool { return a.named == netip.MustParseAddr("fd00::1") }},
		{"ip a name", goodQuery + "&ip=victim.example", func(a *announce, _ form) bool { return !a.named.IsValid() }},
		{"ip endless", goodQuery + "&ip=" + strings.Repeat("1", 4000), func(a *announce, _ form) bool { return !a.named.IsValid() }},
		{"ip with a bad escape", goodQuery + "&ip=%zz", func(a *announce, _ form) bool { return !a.named.IsValid() }},
		{"port 0", strings.Replace(goodQuery, "6881", "0", 1), func(a *announce, _ form) bool { return a.port == 0 }},
		{"unknown keys, even malformed and twice", "&&=&x=%&x=%zz&" + goodQuery + "&uploaded=x&uploaded=&key", func(a *announce, _ form) bool { return a.port == 6881 }},
	} {
		a, f, err := parseAnnounce(c.query)
		if err != nil || !c.ok(&a, f) {
			t.Errorf("%s: %+v, %+v, %v", c.name, a, f, err)
		}
	}
}

func TestParseAnnounceRefuses(t *testing.T) {
	const rest = "&peer_id=-GT0001-abcdefghijkl&port=6881"
	for _, c := range []struct{ query, want string }{
		{"", "info_hash is missing"},
		{"peer_id=-GT0001-abcdefghijkl&port=1", "info_hash is missing"},
		{"info_hash=" + escapedHash + "&port=1", "peer_id is missing"},
		{"info_hash=" + escapedHash + "&peer_id=-GT0001-abcdefghijkl", "port is missing"},
		{"info_hash=short" + rest, "info_hash has 5 bytes, not 20"},
		{"info_hash=" + rest, "info_hash has 0 bytes, not 20"},
		{"info_hash=" + escapedHash + "x" + rest, "info_hash is too long"},
		{"info_hash=" + strings.Repeat("x", 8000) + rest, "info_hash is too long"},
		{"info_hash=0102030405060708090a0b0c0d0e0f1011121314" + rest, "info_hash is too long"},
		{"info_hash=%" + rest, "info_hash has a bad % in it"},
		{"info_hash=%1" + rest, "info_hash has a bad % in it"},
		{"info_hash=%1g" + rest, "info_hash has a bad % in it"},
		{"info_hash=%g1" + rest, "info_hash has a bad % in it"},
		{"info_hash=%%30" + rest, "info_hash has a bad % in it"},
		{goodQuery + "&info_hash=" + escapedHash, "info_hash is given twice"},
		{goodQuery + "&peer_id=-GT0001-abcdefghijkl", "peer_id is given twice"},
		{goodQuery + "&port=2", "port is given twice"},
		{goodQuery + "&left=1&left=0", "left is given twice"},
		{goodQuery + "&ip=10.0.0.1&ip=10.0.0.2", "ip is given twice"},
		{goodQuery + "&compact=1&compact=1", "compact is given twice"},
		{goodQuery + "&event=&event=", "event is given twice"},
		{goodQuery + "&event=Started", "event is none of"},
		{goodQuery + "&numwant=x", "numwant is not a number"},
		{goodQuery + "&numwant=", "numwant is not a number"},
		{strings.Replace(goodQuery, "6881", "65536", 1), "port is not a number"},
		{strings.Replace(goodQuery, "6881", "-1", 1), "port is not a number"},
		{strings.Replace(goodQuery, "6881", "", 1), "port is not a number"},
		{strings.Replace(goodQuery, "6881", "+1", 1), "port is not a number"},
	} {
		a, f, err := parseAnnounce(c.query)
		if err == nil || !strings.Contains(err.Error(), c.want) || a != (announce{}) || f != (form{}) {
			t.Errorf("%.60q: %+v, %+v, error %v, want %q", c.query, a, f, err, c.want)
		}
	}
}

func TestParseScrape(t *testing.T) {
	one := "info_hash=" + escapedHash
	for _, c := range []struct {
		query string
		n     int
		want  string
	}{
		{one, 1, ""},
		{one + "&x=%zz&" + one, 2, ""},
		{strings.Repeat(one+"&", maxScrape), maxScrape, ""},
		{strings.Repeat(one+"&", maxScrape+1), 0, "more than 74 torrents"},
		{"", 0, "info_hash is missing"},
		{"info_hash=x", 0, "has 1 bytes"},
		{one + "&info_hash=%", 0, "bad %"},
	} {
		got, err := parseScrape(c.query, nil)
		if len(got) != c.n || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %d, %v; want %d, %q", c.query, len(got), err, c.n, c.want)
		}
	}
}

// FuzzQuery: whatever the query, it is refused in a line of printable text, or
// what is taken from it is within bounds and what the standard library reads.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{goodQuery, goodQuery + "&left=0&event=completed&numwant=-1&compact=0&no_peer_id=1&ip=10.0.0.1&key=1",
		"info_hash=%zz", "info_hash=" + escapedHash + "&info_hash=" + escapedHash, goodQuery + "&port=1", "&=&;", "numwant=99999999999999999999"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a, _, err := parseAnnounce(query)
		if err == nil {
			if a.want < 0 || a.want > maxWant || a.event > tracker.EventPaused || a.named.Zone() != "" || a.named.Is4In6() {
				t.Errorf("%+v", a)
			}
			if v, bad := url.ParseQuery(query); bad == nil && len(v["info_hash"]) == 1 && v.Get("info_hash") != string(a.hash[:]) {
				t.Errorf("info_hash %q, want %q", a.hash, v.Get("info_hash"))
			}
		} else {
			checkText(t, err)
		}
		hashes, err := parseScrape(query, nil)
		if err != nil {
			checkText(t, err)
		} else if len(hashes) == 0 || len(hashes) > maxScrape {
			t.Errorf("%d torrents", len(hashes))
		}
	})
}

// checkText checks that a refusal quotes nothing of its request.
func checkText(t *testing.T, err error) {
	t.Helper()
	if s := err.Error(); len(s) > 80 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("refused with %q", s)
	}
}

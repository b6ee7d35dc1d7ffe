package metainfo

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	hexHash  = "0123456789abcdef0123456789abcdef01234567"
	hexHash2 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

func theHash() (h [20]byte) {
	h, _ = v1Hash(hexHash)
	return h
}

func theHash2() (h [32]byte) {
	h, _ = v2Hash("1220" + hexHash2)
	return h
}

func TestParseLink(t *testing.T) {
	v1 := Link{InfoHash: theHash(), HasV1: true}
	with := func(change func(*Link)) Link {
		l := v1
		change(&l)
		return l
	}
	for in, want := range map[string]Link{
		hexHash:                                                v1,
		strings.ToUpper(hexHash):                               v1,
		"AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH":                     v1,
		"aerukz4jvpg66ajdivtytk6n54asgrlh":                     v1,
		hexHash2:                                               {InfoHashV2: theHash2(), HasV2: true},
		"1220" + hexHash2:                                      {InfoHashV2: theHash2(), HasV2: true},
		"magnet:?xt=urn:btih:" + hexHash:                       v1,
		"MAGNET:?xt=urn:btih:" + hexHash + "#rest":             v1,
		"magnet:?xt.1=urn:sha1:X&xt.2=urn:btih:" + hexHash:     v1,
		"magnet:?xt=urn%3Abtih%3A" + hexHash + "&&unknown=1&z": v1,
		"magnet:?xt=urn:btih:" + hexHash + "&xt=urn:btmh:1220" + hexHash2: with(func(l *Link) {
			l.InfoHashV2, l.HasV2 = theHash2(), true
		}),
		"magnet:?xt=urn:btih:" + hexHash + "&dn=a+b%2Fc&dn=second": with(func(l *Link) { l.Name = "a b/c" }),
		"magnet:?xt=urn:btih:" + hexHash + "&tr=udp%3A%2F%2Ft%3A1%2Fa&tr.2=http://u/announce&tr=udp://t:1/a": with(func(l *Link) {
			l.Trackers = []string{"udp://t:1/a", "http://u/announce"}
		}),
		"magnet:?xt=urn:btih:" + hexHash + "&ws=https://w/x&xs=http://h/x.torrent&as=http://i/x.torrent": with(func(l *Link) {
			l.WebSeeds, l.Sources = []string{"https://w/x"}, []string{"http://h/x.torrent", "http://i/x.torrent"}
		}),
		"magnet:?xt=urn:btih:" + hexHash + "&x.pe=10.0.0.1:6881&x.pe=[::1]:9&x.pe=host.example:80&dht=r:6881": with(func(l *Link) {
			l.Peers, l.Nodes = []string{"10.0.0.1:6881", "[::1]:9", "host.example:80"}, []string{"r:6881"}
		}),
		"magnet:?xt=urn:btih:" + hexHash + "&so=0,2,4-6": with(func(l *Link) {
			l.Select = []Range{{0, 0}, {2, 2}, {4, 6}}
		}),
		"magnet:?xs=urn:btpk:" + hexHash2 + "&s=6e": {Key: theHash2(), HasKey: true, Salt: []byte("n")},
	} {
		got, err := ParseLink(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if d := cmp.Diff(&want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", in, d)
		}
	}
}

// Links as people paste them.
func TestParsePastedLink(t *testing.T) {
	const tr = "udp%3A%2F%2Ft%3A1%2Fa"
	for in, want := range map[string]struct{ name, tracker string }{
		"magnet:?xt=urn:btih:" + hexHash + "&dn=Howl&#039;s+Castle&tr=" + tr:          {"Howl's Castle", "udp://t:1/a"},
		"magnet:?xt=urn:btih:" + hexHash + "&dn=Howl&#x27;s+Castle&amp;tr=" + tr:      {"Howl's Castle", "udp://t:1/a"},
		"magnet:?xt=urn:btih:" + hexHash + "&dn=Episode #1&tr=" + tr:                  {"Episode #1", "udp://t:1/a"},
		"magnet:?xt=urn:btih:" + hexHash + "&amp;dn=foo&amp;tr=" + tr:                 {"foo", "udp://t:1/a"},
		"magnet:?xt=urn:BTIH:" + strings.ToUpper(hexHash) + "&tr=" + tr:               {"", "udp://t:1/a"},
		" magnet:?xt=urn:btih:" + hexHash + "&tr=" + tr + "\r\n":                      {"", "udp://t:1/a"},
		"<magnet:?xt=urn:btih:" + hexHash + "&tr=" + tr + ">":                         {"", "udp://t:1/a"},
		"\"magnet:?xt=urn:btih:" + hexHash + "&tr=" + tr + "\"":                       {"", "udp://t:1/a"},
		"magnet:?xt=urn:btih:" + hexHash + "\n&dn=a\r\n&tr=udp%3A%2F%2F\n\tt%3A1%2Fa": {"a", "udp://t:1/a"},
		"magnet://?xt=urn:btih:" + hexHash + "&tr=" + tr:                              {"", "udp://t:1/a"},
		"magnet:?xt=urn:btih:" + hexHash + "&dn=100%&tr=" + tr:                        {"100%", "udp://t:1/a"},
		"magnet:?xt=urn:btih:" + hexHash + "&dn=50%+%zz&tr=" + tr:                     {"50% %zz", "udp://t:1/a"},
		"magnet:?xt=urn:btih:" + hexHash + "&lt=1&tr=http://t/a?k=100%25%":            {"", "http://t/a?k=100%25%25"},
		"magnet:?xt=urn:btih:" + hexHash + "&tr=http://t/a?k=x%2520y%20z%2":           {"", "http://t/a?k=x%20y%20z%252"},
	} {
		l, err := ParseLink(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if l.InfoHash != theHash() || l.Name != want.name || len(l.Trackers) != 1 || l.Trackers[0] != want.tracker || l.Warnings != nil {
			t.Errorf("%q: name %q, trackers %q, warnings %q", in, l.Name, l.Trackers, l.Warnings)
		}
	}
	if l, err := ParseLink(" " + hexHash + "\n"); err != nil || l.InfoHash != theHash() {
		t.Errorf("a hash with blanks around it: %v", err)
	}
}

// Blanks and percent signs in URLs are escaped, not the end of them.
func TestEscapeStray(t *testing.T) {
	for in, want := range map[string]string{
		"http://h/a": "http://h/a", "http://h/a b": "http://h/a%20b", "http://h/100%": "http://h/100%25", "http://h/%4": "http://h/%254",
		"http://h/%41%zz": "http://h/%41%25zz", "http://h/?k=a b%": "http://h/?k=a%20b%25", "": "", "%": "%25", " ": "%20",
	} {
		if got := escapeStray(in); got != want || escapeStray(got) != got {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// What makes no sense is left out, and said.
func TestParseLinkWarnings(t *testing.T) {
	for part, want := range map[string]string{
		"dn=%ff":                        "not UTF-8",
		"tr=file:///etc/passwd":         "tracker left out: scheme",
		"tr=//t/announce":               "tracker left out: not an absolute URL",
		"ws=ftp://w/x":                  "web seed left out",
		"xs=javascript:alert(1)":        "source left out",
		"x.pe=10.0.0.1":                 "peer left out",
		"x.pe=10.0.0.1:0":               "peer left out",
		"dht=:6881":                     "node left out",
		"so=0-999999999999":             "selection",
		"so=5-2":                        "selection",
		"so=-1":                         "selection",
		"s=zz":                          "salt",
		"s=" + strings.Repeat("00", 65): "salt",
	} {
		l, err := ParseLink("magnet:?xt=urn:btih:" + hexHash + "&" + part)
		if err != nil {
			t.Errorf("%s: %v", part, err)
			continue
		}
		if len(l.Warnings) != 1 || !strings.Contains(l.Warnings[0], want) {
			t.Errorf("%s: warnings %q, want one with %q", part, l.Warnings, want)
		}
		if l.Select != nil || l.Trackers != nil || l.Peers != nil || l.Sources != nil || l.Salt != nil {
			t.Errorf("%s: something of it was kept: %+v", part, l)
		}
	}
}

func TestParseLinkErrors(t *testing.T) {
	other := strings.Replace(hexHash, "0", "f", 1)
	for in, want := range map[string]string{
		"":                                   "does not start",
		"magnet:":                            "does not start",
		"magnet:?":                           "no info-hash",
		"magnet:?dn=x":                       "no info-hash",
		hexHash[1:]:                          "does not start",
		"magnet:?xt=urn:btih:12":             "is no info-hash",
		"magnet:?xt=urn:btmh:1220" + hexHash: "multihash",
		"magnet:?xt=urn:btmh:1114" + hexHash: "multihash",
		"magnet:?xs=urn:btpk:12":             "public key",
		"magnet:?xs=urn:btpk:" + hexHash2 + "&xs=urn:btpk:" + strings.Replace(hexHash2, "0", "f", 1): "two different public keys",
		"magnet:?xt=urn:btih:" + hexHash + "&xt=urn:btih:" + other:                                   "two different info-hashes",
		"magnet:?xt=urn:btih:" + hexHash + strings.Repeat("&", maxLinkParams):                        "parameters",
		"magnet:?xt=urn:btih:" + hexHash + "&dn=" + strings.Repeat("x", maxLink):                     "longer",
	} {
		_, err := ParseLink(in)
		if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "malformed magnet link: ") {
			t.Errorf("%.80s: %v, want %q", in, err, want)
		}
	}
}

func TestParseLinkBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("magnet:?xt=urn:btih:" + hexHash + "&so=")
	for i := range maxLinkRanges + 5 {
		fmt.Fprintf(&b, "%d,", i)
	}
	for i := range maxLinkTrackers + 5 {
		fmt.Fprintf(&b, "&tr=udp://t%d:1&x.pe=h:%d", i, i+1)
	}
	l, err := ParseLink(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Trackers) != maxLinkTrackers || len(l.Peers) != maxLinkPeers || len(l.Select) != maxLinkRanges {
		t.Errorf("%d trackers, %d peers, %d ranges", len(l.Trackers), len(l.Peers), len(l.Select))
	}
}

// A link that we write says the same when it is read.
func TestMagnetRoundTrip(t *testing.T) {
	m := &Torrent{HasV1: true, InfoHash: theHash(), HasV2: true, InfoHashV2: theHash2(), Name: "ä b&c=d",
		Trackers: [][]string{{"http://t/announce?k=1&l=2"}, {"udp://u:1"}}, WebSeeds: []string{"https://w/a b"}}
	l, err := ParseLink(m.Magnet())
	if err != nil {
		t.Fatal(err)
	}
	want := &Link{HasV1: true, InfoHash: theHash(), HasV2: true, InfoHashV2: theHash2(), Name: m.Name,
		Trackers: []string{"http://t/announce?k=1&l=2", "udp://u:1"}, WebSeeds: []string{"https://w/a%20b"}}
	if d := cmp.Diff(want, l); d != "" {
		t.Error(d)
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add("magnet:?xt=urn:btih:" + hexHash + "&dn=x&tr=udp://t:1&x.pe=1.2.3.4:5&so=0-4,7")
	f.Add("magnet:?xs=urn:btpk:" + hexHash2 + "&s=00&xt.1=urn:btmh:1220" + hexHash2)
	f.Add(hexHash)
	f.Add("<magnet:?xt=urn:BTIH:" + hexHash + "&amp;dn=a&#039;b%&tr=http://h/a b%zz\n>")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLink(s)
		if err != nil {
			if l != nil {
				t.Fatal("a link beside an error")
			}
			return
		}
		if !l.HasV1 && !l.HasV2 && !l.HasKey {
			t.Fatal("nothing to look for")
		}
		for _, u := range append(slices.Clone(l.Trackers), l.WebSeeds...) {
			if _, err := url.Parse(u); err != nil || strings.ContainsAny(u, " \n") {
				t.Fatalf("URL %q: %v", u, err)
			}
		}
		for _, r := range l.Select {
			if r.First < 0 || r.Last < r.First || r.Last > maxLinkIndex {
				t.Fatalf("range %v", r)
			}
		}
	})
}

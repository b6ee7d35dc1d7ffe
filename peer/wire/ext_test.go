package wire

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var cmpAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

var fullExt = ExtHandshake{
	M:            map[string]byte{"lt_donthave": 7, "ut_metadata": 3, "ut_pex": 1},
	Client:       "gotor/0.1",
	Port:         6881,
	ReqQ:         500,
	YourIP:       netip.MustParseAddr("192.0.2.7"),
	IPv4:         netip.MustParseAddr("198.51.100.1"),
	IPv6:         netip.MustParseAddr("2001:db8::1"),
	MetadataSize: 31235,
	UploadOnly:   true,
}

func TestExtHandshakeRoundTrip(t *testing.T) {
	b := AppendExtHandshake([]byte("x"), fullExt)[1:]
	m, n := mustParse(t, b)
	if n != len(b) || m.ID != Extended || m.Ext != ExtHandshakeID {
		t.Fatalf("message %v, ext %d, %d of %d bytes", m.ID, m.Ext, n, len(b))
	}
	got, err := ParseExtHandshake(m.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullExt, got, cmpAddr); diff != "" {
		t.Error(diff)
	}
	want := "d4:ipv44:\xc6\x33\x64\x014:ipv616:\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"1:md11:lt_donthavei7e11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi500e" +
		"11:upload_onlyi1e1:v9:gotor/0.16:yourip4:\xc0\x00\x02\x07e"
	if string(m.Payload) != want {
		t.Errorf("%q\nwant\n%q", m.Payload, want)
	}
}

func TestExtHandshakeEmpty(t *testing.T) {
	m, _ := mustParse(t, AppendExtHandshake(nil, ExtHandshake{}))
	if string(m.Payload) != "d1:mdee" {
		t.Errorf("%q", m.Payload)
	}
	if h, err := ParseExtHandshake([]byte("de")); err != nil || h.M != nil || h.Client != "" {
		t.Errorf("%+v, %v", h, err)
	}
}

// The example of BEP 10, whose m has its keys in the wrong order.
func TestExtHandshakeExample(t *testing.T) {
	h, err := ParseExtHandshake([]byte("d1:md11:LT_metadatai1e7:\xc2\xb5T_PEXi2ee1:pi6881e1:v13:\xc2\xb5Torrent 1.2e"))
	if err != nil {
		t.Fatal(err)
	}
	want := ExtHandshake{M: map[string]byte{"LT_metadata": 1, "µT_PEX": 2}, Port: 6881, Client: "µTorrent 1.2"}
	if diff := cmp.Diff(want, h, cmpAddr); diff != "" {
		t.Error(diff)
	}
}

func TestExtHandshakeTolerates(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want ExtHandshake
	}{
		"unsorted keys":        {"d1:v1:x1:pi1ee", ExtHandshake{Client: "x", Port: 1}},
		"unknown keys":         {"d3:abcl1:de1:v1:xe", ExtHandshake{Client: "x"}},
		"m is a list":          {"d1:ml1:aee", ExtHandshake{}},
		"id is a string":       {"d1:md1:a1:bee", ExtHandshake{}},
		"id above 255":         {"d1:md1:ai256e1:bi2eee", ExtHandshake{M: map[string]byte{"b": 2}}},
		"negative id":          {"d1:md1:ai-1eee", ExtHandshake{}},
		"id zero switches off": {"d1:md6:ut_pexi0eee", ExtHandshake{M: map[string]byte{"ut_pex": 0}}},
		"empty name":           {"d1:md0:i3eee", ExtHandshake{}},
		"name too long":        {"d1:md65:" + strings.Repeat("a", 65) + "i3eee", ExtHandshake{}},
		"client too long":      {"d1:v200:" + strings.Repeat("a", 200) + "e", ExtHandshake{Client: strings.Repeat("a", 100)}},
		"client is a number":   {"d1:vi7ee", ExtHandshake{}},
		"port too large":       {"d1:pi65536ee", ExtHandshake{}},
		"negative port":        {"d1:pi-1ee", ExtHandshake{}},
		"negative reqq":        {"d4:reqqi-5ee", ExtHandshake{}},
		"reqq too large":       {"d4:reqqi99999999999ee", ExtHandshake{}},
		"reqq beyond int64":    {"d4:reqqi99999999999999999999ee", ExtHandshake{}},
		"negative size":        {"d13:metadata_sizei-1ee", ExtHandshake{}},
		"yourip of 5 bytes":    {"d6:yourip5:abcdee", ExtHandshake{}},
		"ipv6 of 4 bytes":      {"d4:ipv64:abcde", ExtHandshake{}},
		"mapped yourip":        {"d6:yourip16:\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x07e", ExtHandshake{YourIP: netip.MustParseAddr("192.0.2.7")}},
		"a key twice":          {"d1:pi1e1:pi2e1:md1:ai1e1:ai2eee", ExtHandshake{Port: 1, M: map[string]byte{"a": 1}}},
		"leading zeros":        {"d1:md1:ai02ee1:pi06881ee", ExtHandshake{Port: 6881, M: map[string]byte{"a": 2}}},
		"bytes behind":         {"d1:pi1ee\x00\x00", ExtHandshake{Port: 1}},
		"deep":                 {"d1:a" + strings.Repeat("l", 50) + strings.Repeat("e", 50) + "1:pi1ee", ExtHandshake{Port: 1}},
		"large":                {"d1:pi1e1:v100000:" + strings.Repeat("x", 100000) + "e", ExtHandshake{Port: 1, Client: strings.Repeat("x", 100)}},
		"not upload only":      {"d11:upload_onlyi0ee", ExtHandshake{}},
	} {
		got, err := ParseExtHandshake([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(c.want, got, cmpAddr); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestExtHandshakeRejects(t *testing.T) {
	for name, in := range map[string]string{
		"empty":           "",
		"list":            "le",
		"string":          "3:abc",
		"cut short":       "d1:md",
		"length past end": "d1:v99999999:xe",
		"depth bomb":      "d1:a" + strings.Repeat("l", 100) + strings.Repeat("e", 100) + "e",
		"token flood":     "d1:al" + strings.Repeat("le", 5000) + "ee",
		"too large":       "d1:a" + fmt.Sprintf("%d:%s", MaxExtended, strings.Repeat("x", MaxExtended)) + "e",
	} {
		if _, err := ParseExtHandshake([]byte(in)); err == nil {
			t.Errorf("%s is accepted", name)
		} else if s := err.Error(); !strings.HasPrefix(s, "extension handshake: ") || strings.ContainsAny(s, "\n\x1b") {
			t.Errorf("%s: %q", name, s)
		}
	}
}

// A remote cannot make us keep more than a few names.
func TestExtHandshakeKeepsFewNames(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("d1:md")
	for i := range 1000 {
		fmt.Fprintf(&b, "5:x%04di1e", i)
	}
	b.WriteString("ee")
	h, err := ParseExtHandshake(b.Bytes())
	if err != nil || len(h.M) != maxExtensions {
		t.Errorf("%d names, %v", len(h.M), err)
	}
}

// "DontHave: <len=0x0006><op=20><subop=xx><index>" (BEP 54).
func TestDontHave(t *testing.T) {
	b := AppendDontHave(nil, 7, 0x01020304)
	if want := "\x00\x00\x00\x06\x14\x07\x01\x02\x03\x04"; string(b) != want {
		t.Errorf("%q, want %q", b, want)
	}
	m, _ := mustParse(t, b)
	if i, err := ParseDontHave(m.Payload); err != nil || i != 0x01020304 {
		t.Errorf("%d, %v", i, err)
	}
	for _, n := range []int{0, 3, 5} {
		if _, err := ParseDontHave(make([]byte, n)); err == nil {
			t.Errorf("payload of %d bytes is accepted", n)
		}
	}
}

func FuzzParseExtHandshake(f *testing.F) {
	m, err := Parse(AppendExtHandshake(nil, fullExt)[4:])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.Payload)
	f.Add([]byte("d1:md11:LT_metadatai1e7:\xc2\xb5T_PEXi2ee1:pi6881e1:v13:\xc2\xb5Torrent 1.2e"))
	f.Add([]byte("d1:v99999999:xe"))
	f.Add([]byte("d1:md0:i3eee"))
	f.Add([]byte("d1:md1:ai02e1:ai3ee1:pi06881e1:pi1eetail"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseExtHandshake(b)
		if err != nil {
			return
		}
		if len(h.Client) > maxClient || len(h.M) > maxExtensions {
			t.Fatalf("%d bytes of client name, %d extensions", len(h.Client), len(h.M))
		}
		// What we understood survives being written and read.
		again, err := Parse(AppendExtHandshake(nil, h)[4:])
		if err != nil {
			t.Fatal(err)
		}
		h2, err := ParseExtHandshake(again.Payload)
		if diff := cmp.Diff(h, h2, cmpAddr); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func FuzzParseDontHave(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ParseDontHave(b); (err == nil) != (len(b) == 4) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	})
}

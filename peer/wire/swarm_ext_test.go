package wire

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestMetadataRoundTrip(t *testing.T) {
	for _, m := range []MetadataMessage{
		{Type: MetadataRequest, Piece: 7},
		{Type: MetadataReject, Piece: 0},
		{Type: MetadataData, Piece: 0, Total: 5, Data: []byte("d1:ae")},
		{Type: MetadataData, Piece: 1, Total: MetadataBlock + 2, Data: []byte("xe")},
		{Type: MetadataData, Piece: 0, Total: MetadataBlock + 2, Data: make([]byte, MetadataBlock)},
	} {
		got, ok, err := ParseMetadata(AppendMetadata(nil, m))
		if err != nil || !ok {
			t.Errorf("%+v: %v, %v", m, ok, err)
			continue
		}
		if d := cmp.Diff(m, got, cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
	}
}

// The example of BEP 9.
func TestMetadataBytes(t *testing.T) {
	got := string(AppendMetadata(nil, MetadataMessage{Type: MetadataRequest}))
	if want := "d8:msg_typei0e5:piecei0ee"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	got = string(AppendMetadata(nil, MetadataMessage{Type: MetadataData, Total: 34256, Data: []byte("xx")}))
	if want := "d8:msg_typei1e5:piecei0e10:total_sizei34256eexx"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestParseMetadataHostile(t *testing.T) {
	data := func(piece, total int64, n int) string {
		return fmt.Sprintf("d8:msg_typei1e5:piecei%de10:total_sizei%dee%s", piece, total, strings.Repeat("x", n))
	}
	for name, in := range map[string]string{
		"nothing":               "",
		"no dictionary":         "le",
		"no type":               "d5:piecei0ee",
		"no piece":              "d8:msg_typei0ee",
		"negative piece":        "d8:msg_typei0e5:piecei-1ee",
		"piece beyond any":      fmt.Sprintf("d8:msg_typei0e5:piecei%dee", MetadataPieces(MaxMetadata)),
		"data without size":     "d8:msg_typei1e5:piecei0eex",
		"data of a bomb":        data(0, MaxMetadata+1, MetadataBlock),
		"negative size":         data(0, -5, 5),
		"piece past the end":    data(1, 100, 5),
		"too short":             data(0, 100, 99),
		"too long":              data(0, 100, 101),
		"longer than its block": data(0, 1<<20, MetadataBlock+1),
		"deep":                  "d8:msg_typei0e5:piecei0e1:x" + strings.Repeat("l", 101) + strings.Repeat("e", 101) + "e",
	} {
		if m, ok, err := ParseMetadata([]byte(in)); err == nil || ok {
			t.Errorf("%s: taken as %+v", name, m)
		}
	}
	if _, ok, err := ParseMetadata([]byte("d8:msg_typei9e5:piecei0ee")); ok || err != nil {
		t.Errorf("an unknown type is to be ignored: %v, %v", ok, err)
	}
}

func TestPEXRoundTrip(t *testing.T) {
	m := PEX{
		Added: []PEXPeer{
			{netip.MustParseAddrPort("192.0.2.1:6881"), PEXSeed | PEXReachable},
			{netip.MustParseAddrPort("192.0.2.2:1"), 0},
			{netip.MustParseAddrPort("[2001:db8::1]:80"), PEXuTP},
		},
		Dropped: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:2"), netip.MustParseAddrPort("[2001:db8::2]:3")},
	}
	got, err := ParsePEX(AppendPEX(nil, m))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); d != "" {
		t.Error(d)
	}
	want := "d5:added6:\xc0\x00\x02\x01\x1a\xe17:added.f1:\x006:added60:8:added6.f0:7:dropped0:8:dropped60:e"
	if got := AppendPEX(nil, PEX{Added: []PEXPeer{{Addr: netip.MustParseAddrPort("[::ffff:192.0.2.1]:6881")}}}); !bytes.Equal(got, []byte(want)) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestParsePEXHostile(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":      "",
		"odd length":   "d5:added7:1234567e",
		"odd length 6": "d8:dropped617:12345678901234567e",
	} {
		if m, err := ParsePEX([]byte(in)); err == nil {
			t.Errorf("%s: taken as %+v", name, m)
		}
	}
	flood := "d5:added" + fmt.Sprint(6*1000) + ":" + strings.Repeat("\x01\x02\x03\x04\x05\x06", 1000) +
		"7:dropped" + fmt.Sprint(6*1000) + ":" + strings.Repeat("\x01\x02\x03\x04\x05\x06", 1000) + "e"
	m, err := ParsePEX([]byte(flood))
	if err != nil || len(m.Added) != MaxPEX || len(m.Dropped) != MaxPEX {
		t.Errorf("%d added, %d dropped, %v", len(m.Added), len(m.Dropped), err)
	}
	m, err = ParsePEX([]byte("d5:added6:\x01\x02\x03\x04\x00\x007:added.f1:\x01e"))
	if err != nil || len(m.Added) != 0 {
		t.Errorf("port 0: %v, %v", m, err)
	}
	if m, err = ParsePEX([]byte("d5:addedi5ee")); err != nil || len(m.Added) != 0 {
		t.Errorf("a number for a list counts as absent: %v, %v", m, err)
	}
}

func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte("d8:msg_typei1e5:piecei0e10:total_sizei3eexyz"))
	f.Add([]byte("d8:msg_typei2e5:piecei1ee"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok, err := ParseMetadata(b)
		if err != nil || !ok {
			return
		}
		again, ok, err := ParseMetadata(AppendMetadata(nil, m))
		if err != nil || !ok || cmp.Diff(m, again, cmpopts.EquateEmpty()) != "" {
			t.Fatalf("%+v became %+v, %v, %v", m, again, ok, err)
		}
	})
}

func FuzzParsePEX(f *testing.F) {
	f.Add([]byte("d5:added6:\x01\x02\x03\x04\x05\x067:added.f1:\x01e"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParsePEX(b)
		if err != nil {
			return
		}
		if len(m.Added) > MaxPEX || len(m.Dropped) > MaxPEX {
			t.Fatalf("%d added, %d dropped", len(m.Added), len(m.Dropped))
		}
		for _, p := range m.Added {
			if !p.Addr.IsValid() || p.Addr.Port() == 0 {
				t.Fatalf("address %v", p.Addr)
			}
		}
		if _, err := ParsePEX(AppendPEX(nil, m)); err != nil {
			t.Fatal(err)
		}
	})
}

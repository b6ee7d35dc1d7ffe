package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
)

// TestPolicy: who may lead a torrent to which addresses.
func TestPolicy(t *testing.T) {
	inside, outside, meta := netip.MustParseAddrPort("10.1.2.3:6881"), netip.MustParseAddrPort("198.51.100.7:6881"), netip.MustParseAddrPort("169.254.169.254:80")
	stranger, ours := ByTorrent(false, ""), ByTorrent(true, "")
	foreign := ByTorrent(true, "")
	foreign.Distrust()
	for name, got := range map[string]bool{
		"a stranger's torrent names an outside peer": stranger.Named(outside),
		"ours names one inside":                      ours.Named(inside),
		"a private tracker's answer":                 ours.Told(inside, true),
		"a public one's":                             ours.Told(outside, false),
	} {
		if !got {
			t.Errorf("%s: refused", name)
		}
	}
	for name, got := range map[string]bool{
		"a stranger's torrent names a peer inside": stranger.Named(inside),
		"what turned out to be a stranger's does":  foreign.Named(inside),
		"a public server tells of a peer inside":   ours.Told(inside, false),
		"in disguise":                              ours.Told(netip.MustParseAddrPort("[64:ff9b::10.0.0.1]:6881"), false),
		"a private one, of a stranger's torrent":   stranger.Told(inside, true),
		"the metadata service":                     ours.Named(meta),
		"port 0":                                   ours.Named(netip.MustParseAddrPort("192.0.2.1:0")),
		"the other family":                         ByUser("6").Named(outside),
	} {
		if got {
			t.Errorf("%s: allowed", name)
		}
	}
}

func TestDoorResolves(t *testing.T) {
	home, meta, out := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("198.51.100.7")
	n := &fake{lookUp: func(host string) ([]netip.Addr, error) {
		return map[string][]netip.Addr{"evil.example": {home, meta}, "mixed.example": {netip.MustParseAddr("10.0.0.1"), out}}[host], nil
	}}
	for _, local := range []bool{false, true} {
		d := ByTorrent(local, "").Through(n)
		for _, at := range []string{"evil.example:7", "127.0.0.1:7"} {
			got, err := d.Resolve(t.Context(), at)
			if local && (err != nil || !slices.Equal(got, []netip.AddrPort{netip.AddrPortFrom(home, 7)})) || !local && !errors.Is(err, ErrForbidden) {
				t.Errorf("local %v, %s, which leads home: %v, %v", local, at, got, err)
			}
		}
		if got, err := d.Resolve(t.Context(), "mixed.example:7"); err != nil || !slices.Equal(got, []netip.AddrPort{netip.AddrPortFrom(out, 7)}) {
			t.Errorf("local %v, a name that has both: %v, %v", local, got, err)
		}
	}
}

// A door dials by name and by address what its policy allows at that moment.
func TestDoorDials(t *testing.T) {
	var dialled []string
	n := &fake{
		lookUp: func(host string) ([]netip.Addr, error) { return hosts[host], nil },
		dial: func(_ context.Context, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			return nil, errors.New("refused")
		},
	}
	p := ByTorrent(true, "")
	d := p.Through(n)
	for _, at := range []string{"inside.example:1", "10.0.0.1:1", "public.example:1", "meta.example:1", "169.254.169.254:1"} {
		d.DialContext(t.Context(), "tcp", at)
	}
	if want := []string{"10.0.0.5:1", "10.0.0.1:1", "198.51.100.7:1"}; !slices.Equal(dialled, want) {
		t.Errorf("ours dialled %q, want %q", dialled, want)
	}
	p.Distrust()
	dialled = nil
	for _, at := range []string{"inside.example:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1"} {
		if _, err := d.DialContext(t.Context(), "tcp", at); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s, after the policy has changed: %v", at, err)
		}
	}
	if d.DialContext(t.Context(), "tcp", "public.example:1"); !slices.Equal(dialled, []string{"198.51.100.7:1"}) {
		t.Errorf("a stranger's dialled %q", dialled)
	}
}

func TestResolve(t *testing.T) {
	fails := errors.New("no such host")
	n := &fake{lookUp: func(host string) ([]netip.Addr, error) {
		if host != "name.example" {
			return nil, fails
		}
		return ips("::ffff:192.0.2.1", "2001:db8::1"), nil
	}}
	for at, want := range map[string]string{
		"name.example:7": "[192.0.2.1:7 [2001:db8::1]:7]", "192.0.2.9:1": "[192.0.2.9:1]", "[::ffff:192.0.2.9]:65535": "[192.0.2.9:65535]", "[fe80::1%eth0]:1": "[[fe80::1%eth0]:1]",
		"name.example": "", "name.example:": "", "name.example:0": "", "name.example:65536": "", "name.example:7x": "", "name.example:+7": "", "name.example: 7": "", "192.0.2.9:0": "", "::1:1": "", "nobody.example:1": "", "": "",
	} {
		got, err := Resolve(t.Context(), n, at)
		if (err == nil) != (want != "") || err == nil && fmt.Sprint(got) != want {
			t.Errorf("%q: %v, %v, want %q", at, got, err, want)
		}
	}
	if _, err := Resolve(t.Context(), n, "nobody.example:1"); err != fails {
		t.Errorf("the error of a look-up became %v", err)
	}
}

// What the user named may be asked for on this machine, and nothing else there.
func TestOwnTrackers(t *testing.T) {
	g := NewGuard(ByUser("").Rules(OwnTrackers([]string{"http://127.0.0.1:1/odd?key=1"})))
	for s, ok := range map[string]bool{
		"http://127.0.0.1:1/odd": true, "http://127.0.0.1:1/odd?key=2": true, "http://127.0.0.1:1/announce": true, "http://10.0.0.1/any": true,
		"http://127.0.0.1:1/admin": false, "http://127.0.0.1:2/odd": false, "https://127.0.0.1:1/odd": false,
	} {
		if err := g.Visit(mustURL(t, s), nil); (err == nil) != ok {
			t.Errorf("%s: %v", s, err)
		}
	}
}

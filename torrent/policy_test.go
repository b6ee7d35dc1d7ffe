package torrent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
)

// TestPolicy: who may lead a torrent to which addresses.
func TestPolicy(t *testing.T) {
	inside, outside, meta := ap("10.1.2.3:6881"), ap("198.51.100.7:6881"), ap("169.254.169.254:80")
	stranger, ours := &policy{}, &policy{local: true}
	foreign := &policy{local: true}
	foreign.foreign.Store(true)
	for name, got := range map[string]bool{
		"a stranger's torrent names an outside peer": stranger.named(outside),
		"ours names one inside":                      ours.named(inside),
		"a private tracker's answer":                 ours.told(inside, true),
		"a public one's":                             ours.told(outside, false),
	} {
		if !got {
			t.Errorf("%s: refused", name)
		}
	}
	for name, got := range map[string]bool{
		"a stranger's torrent names a peer inside": stranger.named(inside),
		"what turned out to be a stranger's does":  foreign.named(inside),
		"a public server tells of a peer inside":   ours.told(inside, false),
		"in disguise":                              ours.told(ap("[64:ff9b::10.0.0.1]:6881"), false),
		"a private one, of a stranger's torrent":   stranger.told(inside, true),
		"the metadata service":                     ours.named(meta),
		"port 0":                                   ours.named(ap("192.0.2.1:0")),
		"the other family":                         (&policy{local: true, only: "6"}).named(outside),
	} {
		if got {
			t.Errorf("%s: allowed", name)
		}
	}
}

// names is a Network that only resolves, and remembers what was dialled.
type names struct {
	Network
	hosts  map[string][]netip.Addr
	dialed []string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return n.hosts[host], nil
}

func (n *names) DialContext(_ context.Context, _, address string) (net.Conn, error) {
	n.dialed = append(n.dialed, address)
	return nil, errors.New("nobody there")
}

func TestPolicyLookup(t *testing.T) {
	home, meta, out := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("198.51.100.7")
	n := &names{hosts: map[string][]netip.Addr{
		"evil.example":  {home, meta},
		"mixed.example": {netip.MustParseAddr("10.0.0.1"), out},
	}}
	for _, local := range []bool{false, true} {
		p := &policy{net: n, local: local}
		got, err := p.LookupNetIP(t.Context(), "ip", "evil.example")
		if local && (err != nil || !slices.Equal(got, []netip.Addr{home})) || !local && !errors.Is(err, errForbidden) {
			t.Errorf("local %v, a name that leads home: %v, %v", local, got, err)
		}
		if got, err := p.LookupNetIP(t.Context(), "ip", "mixed.example"); err != nil || !slices.Equal(got, []netip.Addr{out}) {
			t.Errorf("local %v, a name that has both: %v, %v", local, got, err)
		}
	}
}

package torrent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
)

func TestPolicyAddresses(t *testing.T) {
	for _, c := range []struct {
		addr          string
		global, local bool // allowed for a torrent from out there, from here
	}{
		{"198.51.100.7", true, true},
		{"2001:db8::1", true, true},
		{"10.1.2.3", false, true},
		{"::ffff:10.1.2.3", false, true},
		{"127.0.0.1", false, true},
		{"::1", false, true},
		{"fe80::1", false, true},
		{"fd00::1", false, true},
		{"100.64.0.1", false, true},
		{"169.254.169.254", false, false},
		{"::ffff:169.254.169.254", false, false},
		{"0.0.0.0", false, false},
		{"::", false, false},
		{"255.255.255.255", false, false},
		{"224.0.0.1", false, false},
		{"ff02::1", false, false},
	} {
		a := netip.MustParseAddr(c.addr)
		if got := (&policy{}).allowed(a); got != c.global {
			t.Errorf("global torrent, %s: %v, want %v", c.addr, got, c.global)
		}
		if got := (&policy{local: true}).allowed(a); got != c.local {
			t.Errorf("local torrent, %s: %v, want %v", c.addr, got, c.local)
		}
	}
	if (&policy{local: true}).peerAllowed(ap("192.0.2.1:0")) {
		t.Error("port 0 is no peer")
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

func TestPolicyDial(t *testing.T) {
	n := &names{hosts: map[string][]netip.Addr{
		"evil.example":  {netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("169.254.169.254")},
		"mixed.example": {netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("198.51.100.7")},
		"proxy.example": {netip.MustParseAddr("10.0.0.9")},
	}}
	p := &policy{net: n, proxies: map[string]bool{"proxy.example": true}}
	if _, err := p.DialContext(t.Context(), "tcp", "evil.example:80"); !errors.Is(err, errForbidden) {
		t.Errorf("a name that leads home: %v", err)
	}
	if _, err := p.DialContext(t.Context(), "tcp", "169.254.169.254:80"); !errors.Is(err, errForbidden) {
		t.Errorf("the metadata service: %v", err)
	}
	p.DialContext(t.Context(), "tcp", "mixed.example:80")
	if _, err := p.DialContext(t.Context(), "tcp", "10.0.0.9:3128"); !errors.Is(err, errForbidden) {
		t.Errorf("an address that will be a proxy's: %v", err)
	}
	p.LookupNetIP(t.Context(), "ip", "proxy.example")
	p.DialContext(t.Context(), "tcp", "10.0.0.9:3128")
	if len(n.dialed) != 2 || n.dialed[0] != "198.51.100.7:80" || n.dialed[1] != "10.0.0.9:3128" {
		t.Errorf("dialled %v", n.dialed)
	}
	if _, err := p.DialContext(t.Context(), "tcp", "mixed.example:http"); err == nil {
		t.Error("a named port was accepted")
	}
}

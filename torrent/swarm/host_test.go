package swarm

import (
	"net/netip"
	"testing"
)

// What is one host, what a ban remembers, and what a source of addresses may name
// once.
func TestHosts(t *testing.T) {
	for _, c := range []struct{ addr, host, key, address string }{
		{"192.0.2.1:80", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:0"},
		{"[::ffff:192.0.2.1]:80", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:0"},
		{"[2001:db8:1:2:3::4]:80", "2001:db8:1:2::", "[2001:db8:1:2::]:0", "[2001:db8:1:2:3::4]:0"},
		{"10.0.0.1:80", "10.0.0.1", "10.0.0.1:80", "10.0.0.1:80"},
		{"[fd00::1:2]:80", "fd00::1:2", "[fd00::1:2]:80", "[fd00::1:2]:80"},
		{"[fe80::1%eth0]:80", "fe80::1%eth0", "[fe80::1%eth0]:80", "[fe80::1%eth0]:80"},
		// It carries a public address, and what is left of it in a /64 none.
		{"[64:ff9b::c633:6407]:80", "64:ff9b::", "[64:ff9b::]:0", "[64:ff9b::c633:6407]:0"},
	} {
		a := ap(c.addr)
		if got := testHosts.Of(a.Addr()); got != netip.MustParseAddr(c.host) {
			t.Errorf("%s: host %v, want %s", c.addr, got, c.host)
		}
		if got := testHosts.Key(a); got != ap(c.key) {
			t.Errorf("%s: key %v, want %s", c.addr, got, c.key)
		}
		if got := testHosts.address(a); got != ap(c.address) {
			t.Errorf("%s: address %v, want %s", c.addr, got, c.address)
		}
	}
}

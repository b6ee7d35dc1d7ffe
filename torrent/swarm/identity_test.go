package swarm

import (
	"net/netip"
	"testing"

	"gotor/peer/wire"
)

func TestSameRemote(t *testing.T) {
	random := wire.NewPeerID("-GT0001-")
	fixed := [20]byte([]byte("-OD0001-000000000000"))
	for _, c := range []struct {
		what   string
		id, of [20]byte
		a, b   string
		same   bool
	}{
		{"one address", random, random, "203.0.113.1", "203.0.113.1", true},
		{"one address as IPv6 writes it", random, random, "203.0.113.1", "::ffff:203.0.113.1", true},
		{"both families", random, random, "203.0.113.1", "2001:db8::1", true},
		{"private and public", random, random, "192.168.1.2", "203.0.113.1", true},
		{"loopback and private", random, random, "127.0.0.1", "192.168.1.2", true},
		{"two NATs", random, random, "203.0.113.1", "203.0.113.2", false},
		{"a fixed id, two of a network", fixed, fixed, "192.168.1.2", "192.168.1.3", false},
		{"a fixed id, both families", fixed, fixed, "203.0.113.1", "2001:db8::1", false},
		{"other ids", random, fixed, "192.168.1.2", "192.168.1.2", false},
	} {
		if got := testHosts.Same(c.id, c.of, netip.MustParseAddr(c.a), netip.MustParseAddr(c.b)); got != c.same {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

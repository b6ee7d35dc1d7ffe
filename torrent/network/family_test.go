package network

import (
	"context"
	"net"
	"net/netip"
	"testing"
)

// calls records what is asked of a Network.
type calls struct{ got []string }

func (c *calls) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	c.got = append(c.got, "dial "+network+" "+address)
	return nil, nil
}

func (c *calls) Listen(_ context.Context, network, address string) (net.Listener, error) {
	c.got = append(c.got, "listen "+network+" "+address)
	return nil, nil
}

func (c *calls) ListenPacket(_ context.Context, network, address string) (net.PacketConn, error) {
	c.got = append(c.got, "packet "+network+" "+address)
	return nil, nil
}

func (c *calls) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	c.got = append(c.got, "lookup "+network+" "+host)
	return nil, nil
}

func TestOneFamily(t *testing.T) {
	for _, suffix := range []string{"4", "6"} {
		c := &calls{}
		n := OfFamily(c, suffix)
		ctx := t.Context()
		n.DialContext(ctx, "tcp", "a:1")
		n.Listen(ctx, "tcp"+suffix, "a:2")
		n.ListenPacket(ctx, "udp", "a:3")
		n.LookupNetIP(ctx, "ip", "a")
		want := []string{"dial tcp" + suffix + " a:1", "listen tcp" + suffix + " a:2", "packet udp" + suffix + " a:3", "lookup ip" + suffix + " a"}
		for i, w := range want {
			if i >= len(c.got) || c.got[i] != w {
				t.Errorf("IPv%s: %q, want %q", suffix, c.got, want)
				break
			}
		}
		other := map[string]string{"4": "6", "6": "4"}[suffix]
		c.got = nil
		if _, err := n.DialContext(ctx, "tcp"+other, "a:1"); err == nil {
			t.Error("dialled the other family")
		}
		if _, err := n.Listen(ctx, "tcp"+other, "a:1"); err == nil {
			t.Error("listened on the other family")
		}
		if _, err := n.ListenPacket(ctx, "udp"+other, "a:1"); err == nil {
			t.Error("opened a socket of the other family")
		}
		if _, err := n.LookupNetIP(ctx, "ip"+other, "a"); err == nil {
			t.Error("looked up the other family")
		}
		if len(c.got) > 0 {
			t.Errorf("IPv%s: asked for %q", suffix, c.got)
		}
	}
}

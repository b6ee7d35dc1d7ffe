package torrent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
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
		n := oneFamily{c, suffix}
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
		if _, _, err := n.ListenLocal(true, true); !errors.Is(err, errNoMulticast) {
			t.Errorf("multicast where there is none: %v", err)
		}
	}
}

// With one family only, addresses of the other one are of no use.
func TestFamilyOfPeers(t *testing.T) {
	v4, v6, mapped := ap("198.51.100.1:1"), ap("[2001:db8::1]:1"), ap("[::ffff:198.51.100.1]:1")
	for only, want := range map[string][3]bool{"": {true, true, true}, "4": {true, false, true}, "6": {false, true, false}} {
		p := policy{only: only}
		if got := [3]bool{p.named(v4), p.named(v6), p.named(mapped)}; got != want {
			t.Errorf("%q: %v, want %v", only, got, want)
		}
	}
	inLab(t, func(l *lab) {
		payload := blastPayload(100_000)
		m := l.single(payload, 16<<10)
		seed := l.seed(m, payload, nil)
		l.mustGet(l.client(Config{IPv4Only: true}), Spec{Meta: m})
		c := l.client(Config{IPv6Only: true, Port: -1})
		_, err := l.get(c, Spec{Meta: lonely(m), Dir: l.TempDir(), PeerTimeout: time.Minute, Peers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:6881")}})
		if !errors.Is(err, ErrNoPeers) {
			t.Errorf("over IPv6 only: %v", err)
		}
		_ = seed
	})
}

// packetPipe is a socket that gives errors and packets in turn.
type packetPipe struct {
	net.PacketConn
	reads []error
	sent  int
}

func (p *packetPipe) ReadFrom(b []byte) (int, net.Addr, error) {
	if len(p.reads) == 0 {
		return 0, nil, net.ErrClosed
	}
	err := p.reads[0]
	p.reads = p.reads[1:]
	if err != nil {
		return 0, nil, err
	}
	return copy(b, "d"), &net.UDPAddr{IP: net.IP{198, 51, 100, 1}, Port: 7}, nil
}

func (p *packetPipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	p.sent++
	return 0, errors.New("no route")
}

// One packet's error is no reason to stop listening, and a broken socket is.
func TestDatagramErrors(t *testing.T) {
	bad := errors.New("refused")
	p := &packetPipe{reads: []error{bad, nil, bad, bad, nil}}
	got := 0
	newDatagrams(p).run(func(b []byte, from netip.AddrPort) {
		if string(b) != "d" || from != netip.MustParseAddrPort("198.51.100.1:7") {
			t.Errorf("%q from %v", b, from)
		}
		got++
	})
	if got != 2 {
		t.Errorf("%d packets, want 2", got)
	}
	p = &packetPipe{}
	for range 2 * maxReadErrors {
		p.reads = append(p.reads, bad)
	}
	newDatagrams(p).run(func([]byte, netip.AddrPort) {})
	if len(p.reads) != maxReadErrors {
		t.Errorf("%d errors in a row were taken", 2*maxReadErrors-len(p.reads))
	}
	newDatagrams(p).send([]byte("x"), netip.MustParseAddrPort("198.51.100.1:7"))
	if p.sent != 1 {
		t.Error("nothing was sent")
	}
}

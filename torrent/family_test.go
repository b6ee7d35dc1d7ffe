package torrent

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"gotor/torrent/network"
)

// With one family only, addresses of the other one are of no use.
func TestFamilyOfPeers(t *testing.T) {
	v4, v6, mapped := ap("198.51.100.1:1"), ap("[2001:db8::1]:1"), ap("[::ffff:198.51.100.1]:1")
	for only, want := range map[string][3]bool{"": {true, true, true}, "4": {true, false, true}, "6": {false, true, false}} {
		p := network.ByTorrent(false, only)
		if got := [3]bool{p.Named(v4), p.Named(v6), p.Named(mapped)}; got != want {
			t.Errorf("%q: %v, want %v", only, got, want)
		}
	}
	inLab(t, func(l *lab) {
		payload := blastPayload(100_000)
		m := l.single(payload, 16<<10)
		seed := l.seed(m, payload, nil)
		l.mustGet(l.client(Config{IPv4Only: true}), of(m))
		c := l.client(Config{IPv6Only: true, Port: -1})
		_, err := l.get(c, order{Source: Source{Meta: lonely(m), Peers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:6881")}},
			Spec: Spec{Place: Place{Dir: l.TempDir()}, Limits: Limits{PeerTimeout: time.Minute}}})
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

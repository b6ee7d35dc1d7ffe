package peer

import (
	"net/netip"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// benchCrowd is a manager with 200 connections that do nothing, of a torrent
// of 4,096 pieces.
func benchCrowd(b *testing.B, events Events) []*Conn {
	l, err := piece.NewLayout(4096<<18, 1<<18)
	if err != nil {
		b.Fatal(err)
	}
	w := piece.NewWorkers(1)
	b.Cleanup(w.Close)
	m := piece.NewManager(piece.Config{Layout: l, Digest: func(int) piece.Digest { return piece.SHA1([20]byte{}) }, Store: voidStore{}, Workers: w, Pool: piece.NewPool(1 << 20)})
	b.Cleanup(m.Close)
	conns := make([]*Conn, 200)
	for i := range conns {
		h := wire.Handshake{Features: wire.FeatureFast, PeerID: [20]byte{byte(i)}}
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 6881)
		conns[i] = New(Config{Conn: new(echo), Addr: addr, Local: wire.Handshake{Features: wire.FeatureFast}, Remote: h,
			Manager: m, Layout: l, Store: voidStore{}, Events: events})
		conns[i].join()
	}
	return conns
}

// BenchmarkHaveReceived is what one have message costs of one of 200 peers.
func BenchmarkHaveReceived(b *testing.B) {
	told := 0
	conns := benchCrowd(b, Events{Gained: func(int, int) { told++ }})
	for i := 0; b.Loop(); i++ {
		c, k := conns[i%200], i/200%8192
		if k >= 4096 { // and back
			c.rd.onDontHave([]byte{0, 0, byte((k - 4096) >> 8), byte(k)})
		} else if err := c.rd.onHave(uint32(k)); err != nil {
			b.Fatal(err)
		}
	}
	if told == 0 {
		b.Error("nobody was told")
	}
}

// BenchmarkHaveSent is what it costs to tell one of 200 peers of a piece, the
// write aside.
func BenchmarkHaveSent(b *testing.B) {
	conns := benchCrowd(b, Events{})
	for i := 0; b.Loop(); i++ {
		c := conns[i%200]
		c.Have(i / 200 % 4096)
		if i/200%100 == 0 {
			c.out.takeControl(c.wr.buf[:0], time.Now().Add(time.Hour))
		}
	}
}

// BenchmarkStats is what a look at one connection costs.
func BenchmarkStats(b *testing.B) {
	conns := benchCrowd(b, Events{})
	for i := 0; b.Loop(); i++ {
		if s := conns[i%200].Stats(); s.Uploaded != 0 {
			b.Fatal(s)
		}
	}
}

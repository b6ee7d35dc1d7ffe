package peer

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"gotor/peer/simnet"
	"gotor/peer/wire"
	"gotor/piece"
)

// visitor is a raw connection to a node, from a host of its own.
func (s *swarm) visitor(k int, n *node) net.Conn {
	h := s.net.Host(netip.AddrFrom4([4]byte{10, 1, byte(k >> 8), byte(k)}), simnet.HostOptions{Up: 20_000, Latency: 20 * time.Millisecond, Window: 128 << 10})
	l, err := n.host.Listen(s.ctx, "tcp", netip.AddrPortFrom(n.host.Addr(), 0).String())
	if err != nil {
		s.Fatal(err)
	}
	defer l.Close()
	c, err := h.DialContext(s.ctx, "tcp", l.Addr().String())
	if err != nil {
		s.Fatal(err)
	}
	in, err := l.Accept()
	if err != nil {
		s.Fatal(err)
	}
	n.run(in)
	return c
}

// rude is what the visitors do to whom nobody would give a slot twice. Each
// sends its words over and over, and reads what comes or not.
var rude = map[string]struct {
	reads bool
	words []byte
}{
	"says nothing": {},
	"asks and never reads": {words: append(wire.Append(nil, interested),
		wire.Append(nil, requestFor(1, 0, piece.BlockSize))...)},
	"floods with requests": {reads: true, words: append(wire.Append(nil, interested),
		wire.Append(nil, requestFor(2, 0, piece.BlockSize))...)},
	"asks and cancels": {reads: true, words: append(wire.Append(wire.Append(nil, interested), requestFor(3, 0, 100)),
		wire.Append(nil, wire.Message{ID: wire.Cancel, Index: 3, Length: 100})...)},
	"changes its mind": {reads: true, words: append(wire.Append(wire.Append(nil, interested), wire.Message{ID: wire.Unchoke}),
		wire.Append(wire.Append(nil, wire.Message{ID: wire.NotInterested}), wire.Message{ID: wire.Choke})...)},
	"has the same piece": {words: wire.Append(nil, wire.Message{ID: wire.Have, Index: 5})},
	"changes its mind and never reads": {words: append(wire.Append(nil, interested),
		wire.Append(nil, wire.Message{ID: wire.NotInterested})...)},
}

// misbehave starts a visitor that goes on until its connection ends.
func (s *swarm) misbehave(k int, n *node, reads bool, words []byte) {
	c := s.visitor(k, n)
	s.running.Go(func() {
		<-s.ctx.Done()
		c.Close()
	})
	if reads {
		s.running.Go(func() { io.Copy(io.Discard, c) })
	}
	s.running.Go(func() {
		for len(words) > 0 {
			if _, err := c.Write(words); err != nil {
				return
			}
		}
	})
}

// polite reads messages until the block that was asked for has come.
func polite(r *bufio.Reader) error {
	for {
		b, err := r.Peek(5)
		if err != nil {
			return err
		}
		n, id := int(binary.BigEndian.Uint32(b)), wire.ID(b[4])
		if n == 0 {
			id = wire.Choke
		}
		if _, err := r.Discard(4 + n); err != nil || id == wire.Piece {
			return err
		}
	}
}

// A good peer is served within two seconds, whoever else is there.
func TestGoodPeerAmongBadOnes(t *testing.T) {
	for name, bad := range rude {
		t.Run(name, func(t *testing.T) {
			swarming(t, 4, func(s *swarm) {
				seed := s.node(simnet.HostOptions{Up: 5_000_000, Latency: 20 * time.Millisecond, Window: 128 << 10}, all)
				for k := range 20 {
					s.misbehave(k, seed, bad.reads, bad.words)
				}
				c := s.visitor(1000, seed)
				defer c.Close()
				r := bufio.NewReader(c)
				c.Write(wire.Append(nil, interested))
				var worst time.Duration
				for i := range uint32(30) {
					time.Sleep(100 * time.Millisecond)
					start := time.Now()
					c.Write(wire.Append(nil, requestFor(i%16, 0, piece.BlockSize)))
					if err := polite(r); err != nil {
						t.Fatal(err)
					}
					worst = max(worst, time.Since(start))
				}
				if worst > 2*time.Second {
					t.Errorf("waited %v for a block", worst)
				}
				t.Logf("waited %v for a block at worst", worst)
				seed.wantSmall()
			})
		})
	}
}

// wantSmall checks that nobody made the node keep much.
func (n *node) wantSmall() {
	n.s.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.out.mu.Lock()
		if kept := cap(c.out.msgs.ctl) + cap(c.out.msgs.haves); kept > 2*maxControl || cap(c.out.reqs.list) > 4*DefaultReqQ {
			n.s.Errorf("%d bytes of messages and %d requests are kept", kept, cap(c.out.reqs.list))
		}
		c.out.mu.Unlock()
		if lent := c.mem.lent.Load(); lent > 2*maxBatch {
			n.s.Errorf("%d bytes of buffers for one connection", lent)
		}
	}
}

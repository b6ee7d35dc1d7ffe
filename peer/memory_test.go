package peer

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"gotor/peer/wire"
	"gotor/piece"
)

// held is what so many connections of a seed weigh: each talks to a remote that
// says hello, and stops reading after the first bytes of what it gets.
func held(t *testing.T, conns int, hello []byte, setup func(*Conn)) (bytes int64, mem *Buffers) {
	t.Helper()
	l, err := piece.NewLayout(1<<30, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	w := piece.NewWorkers(1)
	defer w.Close()
	m := piece.NewManager(piece.Config{Layout: l, Digest: func(int) piece.Digest { return piece.SHA1([20]byte{}) }, Store: voidStore{}, Workers: w, Pool: piece.NewPool(64 << 20)})
	defer m.Close()
	all := make([]byte, l.Pieces()/8)
	for i := range all {
		all[i] = 0xff
	}
	if err := m.Resume(all); err != nil {
		t.Fatal(err)
	}
	mem = new(Buffers)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	h := wire.Handshake{Features: wire.FeatureFast | wire.FeatureExtended}
	addr := netip.MustParseAddrPort("10.0.0.2:6881")
	before := memoryInUse()
	for range conns {
		near, far := net.Pipe()
		c := New(Config{Conn: near, Addr: addr, Local: h, Remote: h, Manager: m, Layout: l, Store: zeroStore{}, Buffers: mem})
		setup(c)
		running.Go(func() { c.Run(ctx) })
		if n, err := far.Read(make([]byte, 256)); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		far.Write(hello)
		if len(hello) > 1000 { // it asked for blocks: the first one begins to arrive
			for range 2 {
				if n, err := far.Read(make([]byte, 100)); err != nil || n == 0 {
					t.Fatal(n, err)
				}
			}
		}
	}
	return memoryInUse() - before, mem
}

// A thousand idle connections stay below 100 MiB, and far below.
func TestIdleConnectionsAreSmall(t *testing.T) {
	const conns = 1000
	// A field, and then silence.
	hello := wire.Append(nil, wire.Message{ID: wire.Bitfield, Payload: make([]byte, 128)})
	all, _ := held(t, conns, hello, func(*Conn) {})
	if all > conns*40<<10 {
		t.Errorf("%d bytes for an idle connection", all/conns)
	}
	t.Logf("%d bytes for an idle connection", all/conns)
}

// Two hundred leechers that were fast, asked for as much as they may and then
// stopped reading hold what Buffers says, and together less than 64 MiB.
func TestStalledLeechersAreSmall(t *testing.T) {
	const conns = 200
	hello := wire.Append(nil, interested)
	for i := range uint32(DefaultReqQ) {
		hello = wire.Append(hello, requestFor(i, 0, piece.BlockSize))
	}
	all, mem := held(t, conns, hello, func(c *Conn) {
		c.wr.up.size = maxBatch
		c.Choke(false)
	})
	// Over a pipe what is read is flattened for writing: everything twice.
	if most := 2 * (lendBudget + conns*int64(minBatch) + 2*maxBatch); mem.lent.Load() > most {
		t.Errorf("%d bytes of buffers, want at most %d", mem.lent.Load(), most)
	}
	if all > 64<<20 {
		t.Errorf("%d bytes for %d leechers", all, conns)
	}
	t.Logf("%d bytes for a leecher", all/conns)
}

// Where the process may have little memory, the buffers have less of it, too.
func TestBuffersLimit(t *testing.T) {
	var m Buffers
	m.Limit(2 << 20)
	var taken []*buffer
	for m.room(largeBuffer) {
		taken = append(taken, m.get(largeBuffer))
	}
	if n := m.grown.Load(); n > 2<<20 || n < 1<<20 {
		t.Errorf("readers have %d bytes of 2 MiB", n)
	}
	for m.roomToLend(maxBatch) {
		taken = append(taken, m.lend(len(bufferSizes)-1))
	}
	if n := m.lent.Load(); n > 2<<20 || n < 1<<20 {
		t.Errorf("writers have %d bytes of 2 MiB", n)
	}
	for _, x := range taken {
		m.put(x)
	}
	if m.within(100, 1) != 100 {
		t.Error("a limit makes a budget larger")
	}
}

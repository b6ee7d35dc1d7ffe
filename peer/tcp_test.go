package peer

import (
	"crypto/sha1"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"

	"gotor/peer/wire"
	"gotor/piece"
)

// These run over real sockets: vectored reads and writes do not exist in the
// simulated network.

// pairOptions say how two Conns of ours, a seed and a downloader, differ.
type pairOptions struct {
	pieces      int
	pieceLength int64
	cut         int64
	wrap        func(net.Conn) net.Conn // what the seed writes through
}

// checkPair downloads from one Conn with another.
func checkPair(t *testing.T, o pairOptions) {
	t.Helper()
	l, err := piece.NewLayout(int64(o.pieces)*o.pieceLength-o.cut, o.pieceLength)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, l.Total())
	rand.NewChaCha8([32]byte{1}).Read(want)
	workers := piece.NewWorkers(2)
	defer workers.Close()
	done := make(chan struct{})
	var left sync.WaitGroup
	left.Add(o.pieces)
	go func() { left.Wait(); close(done) }()
	manager := func(store *memStore) *piece.Manager {
		m := piece.NewManager(piece.Config{
			Layout: l, Store: store, Workers: workers, Pool: piece.NewPool(8 << 20),
			Digest: func(i int) piece.Digest { return piece.SHA1(sha1.Sum(want[l.Offset(i):][:l.PieceLen(i)])) },
			OnPiece: func(r piece.Result) {
				if r.OK {
					left.Done()
				} else {
					t.Error("piece failed:", r)
				}
			},
		})
		t.Cleanup(m.Close)
		return m
	}
	has := &memStore{data: want}
	seeding := manager(has)
	bits := make([]byte, (o.pieces+7)/8)
	for i := range o.pieces {
		bits[i/8] |= 0x80 >> (i % 8)
	}
	if err := seeding.Resume(bits); err != nil {
		t.Fatal(err)
	}
	gets := &memStore{data: make([]byte, len(want))}
	downloading := manager(gets)

	near, far := tcpPair(t)
	if o.wrap != nil {
		far = o.wrap(far)
	}
	h := wire.Handshake{Features: wire.FeatureFast | wire.FeatureExtended}
	addr := netip.MustParseAddrPort("127.0.0.1:6881")
	leech := New(Config{Conn: near, Addr: addr, Local: h, Remote: h, Manager: downloading, Layout: l, Store: gets})
	var seed *Conn
	seed = New(Config{Conn: far, Addr: addr, Incoming: true, Local: h, Remote: h, Manager: seeding, Layout: l, Store: has,
		Events: Events{Interested: func(on bool) { seed.Choke(!on) }}})
	var running sync.WaitGroup
	for _, c := range []*Conn{leech, seed} {
		running.Go(func() {
			if err := c.Run(t.Context()); err == nil {
				t.Error("ended without a reason")
			}
		})
	}
	<-done
	leech.Close(io.EOF)
	running.Wait()
	if string(gets.data) != string(want) {
		t.Error("wrong bytes")
	}
	for _, c := range []*Conn{leech, seed} {
		if n := c.mem.grown.Load(); n != 0 {
			t.Errorf("%d bytes of buffers were not given back", n)
		}
	}
}

func TestConnToConn(t *testing.T) {
	for name, o := range map[string]pairOptions{
		"large pieces": {pieces: 24, pieceLength: 1 << 20, cut: 12345},
		"odd pieces":   {pieces: 300, pieceLength: 50_000, cut: 49_999},
		"small pieces": {pieces: 1000, pieceLength: 1000},
		"disturbed":    {pieces: 24, pieceLength: 1 << 20, wrap: newDisturber},
		"in bits":      {pieces: 8, pieceLength: 1 << 20, wrap: newDripper},
	} {
		t.Run(name, func(t *testing.T) { checkPair(t, o) })
	}
}

// disturber puts other messages between those that are written whole, so that
// blocks do not lie where they are expected.
type disturber struct {
	net.Conn
	rng *rand.Rand
	got []byte
}

func newDisturber(c net.Conn) net.Conn {
	return &disturber{Conn: c, rng: rand.New(rand.NewPCG(1, 2))}
}

func (d *disturber) Write(p []byte) (int, error) {
	d.got = append(d.got, p...)
	for len(d.got) >= 4 {
		n := 4 + int(d.got[1])<<16 + int(d.got[2])<<8 + int(d.got[3])
		if len(d.got) < n {
			break
		}
		if _, err := d.Conn.Write(d.got[:n]); err != nil {
			return 0, err
		}
		d.got = d.got[n:]
		if d.rng.IntN(5) == 0 {
			noise := wire.AppendKeepAlive(nil)
			if d.rng.IntN(2) == 0 {
				noise = wire.Append(noise, wire.Message{ID: 99, Payload: make([]byte, d.rng.IntN(100))})
			}
			if _, err := d.Conn.Write(noise); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// dripper writes a few bytes at a time.
type dripper struct {
	net.Conn
	rng *rand.Rand
}

func newDripper(c net.Conn) net.Conn { return &dripper{c, rand.New(rand.NewPCG(1, 2))} }

func (d *dripper) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = d.Conn.Write(p[n:min(len(p), n+1+d.rng.IntN(9000))])
		n += k
	}
	return n, err
}

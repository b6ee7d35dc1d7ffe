package peer

import (
	"context"
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"gotor/peer/simnet"
	"gotor/peer/wire"
	"gotor/piece"
)

// swarm is a torrent and the nodes that have parts of it, on a simulated
// network, in virtual time.
type swarm struct {
	*testing.T
	net     *simnet.Net
	layout  *piece.Layout
	data    []byte
	workers *piece.Workers
	nodes   []*node
	ctx     context.Context
	running sync.WaitGroup
}

// node is one member: it unchokes whoever is interested, and tells everybody
// what it gets.
type node struct {
	s     *swarm
	host  *simnet.Host
	store *memStore
	m     *piece.Manager
	up    *rate.Limiter

	mu    sync.Mutex
	conns []*Conn
}

// swarming runs f in a bubble with a torrent of so many MiB.
func swarming(t *testing.T, size int, f func(s *swarm)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		s := &swarm{T: t, net: simnet.New(simnet.Options{Seed: 1}), workers: piece.NewWorkers(2), ctx: ctx}
		var err error
		if s.layout, err = piece.NewLayout(int64(size)<<20-777, 256<<10); err != nil {
			t.Fatal(err)
		}
		s.data = make([]byte, s.layout.Total())
		rand.NewChaCha8([32]byte{2}).Read(s.data)
		defer func() {
			stop()
			s.running.Wait()
			for _, n := range s.nodes {
				n.m.Close()
			}
			s.workers.Close()
		}()
		f(s)
	})
}

// node adds a member that has the pieces for which has is true.
func (s *swarm) node(o simnet.HostOptions, has func(i int) bool) *node {
	n := &node{
		s:     s,
		host:  s.net.Host(netip.AddrFrom4([4]byte{10, 0, 0, byte(len(s.nodes) + 1)}), o),
		store: &memStore{data: make([]byte, len(s.data))},
	}
	n.m = piece.NewManager(piece.Config{
		Layout: s.layout, Store: n.store, Workers: s.workers, Pool: piece.NewPool(64 << 20),
		Rand: rand.New(rand.NewPCG(1, uint64(len(s.nodes)))),
		Digest: func(i int) piece.Digest {
			return piece.SHA1(sha1.Sum(s.data[s.layout.Offset(i):][:s.layout.PieceLen(i)]))
		},
		OnPiece: n.onPiece,
	})
	bits := make([]byte, (s.layout.Pieces()+7)/8)
	for i := range s.layout.Pieces() {
		if has(i) {
			bits[i/8] |= 0x80 >> (i % 8)
			copy(n.store.data[s.layout.Offset(i):], s.data[s.layout.Offset(i):][:s.layout.PieceLen(i)])
		}
	}
	if err := n.m.Resume(bits); err != nil {
		s.Fatal(err)
	}
	s.nodes = append(s.nodes, n)
	return n
}

func (n *node) onPiece(r piece.Result) {
	if !r.OK {
		n.s.Error("piece failed:", r)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.Have(r.Piece)
	}
}

// handshakeOf is what the node at an address says; its peer id is its own.
func handshakeOf(addr netip.Addr) wire.Handshake {
	return wire.Handshake{Features: wire.FeatureFast | wire.FeatureExtended, PeerID: sha1.Sum(addr.AsSlice())}
}

// connect joins two nodes.
func (s *swarm) connect(a, b *node) {
	l, err := b.host.Listen(s.ctx, "tcp", netip.AddrPortFrom(b.host.Addr(), 0).String())
	if err != nil {
		s.Fatal(err)
	}
	defer l.Close()
	out, err := a.host.DialContext(s.ctx, "tcp", l.Addr().String())
	if err != nil {
		s.Fatal(err)
	}
	in, err := l.Accept()
	if err != nil {
		s.Fatal(err)
	}
	a.run(out)
	b.run(in)
}

func (n *node) run(nc net.Conn) {
	addr := netip.MustParseAddrPort(nc.RemoteAddr().String())
	var c *Conn
	c = New(Config{
		Conn: nc, Addr: addr, Local: handshakeOf(n.host.Addr()), Remote: handshakeOf(addr.Addr()),
		Manager: n.m, Layout: n.s.layout, Store: n.store, UpLimit: fixed(n.up),
		Events: Events{Interested: func(on bool) { c.Choke(!on) }},
	})
	n.mu.Lock()
	n.conns = append(n.conns, c)
	n.mu.Unlock()
	n.s.running.Go(func() { c.Run(n.s.ctx) })
}

// wantDone waits until the nodes have everything, and checks how long it took.
func (s *swarm) wantDone(within time.Duration, nodes ...*node) {
	s.Helper()
	start := time.Now()
	for _, n := range nodes {
		for !n.m.Done() {
			if time.Since(start) > 2*within {
				for _, c := range n.conns {
					s.Logf("%v: %+v", c.Addr(), c.Stats())
				}
				s.Fatalf("not done after %v: %d of %d pieces", time.Since(start), n.m.HaveCount(), s.layout.Pieces())
			}
			time.Sleep(10 * time.Millisecond)
		}
		if string(n.store.data) != string(s.data) {
			s.Error("wrong bytes")
		}
	}
	if took := time.Since(start); took > within {
		s.Errorf("took %v, want at most %v", took, within)
	}
	s.Logf("done in %v", time.Since(start))
}

func all(int) bool  { return true }
func none(int) bool { return false }

// One downloader uses all of its seeds' bandwidth.
func TestSwarmManySeeds(t *testing.T) {
	swarming(t, 32, func(s *swarm) {
		leech := s.node(simnet.HostOptions{Latency: 20 * time.Millisecond}, none)
		for i := range 8 { // 0.25, 0.5, ... 2 MB/s, 9 MB/s in all: 3.7 s at best
			seed := s.node(simnet.HostOptions{Up: int64(i+1) * 250_000, Latency: time.Duration(i*10) * time.Millisecond}, all)
			s.connect(leech, seed)
		}
		s.wantDone(5*time.Second, leech)
	})
}

// One far seed with much bandwidth: the pipeline must cover the distance.
func TestSwarmFarSeed(t *testing.T) {
	swarming(t, 64, func(s *swarm) {
		leech := s.node(simnet.HostOptions{Latency: 75 * time.Millisecond, Window: 16 << 20}, none)
		seed := s.node(simnet.HostOptions{Up: 20_000_000, Latency: 75 * time.Millisecond, Window: 16 << 20}, all)
		s.connect(leech, seed) // 3.4 s at best, and the first round trips
		s.wantDone(6*time.Second, leech)
	})
}

// Two halves make a whole, at both ends.
func TestSwarmExchange(t *testing.T) {
	swarming(t, 16, func(s *swarm) {
		o := simnet.HostOptions{Up: 1_000_000, Latency: 10 * time.Millisecond}
		even := s.node(o, func(i int) bool { return i%2 == 0 })
		odd := s.node(o, func(i int) bool { return i%2 == 1 })
		s.connect(even, odd) // 8.4 s at best
		s.wantDone(10*time.Second, even, odd)
	})
}

// An upload limit does not cut the download of the same connection: requests
// and control messages go out while payload waits.
func TestSwarmUploadLimitSparesDownload(t *testing.T) {
	swarming(t, 8, func(s *swarm) {
		o := simnet.HostOptions{Up: 1_000_000, Latency: 10 * time.Millisecond}
		even := s.node(o, func(i int) bool { return i%2 == 0 })
		odd := s.node(o, func(i int) bool { return i%2 == 1 })
		even.up = rate.NewLimiter(2_000, 16<<10)
		s.connect(even, odd)
		s.wantDone(6*time.Second, even) // 4.2 s at best
		if up := even.conns[0].Stats().Uploaded; up == 0 || up > 16<<10+6*2_000 {
			t.Errorf("%d bytes uploaded", up)
		}
	})
}

// Have messages spread what one seed gives: it need not give it ten times.
func TestSwarmSpreads(t *testing.T) {
	swarming(t, 8, func(s *swarm) {
		o := simnet.HostOptions{Up: 1_000_000, Latency: 5 * time.Millisecond}
		seed := s.node(o, all)
		for range 6 {
			n := s.node(o, none)
			for _, other := range s.nodes[:len(s.nodes)-1] {
				s.connect(n, other)
			}
		}
		s.wantDone(30*time.Second, s.nodes...)
		var up int64
		for _, c := range seed.conns {
			up += c.Stats().Uploaded
		}
		s.Logf("the seed gave %.1f copies", float64(up)/float64(s.layout.Total()))
	})
}

// A seed that falls silent costs its share of time and no more.
func TestSwarmSilentSeed(t *testing.T) {
	swarming(t, 16, func(s *swarm) {
		leech := s.node(simnet.HostOptions{}, none)
		var seeds []*node
		for range 3 {
			seed := s.node(simnet.HostOptions{Up: 500_000, Latency: 10 * time.Millisecond}, all)
			seeds = append(seeds, seed)
			s.connect(leech, seed)
		}
		time.Sleep(3 * time.Second)
		seeds[0].host.SetDown(true)
		s.wantDone(25*time.Second, leech) // two thirds of the bandwidth: 15 s, and blocks taken over
	})
}

// A slow peer does not hold up a fast one, whoever comes first.
func TestSwarmSlowAndFast(t *testing.T) {
	for _, rates := range [][2]int64{{20_000, 5_000_000}, {5_000_000, 20_000}} {
		t.Run(fmt.Sprint(rates), func(t *testing.T) {
			swarming(t, 16, func(s *swarm) {
				leech := s.node(simnet.HostOptions{}, none)
				for _, r := range rates {
					s.connect(leech, s.node(simnet.HostOptions{Up: r, Latency: 30 * time.Millisecond}, all))
				}
				s.wantDone(5*time.Second, leech) // the slow one must not hold up the end
			})
		})
	}
}

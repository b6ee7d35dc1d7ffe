package dht

import (
	"math"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

// The ways of a hostile node: it answers every query, so that it stays in
// everybody's table, with nodes that do not exist, with nodes of its own, or
// with peers that are not there.
func hostile(kind int, gang []*host) func(time.Time, *host, []byte, netip.AddrPort) {
	return func(_ time.Time, h *host, packet []byte, from netip.AddrPort) {
		m, ok := parse(packet)
		if !ok || m.kind != 'q' {
			return
		}
		target, ok := idOf(m.body.Get("info_hash"))
		if !ok {
			target, _ = idOf(m.body.Get("target"))
		}
		r := reply{own: h.node.ID(false), tid: m.tid, has4: true, token: []byte("evil")}
		switch w := h.net; kind % 3 {
		case 0: // garbage, close to whatever is looked for; half of it credible
			for i := range 8 {
				addr := w.publicAddr(false)
				id := target
				id[19] ^= byte(w.random.IntN(256))
				if i%2 == 0 {
					id = addressID(addr.Addr(), id)
				}
				r.nodes = append(r.nodes, Contact{id, addr})
			}
		case 1: // its own, as close as their ids are
			nodes := slices.Clone(gang)
			slices.SortFunc(nodes, func(a, b *host) int {
				x, y := a.node.ID(false), b.node.ID(false)
				if closer(&target, &x, &y) {
					return -1
				}
				return 1
			})
			for _, o := range nodes[:8] {
				r.nodes = append(r.nodes, Contact{o.node.ID(false), o.addr})
			}
		case 2: // wrong peers
			for range 100 {
				r.values = append(r.values, w.publicAddr(false))
			}
		}
		h.net.deliver(h.addr, from, r.append(nil))
	}
}

// simulate builds a network and looks for announced seeds in it.
type simulation struct {
	nodes, lookups int
}

type simResult struct {
	found   int
	hops    int             // most of a lookup
	times   []time.Duration // to the end of a lookup
	first   []time.Duration // until the seed was found
	queried int
}

func (s simulation) build(t testing.TB) *network {
	w := newNetwork(t, 7)
	w.grow(s.nodes, false)
	return w
}

// corrupt makes 20% of the nodes dead and 5% hostile.
func (s simulation) corrupt(w *network) {
	hosts := slices.Clone(w.list)
	w.random.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	gang := hosts[s.nodes/5 : s.nodes/5+s.nodes/20]
	for _, h := range hosts[:s.nodes/5] {
		h.dead = true
	}
	for i, h := range gang {
		h.evil = hostile(i, gang)
	}
}

func (w *network) honest() *host {
	for {
		if h := w.list[w.random.IntN(len(w.list))]; !h.dead && h.evil == nil {
			return h
		}
	}
}

// look announces a seed from one node and looks for it from another.
func (w *network) look(res *simResult) {
	var infoHash ID
	for i := range infoHash {
		infoHash[i] = byte(w.random.Uint32())
	}
	seed, seeker := w.honest(), w.honest()
	for seeker == seed {
		seeker = w.honest()
	}
	done := false
	seed.node.GetPeers(w.now, infoHash, PeersOptions{Announce: true, Port: 6881}, nil, func(Result) { done = true })
	w.wait(seed, &done)

	want := netip.AddrPortFrom(seed.addr.Addr(), 6881)
	start, first := w.now, time.Duration(-1)
	var r Result
	done = false
	seeker.node.GetPeers(w.now, infoHash, PeersOptions{}, func(peers []netip.AddrPort) {
		if first < 0 && slices.Contains(peers, want) {
			first = w.now.Sub(start)
		}
	}, func(res Result) { r, done = res, true })
	w.wait(seeker, &done)
	if first >= 0 {
		res.found++
		res.first = append(res.first, first)
	}
	res.hops = max(res.hops, r.Hops)
	res.queried += r.Queried
	res.times = append(res.times, r.Elapsed)
}

func (s simulation) run(t *testing.T) {
	start := time.Now()
	w := s.build(t)
	t.Logf("%d nodes joined with %d packets in %v", s.nodes, w.packets, time.Since(start).Round(time.Millisecond))
	s.checkMemory(t, w)
	s.corrupt(w)
	var res simResult
	for range s.lookups {
		w.look(&res)
	}
	slices.Sort(res.times)
	slices.Sort(res.first)
	if len(res.first) == 0 {
		t.Fatal("no lookup found its seed")
	}
	median := res.times[len(res.times)/2]
	t.Logf("found %d of %d; at most %d hops; time median %v, 95%% %v, max %v; the seed after a median of %v; %d queries a lookup; %v",
		res.found, s.lookups, res.hops, median, res.times[len(res.times)*95/100], res.times[len(res.times)-1],
		res.first[len(res.first)/2], res.queried/s.lookups, time.Since(start).Round(time.Millisecond))
	if res.found != s.lookups {
		t.Errorf("%d of %d lookups did not find the seed", s.lookups-res.found, s.lookups)
	}
	if most := int(math.Log2(float64(s.nodes))) + 3; res.hops > most {
		t.Errorf("a lookup needed %d hops, want at most %d", res.hops, most)
	}
	if median >= 2*time.Second {
		t.Errorf("the median lookup took %v of virtual time, want less than 2s", median)
	}
}

// checkMemory measures what an idle node holds, with its table: all the heap
// there is, shared by the nodes.
func (s simulation) checkMemory(t *testing.T, w *network) {
	var m runtime.MemStats
	w.queue = slices.Clip(w.queue)
	runtime.GC()
	runtime.ReadMemStats(&m)
	each := int(m.HeapAlloc) / len(w.list)
	t.Logf("%d KiB of heap a node; one has %d nodes in its table", each>>10, w.list[0].node.Stats(w.now).Nodes4)
	if each > 300<<10 {
		t.Errorf("a node needs %d KiB, want less than 300", each>>10)
	}
}

func TestSimulation(t *testing.T) {
	s := simulation{nodes: 1000, lookups: 20}
	if os.Getenv("GOTOR_SIM") == "full" {
		s = simulation{nodes: 10_000, lookups: 200}
	}
	s.run(t)
}

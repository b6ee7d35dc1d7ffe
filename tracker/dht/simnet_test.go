package dht

import (
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// network is a simulated internet: packets and timers in one queue, in the
// order of their virtual times. There are no goroutines in it.
type network struct {
	t       testing.TB
	now     time.Time
	latency time.Duration // one way
	random  *rand.Rand
	queue   eventQueue
	seq     int
	hosts   map[netip.AddrPort]*host
	list    []*host
	packets int
	dropped int
	names   map[netip.AddrPort]ID // ids that hostile hosts were given out with
}

type host struct {
	net     *network
	addr    netip.AddrPort
	node    *Node
	dead    bool
	evil    func(now time.Time, h *host, packet []byte, from netip.AddrPort) // instead of the node
	timer   time.Time                                                        // of the next Tick
	longest int
}

type event struct {
	at     time.Time
	seq    int
	to     *host
	packet []byte // nil: a timer
	from   netip.AddrPort
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].seq < q[j].seq
	}
	return q[i].at.Before(q[j].at)
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return e
}

func newNetwork(t testing.TB, seed uint64) *network {
	return &network{
		t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), latency: 50 * time.Millisecond,
		random: rand.New(rand.NewPCG(seed, 1)), hosts: make(map[netip.AddrPort]*host),
	}
}

// publicAddr returns an unused address that is neither private nor special.
func (w *network) publicAddr(v6 bool) netip.AddrPort {
	for {
		var ip netip.Addr
		if v6 {
			var a [16]byte
			binary.BigEndian.PutUint64(a[:], 0x2000_0000_0000_0000|w.random.Uint64()>>3)
			binary.BigEndian.PutUint64(a[8:], w.random.Uint64())
			ip = netip.AddrFrom16(a)
		} else {
			a := w.random.Uint32()
			ip = netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
		}
		addr := netip.AddrPortFrom(ip, uint16(1024+w.random.IntN(60000)))
		if usable(addr, ip) && !isLocal(ip) && w.hosts[addr] == nil {
			return addr
		}
	}
}

// add starts a node at an address.
func (w *network) add(addr netip.AddrPort, cfg Config) *host {
	h := &host{net: w, addr: addr}
	cfg.IPv4, cfg.IPv6 = addr.Addr().Is4(), addr.Addr().Is6()
	cfg.Rand = rand.NewPCG(w.random.Uint64(), w.random.Uint64())
	cfg.Send = h.send
	h.node = New(cfg)
	w.hosts[addr] = h
	w.list = append(w.list, h)
	h.tick()
	return h
}

func (h *host) send(packet []byte, to netip.AddrPort) {
	h.longest = max(h.longest, len(packet))
	h.net.deliver(h.addr, to, packet)
}

// deliver puts a copy of a packet on its way.
func (w *network) deliver(from, to netip.AddrPort, packet []byte) {
	w.packets++
	h := w.hosts[to]
	if h == nil || h.dead {
		w.dropped++
		return
	}
	w.push(event{at: w.now.Add(w.latency), to: h, packet: slices.Clone(packet), from: from})
}

func (w *network) push(e event) {
	w.seq++
	e.seq = w.seq
	heap.Push(&w.queue, e)
}

// tick runs the node's timers and plans the next event for them.
func (h *host) tick() {
	if h.evil != nil || h.dead {
		return
	}
	next := h.node.Tick(h.net.now)
	if next.IsZero() || !h.timer.IsZero() && !h.timer.After(next) && h.timer.After(h.net.now) {
		return // an earlier one is planned: it will look again
	}
	h.timer = next
	if next.Before(h.net.now) {
		h.net.t.Fatalf("the next tick of %v is in the past", h.addr)
	}
	h.net.push(event{at: next, to: h})
}

// run handles events until the time, or until stop says so.
func (w *network) run(d time.Duration, stop func() bool) {
	end := w.now.Add(d)
	for len(w.queue) > 0 && !w.queue[0].at.After(end) && (stop == nil || !stop()) {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		switch h := e.to; {
		case h.dead:
		case e.packet == nil:
			h.tick()
		case h.evil != nil:
			h.evil(w.now, h, e.packet, e.from)
		default:
			h.node.Receive(w.now, e.packet, e.from)
			h.tick()
		}
	}
	if stop == nil {
		w.now = end
	}
}

// grow adds nodes that join through one that is there, some at a time.
func (w *network) grow(count int, v6 bool) {
	for i := range count {
		addr := w.publicAddr(v6)
		h := w.add(addr, Config{External: []netip.Addr{addr.Addr()}})
		if len(w.list) > 1 {
			h.node.Bootstrap(w.now, []netip.AddrPort{w.list[w.random.IntN(len(w.list)-1)].addr})
		}
		h.tick()
		if i%20 == 0 || i < 50 {
			w.run(500*time.Millisecond, nil)
		}
	}
	w.run(10*time.Second, nil)
}

// wait runs the network until a callback has set done.
func (w *network) wait(h *host, done *bool) {
	w.t.Helper()
	h.tick()
	w.run(time.Minute, func() bool { return *done })
	if !*done {
		w.t.Fatal("the lookup has not ended within a minute")
	}
}

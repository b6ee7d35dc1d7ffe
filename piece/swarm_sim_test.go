package piece

import (
	"cmp"
	"container/heap"
	"crypto/sha1"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// simSwarm is a whole swarm in virtual time: a Manager for each leecher, and
// between any two members a connection with choke, interest, have, request,
// cancel and piece messages. The uplink of a member sends one block after the
// other, taking turns among those it owes some, as TCP streams share a link;
// downlinks are not limited. Control messages take the delay only.
type simSwarm struct {
	t       testing.TB
	cfg     simConfig
	rng     *rand.Rand
	layout  *Layout
	now     time.Duration
	events  simEvents
	seq     int
	nodes   []*simNode
	workers *Workers
	worker  *worker
	buf     []byte
	left    int // leechers that want more

	double int64 // bytes that a seed sent of pieces that the receiver's other neighbours had
}

// simConfig says what a swarm is like.
type simConfig struct {
	total, piece int64
	seeds        []float64 // uplinks, bytes per second
	leechers     []float64
	riders       int           // that many of the leechers give nothing
	plain        int           // that many of the leechers do not know whom they talk to
	degree       int           // connections of each leecher, 0: to all
	slots        int           // upload slots of each member
	delay        time.Duration // one way
	haveDelay    time.Duration // how long a have message waits for others
	jitter       time.Duration // how late have messages are on average
	unfair       bool          // some streams get three times the share of others
	seed         uint64
}

type simEvent struct {
	at  time.Duration
	seq int
	do  func()
}

type simEvents []simEvent

func (q simEvents) Len() int      { return len(q) }
func (q simEvents) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *simEvents) Push(x any)   { *q = append(*q, x.(simEvent)) }
func (q simEvents) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}

func (q *simEvents) Pop() any {
	x := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return x
}

func (s *simSwarm) after(d time.Duration, do func()) {
	s.seq++
	heap.Push(&s.events, simEvent{s.now + d, s.seq, do})
}

// simNode is one member.
type simNode struct {
	s     *simSwarm
	id    int
	m     *Manager // nil for a seed
	up    float64
	rider bool
	ends  []*simEnd
	ring  []*simEnd // ends that are owed blocks, next first
	busy  bool
	sent  int64
	done  time.Duration
	haves []uint32
}

// simEnd is one side of a connection.
type simEnd struct {
	node  *simNode
	far   *simEnd
	p     *Peer // far.node in node's manager
	wants bool  // far is interested in what node has
	open  bool  // node does not choke far
	since time.Duration

	queue []Block // what far asked for
	rung  bool    // in node.ring

	// The pipeline of requests to far.
	allowed     bool // far does not choke node
	dry, waking bool
	asked       int
	rate        float64
	got         int64 // bytes since mark
	mark        time.Duration
	round       int64 // bytes in this choke round
}

// flat is a hash.Hash that takes no time.
type flat struct{}

func (flat) Write(p []byte) (int, error) { return len(p), nil }
func (flat) Sum(b []byte) []byte         { return append(b, make([]byte, sha1.Size)...) }
func (flat) Reset()                      {}
func (flat) Size() int                   { return sha1.Size }
func (flat) BlockSize() int              { return sha1.BlockSize }

func newSimSwarm(t testing.TB, c simConfig) *simSwarm {
	l, err := NewLayout(c.total, c.piece)
	if err != nil {
		t.Fatal(err)
	}
	s := &simSwarm{
		t: t, cfg: c, layout: l, rng: rand.New(rand.NewPCG(c.seed, 77)),
		workers: &Workers{}, worker: &worker{hasher: hasher{kept: [digestKinds]hash.Hash{digestSHA1: flat{}}}}, buf: make([]byte, BlockSize),
	}
	s.workers.wake.L = &s.workers.mu
	for _, up := range c.seeds {
		s.add(up, true)
	}
	for k, up := range c.leechers {
		n := s.add(up, false)
		n.rider = k < c.riders
	}
	s.connect()
	return s
}

// add makes a member.
func (s *simSwarm) add(up float64, seed bool) *simNode {
	n := &simNode{s: s, id: len(s.nodes), up: up}
	s.nodes = append(s.nodes, n)
	if seed {
		return n
	}
	s.left++
	c := Config{
		Layout: s.layout, Store: zeros{}, Pool: NewPool(64 << 20), Workers: s.workers,
		Rand:   rand.New(rand.NewPCG(s.rng.Uint64(), 3)),
		Digest: func(int) Digest { return SHA1([20]byte{}) },
		OnPiece: func(r Result) {
			if !r.OK {
				s.t.Fatal("bad piece")
			}
			n.have(uint32(r.Piece))
		},
	}
	n.m = NewManager(c)
	n.refillPool()
	return n
}

// refillPool keeps slabs on the free list that share one memory: nobody looks
// at the bytes.
func (n *simNode) refillPool() {
	for l := n.m.pool; l.nfree < 256; l.nfree++ {
		l.list = &Slab{buf: n.s.buf, next: l.list}
	}
}

// connect joins the leechers with every seed and with each other.
func (s *simSwarm) connect() {
	first := len(s.cfg.seeds)
	for k, a := range s.nodes {
		for j := 0; j < k; j++ {
			b := s.nodes[j]
			far := s.cfg.degree > 0 && j >= first && s.rng.Float64() > float64(s.cfg.degree)/float64(len(s.cfg.leechers)-1)
			if a.m != nil && !far {
				s.join(a, b)
			}
		}
	}
}

func (s *simSwarm) join(a, b *simNode) {
	x, y := &simEnd{node: a}, &simEnd{node: b}
	x.far, y.far = y, x
	for _, e := range []*simEnd{x, y} {
		e.node.ends = append(e.node.ends, e)
		if e.node.m != nil {
			addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(e.far.node.id >> 8), byte(e.far.node.id)}), 1)
			e.p = e.node.m.Join(addr, Hooks{Wake: e.wake, Cancel: e.cancel, Interest: e.interest})
			s.identify(e)
		}
	}
	for _, e := range []*simEnd{x, y} {
		if e.node.m != nil && e.far.node.m == nil {
			e.node.m.SetHaveAll(e.p)
		}
	}
}

func (e *simEnd) wake() {
	if !e.waking {
		e.waking = true
		e.node.s.after(0, func() { e.waking = false; e.dry = false; e.ask() })
	}
}

// interest is heard by the far end.
func (e *simEnd) interest(on bool) {
	s := e.node.s
	s.after(s.cfg.delay, func() {
		e.far.wants = on
		e.far.since = s.now
		if !on {
			e.far.choke()
		}
		e.far.node.fill()
	})
}

// choke closes e for its far end.
func (e *simEnd) choke() {
	if !e.open {
		return
	}
	e.open = false
	e.since = e.node.s.now
	e.queue = e.queue[:0]
	s := e.node.s
	s.after(s.cfg.delay, func() {
		f := e.far
		f.allowed = false
		f.asked = 0
		if f.node.m != nil {
			f.node.m.Choked(f.p, false)
		}
	})
}

func (e *simEnd) unchoke() {
	if e.open || e.node.rider {
		return
	}
	e.open = true
	s := e.node.s
	s.after(s.cfg.delay, func() {
		f := e.far
		f.allowed, f.dry = true, false
		f.rate, f.got, f.mark = 0, 0, s.now
		if f.node.m != nil {
			f.node.m.Unchoked(f.p)
			f.wake()
		}
	})
}

// fill gives free slots at once, to whoever waits longest.
func (n *simNode) fill() {
	open := 0
	var waiting []*simEnd
	for _, e := range n.ends {
		if e.open {
			open++
		} else if e.wants {
			waiting = append(waiting, e)
		}
	}
	n.s.rng.Shuffle(len(waiting), func(a, b int) { waiting[a], waiting[b] = waiting[b], waiting[a] })
	slices.SortStableFunc(waiting, func(a, b *simEnd) int { return cmp.Compare(a.since, b.since) })
	for _, e := range waiting {
		if open >= n.s.cfg.slots {
			break
		}
		e.unchoke()
		open++
	}
}

// rechoke is the round of ten seconds: the best givers stay, one slot is for
// whoever waits longest. A seed gives every slot in turn.
func (n *simNode) rechoke() {
	var all []*simEnd
	for _, e := range n.ends {
		if e.wants {
			all = append(all, e)
		}
	}
	keep := n.s.cfg.slots - 1
	n.s.rng.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	if n.m != nil && !n.m.Done() {
		slices.SortStableFunc(all, func(a, b *simEnd) int { return cmp.Compare(b.round, a.round) })
	} else {
		keep = n.s.cfg.slots / 2
		slices.SortStableFunc(all, func(a, b *simEnd) int { // those that have it longest go
			if a.open != b.open {
				return cmp.Compare(btoi(b.open), btoi(a.open))
			}
			return cmp.Compare(b.since, a.since)
		})
	}
	for k, e := range all {
		if k >= keep {
			e.choke()
		} else {
			e.unchoke()
		}
	}
	for _, e := range n.ends {
		e.round = 0
	}
	n.fill()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// depth is how many blocks the connection keeps outstanding: two seconds of
// work, 64 as long as nothing is known.
func (e *simEnd) depth() int {
	if d := e.node.s.now - e.mark; d > 500*time.Millisecond && e.got > 0 {
		r := float64(e.got) / d.Seconds()
		if e.rate == 0 || r > e.rate {
			e.rate = r
		} else {
			e.rate += (r - e.rate) * min(1, d.Seconds()/3)
		}
		e.got, e.mark = 0, e.node.s.now
	}
	if e.rate == 0 {
		return 64
	}
	return min(2+int(e.rate*2/BlockSize), 250)
}

// ask fills the pipeline.
func (e *simEnd) ask() {
	if !e.allowed || e.node.m == nil {
		return
	}
	s := e.node.s
	left := e.node.m.Outstanding(e.p)
	if left == 0 {
		e.got, e.mark = 0, s.now
	}
	d := e.depth()
	if e.dry && left > 0 || left > d/2 {
		return
	}
	want := d - left
	got := e.node.m.Pick(e.p, nil, want, s.clock())
	e.dry = len(got) < want
	if len(got) > 0 {
		s.after(s.cfg.delay, func() {
			if f := e.far; f.open {
				f.queue = append(f.queue, got...)
				f.ring()
			}
		})
	}
}

func (s *simSwarm) clock() time.Time { return time.Unix(1000, 0).Add(s.now) }

// cancel takes a request back, unless it is on its way through the kernel.
func (e *simEnd) cancel(b Block) {
	s := e.node.s
	s.after(s.cfg.delay, func() {
		const kernel = 2
		q := e.far.queue
		for k := min(kernel, len(q)); k < len(q); k++ {
			if q[k] == b {
				e.far.queue = append(q[:k], q[k+1:]...)
				return
			}
		}
	})
	e.wake()
}

// ring puts e among those that node's uplink serves.
func (e *simEnd) ring() {
	if !e.rung && len(e.queue) > 0 {
		e.rung = true
		e.node.ring = append(e.node.ring, e)
	}
	e.node.serve()
}

// serve sends the next block.
func (n *simNode) serve() {
	if n.busy {
		return
	}
	for len(n.ring) > 0 {
		e := n.ring[0]
		n.ring = n.ring[:copy(n.ring, n.ring[1:])]
		e.rung = false
		if len(e.queue) == 0 {
			continue
		}
		b := e.queue[0]
		e.queue = e.queue[:copy(e.queue, e.queue[1:])]
		n.busy = true
		n.sent += int64(b.Len())
		n.s.after(time.Duration(float64(b.Len())/n.up*1e9), func() {
			n.busy = false
			n.s.after(n.s.cfg.delay, func() { e.far.receive(b) })
			if n.s.cfg.unfair && !e.rung && len(e.queue) > 0 && n.s.rng.IntN(3) < (e.far.node.id+n.id)%3 {
				e.rung = true
				n.ring = slices.Insert(n.ring, 0, e)
			}
			e.ring()
			n.serve()
		})
		return
	}
}

// receive takes a block from the far end.
func (e *simEnd) receive(b Block) {
	m, s := e.node.m, e.node.s
	e.got += int64(b.Len())
	e.round += int64(b.Len())
	if e.far.node.m == nil && m.ledger.wants.order.avail[b.index] > 0 {
		s.double += int64(b.Len())
	}
	sl, err := m.Claim(e.p, b.index, b.begin, b.length)
	if err == nil {
		m.Commit(e.p, sl, s.clock())
		for s.workers.next < len(s.workers.queue) {
			j, _ := s.workers.pop()
			s.worker.do(j)
		}
	} else if !errors.Is(err, ErrUnwanted) {
		s.t.Fatal(err)
	}
	e.ask()
}

// have tells everybody, a tenth of a second later.
func (n *simNode) have(i uint32) {
	if n.haves = append(n.haves, i); len(n.haves) == 1 {
		n.s.after(n.s.cfg.haveDelay+n.s.cfg.delay, n.flush)
	}
	if n.m.Done() && n.done == 0 {
		n.done = n.s.now
		n.s.left--
	}
}

func (n *simNode) flush() {
	news := slices.Clone(n.haves)
	n.haves = n.haves[:0]
	for _, e := range n.ends {
		f := e.far
		if f.node.m == nil {
			continue
		}
		tell := func() {
			for _, i := range news {
				if err := f.node.m.SetHave(f.p, i); err != nil {
					n.s.t.Fatal(err)
				}
			}
		}
		if late := n.s.cfg.jitter; late > 0 {
			n.s.after(time.Duration(n.s.rng.ExpFloat64()*float64(late)), tell)
		} else {
			tell()
		}
	}
}

// every does something again and again.
func (s *simSwarm) every(first, d time.Duration, do func()) {
	s.after(first, func() { do(); s.every(d, d, do) })
}

// run goes on until every leecher has everything.
func (s *simSwarm) run(limit time.Duration) {
	for _, n := range s.nodes {
		at := time.Duration(s.rng.Int64N(int64(10 * time.Second)))
		s.every(at, 10*time.Second, n.rechoke)
		if n.m != nil {
			s.every(at%time.Second, time.Second, func() { n.m.Tick(s.clock()); n.refillPool() })
		}
	}
	for s.left > 0 {
		if s.now > limit {
			s.t.Fatalf("after %v %d leechers are not done", s.now, s.left)
		}
		e := heap.Pop(&s.events).(simEvent)
		s.now = e.at
		e.do()
	}
}

// bound is the least time in which the last leecher can be done.
func (s *simSwarm) bound() float64 {
	f, n := float64(s.cfg.total), float64(len(s.cfg.leechers))
	seeds, all := 0.0, 0.0
	for _, u := range s.cfg.seeds {
		seeds += u
	}
	for k, u := range s.cfg.leechers {
		if k >= s.cfg.riders {
			all += u
		}
	}
	return max(f/seeds, n*f/(seeds+all))
}

// report is what became of a swarm.
type simReport struct {
	last, median, ratio float64 // seconds, and times the bound
	copies              float64 // that the seeds sent
	double              float64 // what of it others had, in copies
	wasted              float64 // of all bytes received
}

func (s *simSwarm) report() simReport {
	var done []time.Duration
	r := simReport{double: float64(s.double) / float64(s.cfg.total)}
	for _, n := range s.nodes {
		if n.m == nil {
			r.copies += float64(n.sent) / float64(s.cfg.total)
			continue
		}
		done = append(done, n.done)
		r.wasted += float64(n.m.Stats().Wasted) / float64(s.cfg.total) / float64(len(s.cfg.leechers))
	}
	slices.Sort(done)
	r.last, r.median = done[len(done)-1].Seconds(), done[len(done)/2].Seconds()
	r.ratio = r.last / s.bound()
	return r
}

func (r simReport) String() string {
	return fmt.Sprintf("last %.1f s (%.3f), median %.1f s, seeds sent %.3f (%.3f that others had), wasted %.2f%%",
		r.last, r.ratio, r.median, r.copies, r.double, 100*r.wasted)
}

func uplinks(n int, mbit float64) []float64 {
	u := make([]float64, n)
	for k := range u {
		u[k] = mbit * 1e6 / 8
	}
	return u
}

// identify tells who the far end is, unless it is one that does not say.
func (s *simSwarm) identify(e *simEnd) {
	if far := e.far.node; far.m != nil && !s.isPlain(far) && !s.isPlain(e.node) {
		e.node.m.Identify(e.p, e.node.peerID(), far.peerID())
	}
}

func (n *simNode) peerID() (id [20]byte) {
	copy(id[:], fmt.Sprintf("-GO0000-%d.%d", n.s.cfg.seed, n.id))
	return id
}

func (s *simSwarm) isPlain(n *simNode) bool {
	return n.id >= len(s.cfg.seeds)+len(s.cfg.leechers)-s.cfg.plain
}

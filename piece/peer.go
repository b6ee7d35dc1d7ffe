package piece

import (
	"net/netip"
	"slices"
)

// Hooks are how the manager calls a peer back. Each may be nil. They are called
// from any goroutine with no lock held, also from inside a call of the peer's
// own, and at times shortly after Leave; they must not block.
type Hooks struct {
	// Wake says that a Pick that came away with too little may now do better.
	Wake func()
	// Cancel says that a block asked of the peer is no longer needed, because
	// another copy came first or nobody wants the piece any more. The request
	// no longer counts as outstanding; a late answer is known as such.
	Cancel func(Block)
	// Interest tells when the peer begins or ceases to have pieces we want.
	// Calls for one peer come one after the other and the last one is true.
	Interest func(bool)
	// Lost says that n requests are not counted on any more, because the peer has
	// answered younger ones. An answer is still welcome. It seems to queue no more
	// than room, 0 if that is not the reason.
	Lost func(n, room int)
}

// Peer is the manager's record of one connection: what the remote has, what it
// was asked for, how fast it answers. Make one with Join, end it with Leave.
type Peer struct {
	// Immutable.
	m     *Manager
	addr  netip.AddrPort
	hooks Hooks

	waiter // guarded by Pool.mu

	// The rest is guarded by Manager.mu.
	slot    int // place in ledger.peers
	left    bool
	choked  bool
	snubbed bool
	idle    bool // the last Pick found too few blocks
	capped  bool // the last Pick was cut to fairDepth

	key    uint64 // see Identify
	fed    int64  // ledger.clock when it last showed a piece nobody else had
	fellow bool   // among ledger.fellows

	seed   bool
	lost   bool   // was a seed once; counted in the buckets from then on
	bits   Bitset // nil: none, or a seed
	count  int    // members of bits
	wanted int    // members that we want and miss; not kept for seeds

	told    bool // what Hooks.Interest said last
	telling bool // a goroutine is in it

	first, last int32  // requests, oldest first
	pending     int    // how many
	late        int    // how many of them are reqLate
	asked       int    // live after the last Pick
	seq         uint32 // of the next request
	overtaken   int    // answers to younger requests than the oldest
	young       uint32 // the oldest of those
	deep        int    // the most that it owed when one of those was asked
	lostTo      uint32 // older requests are not counted on any more
	unreliable  bool   // see Unreliable
	expect      []uint64

	cur    *active // the piece it goes on with
	curGen uint32

	fast      []uint32 // BEP 6 allowed fast
	suggested []uint32 // BEP 6 suggest
	advised   bool     // it has given us a piece that it suggested
	avoid     []uint32 // pieces it rejected while it had us unchoked
	avoidAt   int64

	cache  []uint32 // pieces it has that may be startable, see refill
	cursor uint32   // where the next refill begins
	dry    uint32   // wants.supply when it had nothing startable

	gave    *active // cached active.giverOf
	gaveGen uint32
	gaveAs  uint16

	web *web // nil: not a server, see run.go

	meter meter
	trip  int64 // from a request to its block with nothing else asked for, nanoseconds
	empty int64 // when such a request went out, -1: it is answered
}

// Join adds a connection. It has no pieces and chokes us until told otherwise.
// addr is what Result.Guilty will name. A manager takes 65,535 peers.
func (m *Manager) Join(addr netip.AddrPort, h Hooks) *Peer {
	p := &Peer{m: m, addr: addr, hooks: h, choked: true, first: noReq, last: noReq}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ledger.join(p)
	return p
}

// Leave ends the connection: its requests go to others and its pieces no longer
// count. A slab that its reader still holds is to be committed or aborted as
// usual. Further calls with p do nothing.
func (m *Manager) Leave(p *Peer) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left {
		m.leave(p, &after)
	}
}

// leave is Leave under the lock.
func (m *Manager) leave(p *Peer, after *after) {
	m.ledger.leave(p, after)
	m.pool.quit(p, after)
}

// join adds a peer.
func (l *ledger) join(p *Peer) {
	p.slot = len(l.peers)
	l.peers = append(l.peers, p)
}

// leave takes it out with all that it has and was asked for.
func (l *ledger) leave(p *Peer, after *after) {
	p.left, p.capped = true, false
	if !p.choked {
		l.unchoked--
	}
	l.leaveWebs(p)
	l.disown(p, after)
	l.forgetBits(p)
	l.fellows.drop(p)
	l.setIdle(p, false)
	l.rates -= p.meter.rate
	p.meter.rate = 0
	end := len(l.peers) - 1
	last := l.peers[end]
	l.peers[p.slot], last.slot = last, p.slot
	l.peers[end] = nil
	l.peers = l.peers[:end]
	p.expect, p.cache, p.fast, p.suggested, p.avoid = nil, nil, nil, nil, nil
}

// disown gives back everything p was asked for.
func (l *ledger) disown(p *Peer, after *after) {
	p.leaveCurrent()
	for p.first != noReq {
		l.giveBack(p.first, after)
	}
}

// leaveCurrent ends p's claim to go on with its piece.
func (p *Peer) leaveCurrent() {
	if p.cur != nil && p.cur.gen == p.curGen {
		p.cur.workers--
	}
	p.cur = nil
}

// has reports whether the remote has piece i.
func (p *Peer) has(i uint32) bool {
	if p.seed {
		return p.web == nil || p.web.lacks == nil || !p.web.lacks.Has(i)
	}
	return p.bits != nil && p.bits.Has(i)
}

// may reports whether p has piece i and did not just reject it.
func (p *Peer) may(i uint32) bool {
	return p.has(i) && (len(p.avoid) == 0 || !slices.Contains(p.avoid, i))
}

// tell brings Hooks.Interest up to date. One goroutine at a time is in the
// hook; whoever comes meanwhile leaves the news to it.
func (p *Peer) tell() {
	m := p.m
	m.mu.Lock()
	for !p.telling && !p.left && p.told != m.ledger.interesting(p) {
		p.told = !p.told
		p.telling = true
		now := p.told
		m.mu.Unlock()
		if p.hooks.Interest != nil {
			p.hooks.Interest(now)
		}
		m.mu.Lock()
		p.telling = false
	}
	m.mu.Unlock()
}

// Outstanding returns how many requests the peer may still answer. Those that are
// cancelled or lost are not counted.
func (m *Manager) Outstanding(p *Peer) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !p.snubbed {
		return p.live()
	}
	return p.pending
}

// roundTrip follows a block: the first one after nothing was asked for tells how
// far away p is. All others stood in line.
func (p *Peer) roundTrip(now int64) {
	if p.empty < 0 {
		return
	}
	d := now - p.empty
	p.empty = -1
	if p.trip == 0 || d < p.trip {
		p.trip = d
	} else {
		p.trip += (d - p.trip) / 8
	}
}

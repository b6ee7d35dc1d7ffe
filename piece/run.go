package piece

import (
	"math"
	"net/netip"
	"slices"
	"time"
)

// This file is for peers that are servers: they have everything, answer in
// order, and are best asked for a long stretch at a time (a web seed, BEP 19).
//
// Such a peer reserves a run of pieces that lie side by side, and Next hands
// out its blocks as the bytes come. The pieces of a run that are not begun are
// on nobody else's list. A peer that finds nothing else takes them from the
// end of the run, so that both meet in the middle.
//
// Alone, a server is asked from a random place on, for four times as much as
// before each time; beside seeds for some seconds of work. Beside leechers it is
// asked for a MiB at a time of what none of them has, shared out as in fellows.go,
// and for nothing while they have all that is missing and give it faster.

const (
	// firstRun is how long the first run is, in bytes, and runGrowth how much
	// longer than all before the next one may be: who else there is becomes known
	// on the way.
	firstRun  = 1 << 20
	runGrowth = 4
	// manyServers is the least that one of several servers is asked for.
	manyServers = 4 << 20
	// groupBytes is about how much leechers that know each other leave to one
	// of them at a time: long enough for a request of its own, short enough to
	// be passed on soon.
	groupBytes = 1 << 20
	// sharedWork is how many seconds of work a run is while other peers serve us.
	sharedWork = 4
	// maxRun bounds the pieces of a run, which are taken off the list one by one.
	maxRun = 4096
	// recent is for how long leechers count on each other after a block.
	recent = int64(1500e6)
)

// run is what a peer has reserved. Guarded by Manager.mu.
type run struct {
	cur   *active // the piece that blocks are taken from; nil: none
	gen   uint32
	block uint32 // the next one of it

	next, end uint32 // reserved pieces, not begun
	bytes     int64  // handed out so far
	fresh     bool   // of pieces that no leecher has
	reading   uint32 // readHeads.moved, if it is for a reader; 0: it is not
	alone     bool   // nobody else was there when it was chosen
}

// web is what the manager keeps of a peer that is a server.
type web struct {
	run   run
	lacks Bitset // pieces that it cannot give; nil: none
	at    uint32 // where its last run ended
	begun bool   // it has had a run
	bytes int64  // handed out in all runs
}

// runs chooses what servers are asked for, like picker.
type runs struct {
	l  *ledger
	pk *picker
}

// Stretch says what Reserve may choose.
type Stretch struct {
	From, To int64 // offsets in the torrent; To 0: the end
	InOrder  bool  // the first pieces in there, wherever peers are
	Most     int   // pieces; 0: as many as fit
}

// JoinWeb is Join for a server that has every piece and never chokes.
func (m *Manager) JoinWeb(addr netip.AddrPort, h Hooks) *Peer {
	p := m.Join(addr, h)
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	p.web = new(web)
	m.ledger.webs = append(m.ledger.webs, p)
	p.choked = false
	m.ledger.unchoked++
	m.ledger.setBits(p, nil, m.ledger.wants.n)
	m.ledger.gained(p, &after)
	return p
}

// Lacks says that a server does not have the bytes from off to end, so that the
// pieces there are not asked of it. Call it outside of a run.
func (m *Manager) Lacks(p *Peer, off, end int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.web.lacks == nil {
		p.web.lacks = NewBitset(m.ledger.wants.n)
	}
	gone := m.layout.Span(off, end-off)
	for i := gone.First; i < gone.End; i++ {
		p.web.lacks.Set(uint32(i))
	}
}

// Alone reports whether no other peer is there to give us what we want. When
// there is one, Hooks.Wake tells when to ask again.
func (m *Manager) Alone(p *Peer) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, q := range m.ledger.peers {
		if q != p && !q.choked && m.ledger.interesting(q) {
			m.ledger.setIdle(p, true)
			return false
		}
	}
	return true
}

// Reserve ends p's run and begins another one. It returns where the run lies;
// n is 0 when there is none. wait tells these cases apart: Hooks.Wake says when
// to come again; or else Pick may know of single blocks worth asking for.
func (m *Manager) Reserve(p *Peer, s Stretch, now time.Time) (off, n int64, wait bool) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	m.ledger.endRun(p)
	m.pool.quit(p, &after)
	if p.left || m.halted() || !m.ledger.interesting(p) {
		m.ledger.setIdle(p, !p.left)
		return 0, 0, true
	}
	t := m.ledger.clock(now)
	if s.To == 0 {
		s.To = m.layout.End()
	}
	wait = m.runs.reserve(p, s, m.pool.share(), t)
	r := &p.web.run
	if r.cur == nil && r.next == r.end {
		m.ledger.setIdle(p, true)
		return 0, 0, wait
	}
	m.ledger.setIdle(p, false)
	if r.cur != nil {
		off = m.layout.Offset(int(r.cur.index)) + int64(r.block)*BlockSize
	} else {
		off = m.layout.Offset(int(r.next))
	}
	return off, m.layout.pieceEnd(int(r.end-1)) - off, false
}

// reserve fills p's run: what others left half done, or a new stretch.
func (rs *runs) reserve(p *Peer, s Stretch, share int, now int64) (wait bool) {
	w := p.web
	r := &w.run
	first, limit := uint32(rs.l.layout.Within(s.From, s.To-s.From).First), uint32(rs.l.layout.Span(0, s.To).End)
	if t, ok := rs.readStart(p, s, first, limit, share, now); ok {
		*r = t.run()
		r.reading = rs.l.heads.moved
	} else if a := rs.orphan(p, first, limit, now); a != nil {
		*r = target{a.index, a}.run()
	} else {
		if rs.l.crowds(share) && rs.l.servesBegun(p) {
			return false
		}
		i, fresh, ok, hold := rs.runStart(p, s, first, limit, now)
		if !ok {
			return hold
		}
		*r = run{next: i, end: i, fresh: fresh}
	}
	r.alone = !rs.l.company()
	most := maxRun
	if s.Most > 0 {
		most = s.Most
		if r.cur != nil {
			most--
		}
	}
	rs.extend(p, r, limit, most, now)
	w.at, w.begun = r.end, true
	return false
}

// extend reserves pieces behind the run, most at a time.
func (rs *runs) extend(p *Peer, r *run, limit uint32, most int, now int64) {
	bytes := rs.runLength(p, r, now)
	group := rs.group()
	first := r.end
	for ; most > 0 && r.end < limit && rs.l.wants.startable.Has(r.end) && p.has(r.end); most-- {
		if r.end > first && rs.l.wants.order.prio[r.end] != rs.l.wants.order.prio[first] {
			return
		}
		if r.fresh && (rs.l.wants.order.avail[r.end] > 0 || r.end/group != first/group) || bytes <= 0 || rs.l.wants.inOrder() && !r.alone && int(r.end) >= rs.l.wants.hi {
			return
		}
		bytes -= rs.l.layout.PieceLen(int(r.end))
		rs.l.wants.unlist(r.end, markOut)
		r.end++
	}
}

// runLength is how many bytes a run should have.
func (rs *runs) runLength(p *Peer, r *run, now int64) int64 {
	rate := p.meter.perSecond(now)
	least := int64(1)
	if r.cur != nil {
		least = 0 // it has something already
	}
	switch {
	case r.reading > 0 && rate > 0:
		return max(least, int64(rate*readWork))
	case r.reading > 0:
		return firstRun
	case r.fresh:
		return math.MaxInt64 // the group is the limit
	case rs.l.leechers() > 0:
		return max(least, min(int64(rate), groupBytes))
	case !r.alone:
		return max(manyServers, int64(rate*sharedWork))
	}
	n := max(firstRun, runGrowth*p.web.bytes)
	if len(rs.l.webs) > 1 {
		n = min(n, max(manyServers, rs.l.wants.leftBytes/int64(len(rs.l.webs))/2))
	}
	return n
}

// group is how many pieces leechers leave to one of them together.
func (rs *runs) group() uint32 {
	return uint32(max(1, rs.l.layout.PiecesIn(groupBytes)))
}

// orphan returns a piece that nobody works on any more.
func (rs *runs) orphan(p *Peer, first, limit uint32, now int64) (best *active) {
	for _, a := range rs.l.begun.open {
		if a.workers == 0 && a.index >= first && a.index < limit && rs.l.offers(a, p, now) && (best == nil || rs.l.before(a, best)) {
			best = a
		}
	}
	return best
}

// Next appends at most n blocks of p's run to dst, in the order in which they
// lie; there may be gaps of bytes that others give. When it returns none, over
// tells that the run is at its end; otherwise Hooks.Wake tells when to come
// again. It counts the blocks as outstanding, like Pick.
func (m *Manager) Next(p *Peer, dst []Block, n int, now time.Time) (_ []Block, over bool) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if p.left || m.halted() {
		m.pool.quit(p, &after)
		return dst, true
	}
	t := m.ledger.clock(now)
	if p.pending == 0 {
		p.empty = t
		p.meter.resume(t)
	}
	share := m.pool.share()
	n = min(n, max(1, m.picker.fairDepth(p, share, t)-p.live()))
	a, over := m.runs.runPiece(p, share, t, &after)
	if a == nil {
		m.ledger.setIdle(p, !over)
		m.pool.quit(p, &after)
		return dst, over
	}
	got := m.pool.take(p, n, &after)
	left := got
	for left > 0 && a != nil {
		if dst, left = m.runs.takeRun(p, a, dst, left, t); left > 0 {
			a, _ = m.runs.runPiece(p, share, t, &after)
		}
	}
	want := 0
	if got < n {
		want = n - got
	}
	m.ledger.setIdle(p, false)
	m.pool.settle(p, left, want, &after)
	after.short = want > 0
	p.asked = p.live()
	return dst, false
}

// runPiece returns the piece that the run goes on with. nil: not now, or over.
func (rs *runs) runPiece(p *Peer, share int, now int64, after *after) (a *active, over bool) {
	r := &p.web.run
	if a := r.cur; a != nil && a.gen == r.gen && !a.doomed && !a.done && (!a.parole || a.paroledTo(p, now)) {
		if b, ok := a.free.next(r.block); ok {
			r.block = b
			return a, false
		}
	}
	r.cur = nil
	p.leaveCurrent()
	i := r.next
	switch {
	case i >= r.end, rs.outrun(p, r, i), rs.called(p, r, share, now):
		return nil, true
	case !rs.l.wants.inWindow(i), rs.l.crowds(share) && rs.l.servesBegun(p) && !rs.l.urgent(i):
		rs.l.begun.crowded = rs.l.begun.crowded || rs.l.wants.inWindow(i)
		return nil, rs.orphan(p, 0, uint32(rs.l.wants.n), now) != nil
	case !rs.pk.makeState(int(i), after):
		return nil, true
	}
	r.next++
	rs.l.wants.startable.Set(i)
	rs.l.wants.order.insert(i)
	a = rs.l.activate(i)
	r.cur, r.gen, r.block = a, a.gen, 0
	return a, false
}

// outrun reports whether a run is no longer what should be fetched: leechers
// have got its pieces by now, or have come and should share it.
func (rs *runs) outrun(p *Peer, r *run, i uint32) bool {
	if rs.l.wants.inOrder() {
		return r.alone && rs.l.company()
	}
	if rs.l.leechers() == 0 {
		return false
	}
	return r.alone && r.bytes >= groupBytes || r.fresh && rs.l.wants.order.avail[i] > 0
}

// takeRun takes free blocks of a for p, from where the run is.
func (rs *runs) takeRun(p *Peer, a *active, dst []Block, left int, now int64) ([]Block, int) {
	r := &p.web.run
	if p.cur != a || p.curGen != a.gen {
		p.leaveCurrent()
		p.cur, p.curGen = a, a.gen
		a.workers++
	}
	if a.parole && a.holder != p {
		a.holder, a.progress = p, now
	}
	b, ok := a.free.next(r.block)
	for ; ok && left > 0; b, ok = a.free.next(b + 1) {
		r.block = b + 1
		if p.late > 0 && rs.l.reqs.find(p, a, b) != noReq {
			continue
		}
		rs.l.begun.setTaken(a, b)
		a.blocks[b].live++
		rs.l.reqs.add(p, a, b, now)
		blk := rs.l.layout.unitBlock(int(a.index), b)
		r.bytes += int64(blk.Len())
		p.web.bytes += int64(blk.Len())
		dst = append(dst, blk)
		left--
	}
	return dst, left
}

// Release ends p's run before its end: what it has not given goes to others.
func (m *Manager) Release(p *Peer) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left {
		m.ledger.endRun(p)
		m.ledger.disown(p, &after)
		m.pool.quit(p, &after)
	}
}

// endRun puts the pieces of p's run that are not begun on the list again.
func (l *ledger) endRun(p *Peer) {
	if p.web == nil {
		return
	}
	r := &p.web.run
	l.shorten(r, r.next)
	p.leaveCurrent()
	if a := r.cur; a != nil && a.gen == r.gen {
		l.begun.noteEmpty(a)
	}
	*r = run{}
}

// shorten gives the pieces of a run from i on to everybody.
func (l *ledger) shorten(r *run, i uint32) {
	for ; r.end > i; r.end-- {
		l.relist(r.end - 1)
	}
}

// leaveWebs takes p off the servers.
func (l *ledger) leaveWebs(p *Peer) {
	if p.web != nil {
		l.endRun(p)
		l.webs = slices.DeleteFunc(l.webs, func(q *Peer) bool { return q == p })
	}
}

// forgetRuns ends all reservations; the caller lists every piece anew.
func (l *ledger) forgetRuns() {
	for _, p := range l.webs {
		p.web.run.end = p.web.run.next
	}
}

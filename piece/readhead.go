package piece

// This file is for those who read files while these are downloaded, such as players:
// what is missing where they read, and a little behind that, is asked for before
// everything else. Everything else goes on as if there were none: what is not near a
// head is chosen as always, by peers that can do nothing for a head, too.
//
//   - Of several heads the one is served that has to wait first: what is missing right
//     at one of them comes before what is missing behind another.
//   - As in a stream (head.go), a peer that is much slower than the fastest one is
//     kept away from a head, unless it alone has what is missing there, and what is
//     expected late is asked of one that is much faster as well (rescue).
//   - What is missing right at a head is begun even if memory is short; then blocks
//     of other pieces are spilled, see Pool. So pieces that have come out of order
//     never keep a reader waiting.
//   - Where a head begins, or moves to, nobody is to answer seconds' worth of other
//     requests first: these are taken back.
//   - The runs of servers leave out what is near a head, and begin there.

// readWork is how many seconds of work a server is given at a head: long enough for a
// request of its own, and soon over when another head waits.
const readWork = 1.0

// ReadHead is where somebody reads. The zero value is ready; it is for one Manager,
// whose lock guards it.
type ReadHead struct {
	lo, hi uint32 // the pieces that are wanted soon
	set    bool   // among readHeads

	seen uint32 // the piece that rescue looked at last, plus one
	at   int64  // when
}

// readHeads are those of a torrent.
type readHeads struct {
	list  []*ReadHead
	turn  int    // whose turn it is among equals
	moved uint32 // raised when one of them begins somewhere else
}

// Read has the pieces lo <= i < hi, as far as they are wanted and missing, fetched
// before all others, those in front first. hi-lo is to be small: for each head up to
// maxProbes pieces are looked at whenever somebody is asked.
func (m *Manager) Read(h *ReadHead, lo, hi int) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if elsewhere := m.ledger.read(h, lo, hi); elsewhere {
		m.picker.clearWay(h, &after)
	}
}

// StopReading ends what Read has begun.
func (m *Manager) StopReading(h *ReadHead) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	m.ledger.heads.remove(h)
}

// read is Read under the lock. It reports whether something is missing at a head that
// is new, or somewhere else.
func (l *ledger) read(h *ReadHead, lo, hi int) (elsewhere bool) {
	was := *h
	h.lo = uint32(min(max(lo, 0), l.wants.n))
	h.hi = uint32(min(max(hi, lo), l.wants.n))
	if was.set && was.lo == h.lo && was.hi == h.hi {
		return false
	}
	if elsewhere = !was.set || h.lo < was.lo || h.lo > was.hi; elsewhere {
		l.heads.moved++
	}
	if !was.set {
		h.set = true
		l.heads.list = append(l.heads.list, h)
	}
	_, missing := l.wants.wantedIn(h.lo, h.hi)
	if missing {
		l.makeWay(h)
		l.begun.freed = true
	}
	return elsewhere && missing
}

// remove takes a head out.
func (hs *readHeads) remove(h *ReadHead) {
	for k, other := range hs.list {
		if other == h {
			last := len(hs.list) - 1
			hs.list[k], hs.list[last] = hs.list[last], nil
			hs.list = hs.list[:last]
		}
	}
	h.set = false
}

// makeWay gives back what servers have reserved from h on and not begun, unless they
// are there for a head.
func (l *ledger) makeWay(h *ReadHead) {
	for _, p := range l.webs {
		r := &p.web.run
		if r.reading != l.heads.moved && r.next < h.hi && h.lo < r.end {
			l.shorten(r, max(h.lo, r.next))
		}
	}
}

// clearWay takes requests back from those who can do something for h, so that they
// have no more to answer before than a peer at a head is asked for.
func (pk *picker) clearWay(h *ReadHead, after *after) {
	now := pk.l.now
	for _, p := range pk.l.peers {
		if p.choked || pk.lags(p, now) || !pk.l.canFeed(p, h) {
			continue
		}
		most := newcomerDepth
		if p.meter.perSecond(now) > 0 {
			most = max(slowDepth, pk.streamDepth(p, now))
		}
		if pk.l.takeBack(p, most, after) {
			after.wake(p)
		}
	}
}

// canFeed reports whether p has something that is missing at h.
func (l *ledger) canFeed(p *Peer, h *ReadHead) bool {
	i, ok := l.wants.wantedIn(h.lo, h.hi)
	for ; ok; i, ok = l.wants.wantedIn(i+1, h.hi) {
		if p.may(i) {
			return true
		}
	}
	return false
}

// serves reports whether p has something that is missing at any head.
func (l *ledger) serves(p *Peer) bool {
	for _, h := range l.heads.list {
		if l.canFeed(p, h) {
			return true
		}
	}
	return false
}

// takeBack cancels the youngest requests of p, down to so many, but for those that
// readers wait for. It reports whether there were any.
func (l *ledger) takeBack(p *Peer, most int, after *after) (some bool) {
	for r := p.last; r != noReq && p.live() > most; {
		q := l.reqs.all[r]
		if q.state == reqLive && !l.urgent(q.piece) {
			l.giveBack(r, after)
			p.cancelled(q.piece, q.block)
			after.cancel(p, l.layout.unitBlock(int(q.piece), q.block))
			some = true
		}
		r = q.prev
	}
	return some
}

// wantedIn returns the first wanted piece i with lo <= i < hi.
func (w *wants) wantedIn(lo, hi uint32) (uint32, bool) {
	return w.wanted.nextBefore(lo, hi)
}

// hungry reports whether anything is missing at a head.
func (l *ledger) hungry() bool {
	for _, h := range l.heads.list {
		if _, ok := l.wants.wantedIn(h.lo, h.hi); ok {
			return true
		}
	}
	return false
}

// urgent reports whether piece i is what a reader waits for.
func (l *ledger) urgent(i uint32) bool {
	for _, h := range l.heads.list {
		if first, ok := l.wants.wantedIn(h.lo, h.hi); ok && first == i {
			return true
		}
	}
	return false
}

// target is a piece for a reader: begun, if a is not nil.
type target struct {
	i uint32
	a *active
}

// feed asks p for what readers wait for.
func (pk *picker) feed(p *Peer, dst []Block, left int, now int64, share int, after *after) ([]Block, int) {
	if left > 0 {
		dst, left = pk.rescueReader(p, dst, left, now)
	}
	for left > 0 {
		t, ok := pk.forReader(p, now, share)
		if !ok || t.a == nil && !pk.makeState(int(t.i), after) {
			break
		}
		if t.a == nil {
			t.a = pk.l.activate(t.i)
		}
		dst, left = pk.grab(p, t.a, dst, left, now)
	}
	return dst, left
}

// forReader returns what p is to be asked for: of what it can do for each head, that
// which is missing the soonest.
func (pk *picker) forReader(p *Peer, now int64, share int) (best target, ok bool) {
	hs := &pk.l.heads
	nearest := uint32(0)
	for k := range hs.list {
		h := hs.list[(hs.turn+k)%len(hs.list)]
		t, far, found := pk.atHead(h, p, now, share)
		if found && (!ok || far < nearest) {
			best, nearest, ok = t, far, true
		}
	}
	if ok {
		hs.turn++
		hs.turn %= len(hs.list)
	}
	return best, ok
}

// atHead returns the first piece behind h that p is to be asked for, and how many
// pieces there are before it.
func (pk *picker) atHead(h *ReadHead, p *Peer, now int64, share int) (t target, far uint32, ok bool) {
	l := pk.l
	first, missing := l.wants.wantedIn(h.lo, h.hi)
	from := pk.reachOf(h, p, now)
	roomy := l.begun.planned+l.layout.maxBlocks() <= share*3/4
	for i, probes := first, 0; missing && probes < maxProbes; probes++ {
		switch a := l.activeAt(i); {
		case !p.may(i), i < from && pk.fasterHas(p, i):
		case a != nil && l.offers(a, p, now) && pk.joins(p, a, now):
			return target{i, a}, i - h.lo, true
		case a == nil && l.wants.startable.Has(i) && l.wants.inWindow(i) && (roomy || i == first):
			return target{i, nil}, i - h.lo, true
		}
		i, missing = l.wants.wantedIn(i+1, h.hi)
	}
	return t, 0, false
}

// joins reports whether p is to help with a, which is begun: nobody works on it but
// perhaps p, or those who do take long.
func (pk *picker) joins(p *Peer, a *active, now int64) bool {
	return a.workers == 0 || p.cur == a && p.curGen == a.gen ||
		pk.expected(a, p, now) > max(headPatience, 2*p.delay(p.live()+1, now))
}

// reachOf is reach for a head: where its reader will be when p has brought a piece.
func (pk *picker) reachOf(h *ReadHead, p *Peer, now int64) uint32 {
	if !pk.lags(p, now) {
		return h.lo
	}
	length := float64(pk.l.layout.longest)
	seconds := (float64(p.live())*BlockSize + length) / p.meter.perSecond(now)
	ahead := seconds * pk.l.rates / length / float64(len(pk.l.heads.list))
	return h.lo + uint32(min(ahead, float64(h.hi-h.lo)))
}

// fasterHas reports whether somebody who does not lag behind can give piece i.
func (pk *picker) fasterHas(p *Peer, i uint32) bool {
	for _, q := range pk.l.peers {
		if q != p && !q.choked && !q.snubbed && q.has(i) && !pk.lags(q, pk.l.now) {
			return true
		}
	}
	return false
}

// rescueReader asks p for what is missing right at one of the heads if those who are
// asked for it take too long.
func (pk *picker) rescueReader(p *Peer, dst []Block, left int, now int64) ([]Block, int) {
	if p.meter.perSecond(now) == 0 || pk.lags(p, now) {
		return dst, left
	}
	for _, h := range pk.l.heads.list {
		i, ok := pk.l.wants.wantedIn(h.lo, h.hi)
		if !ok || h.seen == i+1 && now-h.at < headAgain || pk.l.activeAt(i) == nil {
			continue
		}
		h.seen, h.at = i+1, now
		return pk.askHeld(p, dst, left, i, i+1, now)
	}
	return dst, left
}

// run begins a run at t.
func (t target) run() run {
	if t.a == nil {
		return run{next: t.i, end: t.i}
	}
	b, _ := t.a.free.next(0)
	return run{cur: t.a, gen: t.a.gen, block: b, next: t.i + 1, end: t.i + 1}
}

// readStart returns where p, a server, is to begin a run for a reader.
func (rs *runs) readStart(p *Peer, s Stretch, first, limit uint32, share int, now int64) (t target, ok bool) {
	if s.InOrder || !rs.l.hungry() {
		return t, false
	}
	t, ok = rs.pk.forReader(p, now, share)
	return t, ok && t.i >= first && t.i < limit
}

// called reports whether a run should end because its server is needed at a head
// that has come, or moved, since it was begun.
func (rs *runs) called(p *Peer, r *run, share int, now int64) bool {
	if r.reading == rs.l.heads.moved || !rs.l.hungry() {
		return false
	}
	_, ok := rs.pk.forReader(p, now, share)
	return ok
}

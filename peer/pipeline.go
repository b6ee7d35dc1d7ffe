package peer

import (
	"time"

	"gotor/piece"
)

// How deep the request pipeline of one peer is, in blocks of 16 KiB.
const (
	// startDepth is asked for before anything is known about a peer: 1 MiB, a
	// whole small torrent, or 80 Mbit/s over 100 ms.
	startDepth = 64
	// comfortDepth is the most that is asked for only because a peer would
	// need workTarget to deliver it. More must be earned by a delay that needs
	// it: a seeder on the same network is kept busy by 4 MiB, and more would
	// only push the blocks out of the processor's caches. Or by pauses: a remote
	// that looks at its queue twice a second (transmission) gives no more each time
	// than is in it.
	comfortDepth = 256
	// comfortPause is a pause of a fast remote that shows that it ran out of
	// requests: the depth may be twice as much from then on.
	comfortPause = 100 * time.Millisecond
	minDepth     = 2
	maxDepth     = 2000
	// defaultReqQ is what a remote is trusted to queue that does not say;
	// BEP 10 names it as libtorrent's default.
	defaultReqQ = 250
)

const (
	// workTarget is how much work a slow peer is given beyond the round trip.
	// More would let it hoard blocks that others could deliver sooner.
	workTarget = 2 * time.Second
	// minRound is the shortest time over which a rate is measured.
	minRound   = 10 * time.Millisecond
	rateMemory = 3 * time.Second // how slowly a falling rate is believed
	maxDelay   = 10 * time.Second

	// A peer that owes us blocks and sends none for snubFactor times the
	// expected time is snubbed, within these bounds.
	snubFactor  = 4
	snubMin     = 20 * time.Second
	snubMax     = 60 * time.Second
	snubAgain   = 60 * time.Second // until a snubbed peer may show itself once more
	snubUnknown = 30 * time.Second // of a peer that has never delivered

	// After rejectRun rejects without a block between them nothing is asked
	// for a while, doubling each time: a peer that rejects at once and is
	// asked again at once would keep both sides busy with nothing.
	rejectRun = 8
	holdMin   = 250 * time.Millisecond
	holdMax   = 30 * time.Second
)

// pipeline decides how many blocks one peer should be asked for. It follows
// the bandwidth-delay product: the measured rate times the delay between a
// request and its block, doubled so that it can find out that more would be
// delivered, and for slow peers a bounded time of work. It does no I/O and is
// told the time; Conn.mu guards it.
type pipeline struct {
	limit   int  // what the remote queues (reqq)
	depth   int  // blocks that should be outstanding
	comfort int  // comfortDepth, or more where that was too little
	left    int  // blocks that are outstanding, as far as is known here
	settled int  // requests that came to their end, ever
	dry     bool // the last pick came away with less than was wanted

	rate  float64       // bytes per second, 0 while unknown
	delay time.Duration // between a request and its block with nothing before it
	round round

	sentEmpty time.Time // when a request went out with nothing before it; zero once answered
	progress  time.Time // last block, or the request that ended a silence

	// Of a remote that has lost requests; see shrink.
	most   int // what it was seen to queue; 0: nothing is known
	proven int // blocks that have come since most was changed
	losses int // how often it has lost some

	doubted time.Time // when it was last nudged in this silence
	doubts  int       // how often

	snubbed   bool
	snubbedAt time.Time
	probe     bool // ask a snubbed peer for one more block

	rejects int       // since the last block
	volleys int       // times that rejects had to be answered by a pause, since the last block
	broken  int       // times it choked us instead of sending what it owed, since the last block
	held    time.Time // nothing is asked for before
}

// round measures a rate: until the next requests that go out, and all before
// them, are answered. However bursty the blocks arrive, that is what a full
// pipeline brings.
type round struct {
	start   time.Time // zero: none is running
	end     int       // it is over when pipeline.settled gets here; 0: not known yet
	bytes   int
	limited bool // there was less to ask for than was wanted
	paused  bool // for comfortPause nothing came
}

func newPipeline() pipeline {
	return pipeline{limit: defaultReqQ, depth: startDepth, comfort: comfortDepth}
}

// setLimit takes the reqq of the remote; 0 means that it did not say.
func (p *pipeline) setLimit(reqq int) {
	if reqq <= 0 {
		reqq = defaultReqQ
	}
	p.limit = min(reqq, maxDepth)
	p.resize()
}

// want returns how many blocks to ask for when outstanding are asked for
// already. It is 0 while requests are held back; heldUntil tells how long.
func (p *pipeline) want(now time.Time, outstanding int) int {
	p.left = outstanding
	if now.Before(p.held) {
		return 0
	}
	if p.probe {
		p.probe = false
		return 1
	}
	return max(0, p.depth-outstanding)
}

// heldUntil returns when requests may go out again after too many rejects,
// the zero time if they may now.
func (p *pipeline) heldUntil(now time.Time) time.Time {
	if now.Before(p.held) {
		return p.held
	}
	return time.Time{}
}

// sent notes that n requests go out. Fewer than were wanted means that there
// is nothing to pick: then no block that arrives asks for more, until none is
// outstanding.
func (p *pipeline) sent(now time.Time, n int, dry bool) {
	p.dry = dry
	p.round.limited = p.round.limited || dry
	if n == 0 {
		return
	}
	if p.left == 0 {
		p.sentEmpty = now
		if !p.snubbed { // what it owed before still counts
			p.progress, p.doubts = now, 0
		}
	}
	p.left += n
	if p.round.start.IsZero() {
		p.round = round{start: now, limited: dry}
	}
	if p.round.end == 0 {
		p.round.end = p.settled + p.left
	}
}

// received notes blocks that arrived since the last call, n of them with bytes
// in all. It reports whether this ended a snub.
func (p *pipeline) received(now time.Time, n, bytes int) (revived bool) {
	p.settle(n)
	p.rejects, p.volleys, p.broken, p.held = 0, 0, 0, time.Time{}
	if !p.sentEmpty.IsZero() {
		p.measureDelay(now.Sub(p.sentEmpty))
		p.sentEmpty = time.Time{}
	}
	p.round.paused = p.round.paused || now.Sub(p.progress) >= comfortPause
	p.progress, p.doubts = now, 0
	p.grow(n)
	p.round.bytes += bytes
	p.endRound(now)
	revived, p.snubbed, p.probe = p.snubbed, false, false
	p.resize()
	return revived
}

// endRound takes the rate of the running round if it is over, or if it takes
// so long that the depth must be too much.
func (p *pipeline) endRound(now time.Time) {
	r := &p.round
	if r.start.IsZero() {
		return
	}
	d := now.Sub(r.start)
	if over := r.end > 0 && p.settled >= r.end && d >= minRound; !over && d < workTarget+p.delay {
		return
	}
	rate := float64(r.bytes) / d.Seconds()
	if r.paused && rate*workTarget.Seconds()/piece.BlockSize >= float64(p.comfort) {
		p.comfort = max(p.comfort, min(2*p.comfort, p.limit))
	}
	p.measureRate(rate, d, r.limited)
	*r = round{}
	if p.left > 0 {
		r.start = now
	}
}

// low reports whether it is time to ask for more: half of the pipeline is
// empty and there was more to pick, or all of it is. Where a remote gives what is in
// its queue and then pauses, an eighth: what it finds there is all it gives.
func (p *pipeline) low() bool {
	if p.dry {
		return p.left == 0
	}
	mark := p.depth / 2
	if p.comfort > comfortDepth {
		mark = p.depth - p.depth/8
	}
	return p.left <= mark || p.probe
}

// settle notes that n requests came to their end.
func (p *pipeline) settle(n int) {
	p.left = max(0, p.left-n)
	p.settled += n
}

// rejected notes n requests that the remote will not answer with blocks. A whole
// queue of them may come at once (from a seed that looks at its data anew, say):
// that is one reason to pause, not one for each rejectRun of them.
func (p *pipeline) rejected(now time.Time, n int) {
	p.settle(n)
	p.rejects += n
	if p.rejects < rejectRun || now.Before(p.held) {
		return
	}
	p.hold(now, p.volleys)
	p.volleys++
}

// hold asks for nothing for a while, the longer the more pauses there were before.
func (p *pipeline) hold(now time.Time, before int) {
	hold := holdMin << min(before, 10)
	p.held = now.Add(min(hold, holdMax))
}

// choked notes that the remote will not answer what it owes.
func (p *pipeline) choked() {
	if p.left > 0 || p.rejects >= rejectRun {
		p.broken++
	}
}

// unchoked notes that the remote will answer from now on, unless it has said
// so again and again and not done it.
func (p *pipeline) unchoked(now time.Time) {
	p.rejects, p.volleys, p.held, p.dry = 0, 0, time.Time{}, false
	if p.broken >= rejectRun {
		p.hold(now, p.broken/rejectRun-1)
	}
}

// owing returns how long the remote has owed blocks without sending one.
func (p *pipeline) owing(now time.Time) time.Duration {
	if p.left == 0 && !p.snubbed {
		return 0
	}
	return max(0, now.Sub(p.progress))
}

// dropped notes that all outstanding requests are void, as after a choke.
func (p *pipeline) dropped() {
	p.left, p.sentEmpty, p.round = 0, time.Time{}, round{}
}

// snubAt returns when the remote will have been silent for too long, or too
// long again; the zero time if it owes nothing.
func (p *pipeline) snubAt() time.Time {
	switch {
	case p.left == 0:
		return time.Time{}
	case p.snubbed:
		return p.snubbedAt.Add(snubAgain)
	}
	return p.progress.Add(p.patience())
}

// snub marks the remote as one that does not deliver: nothing more is asked of
// it until it does, except for one block now and then, in case it lost the
// requests that it has.
func (p *pipeline) snub(now time.Time) {
	p.probe = p.snubbed
	p.snubbed, p.snubbedAt = true, now
	p.sentEmpty, p.round = time.Time{}, round{}
	p.resize()
}

// patience is how long a block may take to arrive.
func (p *pipeline) patience() time.Duration {
	if p.rate == 0 {
		return snubUnknown
	}
	block := time.Duration(piece.BlockSize / p.rate * float64(time.Second))
	return min(max(snubFactor*(p.delay+block), snubMin), snubMax)
}

// measureDelay takes the time between a request sent into an empty pipeline
// and its block. Only then does the answer not stand in line behind others.
func (p *pipeline) measureDelay(d time.Duration) {
	d = min(d, maxDelay)
	if p.delay == 0 || d < p.delay {
		p.delay = d
		return
	}
	p.delay += (d - p.delay) / 8
}

// measureRate takes a sample that was measured over d. Rates rise at once and
// fall slowly, and not because there was nothing to ask for.
func (p *pipeline) measureRate(sample float64, d time.Duration, limited bool) {
	switch {
	case sample >= p.rate:
		p.rate = sample
	case !limited:
		p.rate += (sample - p.rate) * min(1, d.Seconds()/rateMemory.Seconds())
	}
}

// resize sets the depth from what was measured.
func (p *pipeline) resize() {
	switch {
	case p.snubbed:
		p.depth = 1
	case p.rate == 0:
		p.depth = min(startDepth, p.limit)
	default:
		work := min(p.rate*workTarget.Seconds()/piece.BlockSize, float64(p.comfort))
		flight := 2 * p.rate * p.delay.Seconds() / piece.BlockSize
		depth := minDepth + int(min(max(work, flight), maxDepth))
		p.depth = max(1, min(depth, p.limit))
	}
	if p.most > 0 {
		p.depth = min(p.depth, p.most)
	}
}

package torrent

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"gotor/piece"
	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
	"gotor/tracker"
)

// Torrent is one swarm. Its exported methods may be called from any goroutine;
// what is in loop belongs to the run goroutine.
type Torrent struct {
	core *core // immutable

	source Source // immutable, but for Raw
	how    Lookup // immutable

	// As immutable once known is closed; nil before, and then the loop's. Raw of source
	// is, too.
	meta *metainfo.Torrent

	// As immutable once Begin has returned; before, the loop's. What follows from the
	// Selection changes with it, while neither opener nor keeper is at work.
	spec   Spec
	paths  paths
	layout *piece.Layout // nil: not begun

	known   chan struct{} // closed when meta is set
	outcome *outcome

	counters counters
	uneasy   atomic.Bool // a notice of disturbed waits in the mailbox

	// Confined to the run goroutine.
	loop
}

// counters are what others read while the loop goes on.
type counters struct {
	check          checkCount
	left           atomic.Int64 // bytes still to verify, for trackers
	allDown, allUp atomic.Int64 // of all connections, as last published for trackers
}

// publish takes what all connections have carried.
func (c *counters) publish(down, up int64) {
	c.allDown.Store(down)
	c.allUp.Store(up)
}

// loop is the state that belongs to the run goroutine.
type loop struct {
	state    State
	started  time.Time      // added
	began    time.Time      // see Begin; zero: not yet
	stay     bool           // seed when complete
	finished bool           // the outcome is known
	mgr      *piece.Manager // nil until the re-check is done

	held      holdings
	searching bool // peers and servers are being looked for
	stopping  bool // as soon as the disk is done
	change    reselection
	clocks    deadlines
	still     stillness
	seeds     seedClock

	peers peers
	web   *webSeeds
	atEnd peerCounts // when it failed

	lookup    lookup
	peerNames int // of Source.PeerNames, how many are not found yet
	announces announces
	disco     discovery
	public    publicity
	rates     rates // of those who ask
	showing   showing

	tickAt time.Time // when the manager looks for holders that went silent
}

func newTorrent(c *Client, src Source, how Lookup) (*Torrent, error) {
	now := time.Now()
	t := &Torrent{source: src, how: how, known: make(chan struct{}), outcome: newOutcome()}
	t.core = newCore(c, &src, t.crashed)
	t.loop = loop{state: StateMetadata, started: now, clocks: newDeadlines(&how, now), still: newStillness(how.MetadataTimeout)}
	rng := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	t.wireSearch()
	t.peers.init(t.core, t.forPeers(), rng)
	t.web = newWebSeeds(t.core, &t.source, rng, webHooks{
		left:    t.held.lacks,
		has:     func(p int) bool { return bit(t.held.have, p) },
		changed: func(now time.Time) { t.clocks.connected(t.reach(), now) },
	})
	if src.Meta != nil {
		if _, err := layoutOf(src.Meta); err != nil {
			return nil, err
		}
		t.state = StateStarting
		t.learn(src.Raw, src.Meta)
	}
	for _, a := range src.Peers {
		if c.user.Named(a) {
			t.peers.book.Add(a, swarm.FromUser, now)
		}
	}
	return t, nil
}

// forPeers is what the peers ask of the rest of the torrent.
func (t *Torrent) forPeers() peersRest {
	return peersRest{
		state:   func() State { return t.state },
		welcome: func() bool { return t.mgr != nil && !t.change.changes() && !t.core.over },
		waiters: func() int { return len(t.lookup.waiters) }, wait: t.lookup.wait,
		counted:  func(now time.Time) { t.clocks.connected(t.reach(), now) },
		lonely:   t.announces.want,
		unserved: func() { t.seeds.left = true },
		nodePort: t.disco.nodePort, node: t.disco.named, changed: t.disturbed,
	}
}

// learn takes over the metainfo, which does not change any more.
func (t *Torrent) learn(raw []byte, m *metainfo.Torrent) {
	t.source.Raw, t.meta = raw, m
	t.announces.learn(m)
	t.clocks.found()
	close(t.known)
}

// Known is closed when it is known what the torrent is: at once, unless it came as
// a link. It is never closed when that was not found out; see Done.
func (t *Torrent) Known() <-chan struct{} { return t.known }

// Metainfo is what the torrent is, and the whole .torrent of it, which is nil when
// Source.Raw was: for a link it was put together, trackers and web seeds of the link
// included. It may be called once Known is closed; neither is to be changed.
func (t *Torrent) Metainfo() (raw []byte, m *metainfo.Torrent) { return t.source.Raw, t.meta }

// Begin starts the work on a torrent that is Known, and may be called once. It fails
// on what cannot work, or when the torrent has ended; then with the reason of that.
// Who does not want to go on, after an error or without it, calls Stop.
func (t *Torrent) Begin(spec Spec) error {
	err, ok := ask(t.core, t.outcome.stopped, func(now time.Time) error { return t.begin(spec, now) })
	if !ok {
		return t.outcome.ended()
	}
	return err
}

// begin is Begin on the loop.
func (t *Torrent) begin(spec Spec, now time.Time) error {
	switch {
	case t.finished || t.core.over:
		return t.outcome.ended()
	case t.meta == nil:
		return errors.New("it is not known yet what the torrent is")
	case t.layout != nil:
		return errors.New("the torrent was begun before")
	}
	if err := t.adopt(spec); err != nil {
		return err
	}
	t.began = now
	t.clocks.limit(&spec.Limits, now)
	t.still.among(spec.StallTimeout, spec.PeerTimeout, spec.SeedIdle)
	t.open(nil, nil)
	return nil
}

// adopt takes over what is to be done with the torrent. What it sets does not change
// any more; nobody else looks at it before.
func (t *Torrent) adopt(spec Spec) error {
	if err := t.meta.CanDownload(); err != nil {
		return err
	}
	l, err := layoutOf(t.meta)
	if err != nil {
		return err
	}
	t.spec, t.layout, t.paths, t.stay = spec, l, spec.paths(t.meta), spec.Seed
	t.core.name = t.paths.top
	t.held = holdings{core: t.core, source: &t.source, spec: &t.spec, paths: &t.paths, left: &t.counters.left}
	t.held.choose(newFileSet(l, t.meta, spec.Wanted))
	return nil
}

// Done is closed when the outcome is known: everything selected is verified and
// under its final name, or Err says why not. With Spec.Seed the torrent goes on
// after that until Stop.
func (t *Torrent) Done() <-chan struct{} { return t.outcome.done }

// Err is nil until Done is closed, and after it when the download is complete.
func (t *Torrent) Err() error { return t.outcome.reason() }

// Stop ends the torrent; its state is saved, so that it can go on later. When
// everything is verified and only the disk is waited for, the download still
// becomes complete. Stop does not wait; see Stopped.
func (t *Torrent) Stop() {
	t.core.post(func(time.Time) {
		if t.justDisk() {
			t.stay, t.stopping = false, true
			return
		}
		t.finish(ErrStopped)
	})
}

// justDisk reports whether everything is verified and only the disk is waited
// for, which takes no decision of anybody any more.
func (t *Torrent) justDisk() bool {
	return t.state == StateFinishing && t.held.stream == nil && t.spec.Verify == nil
}

// Stopped is closed when the torrent has let go of files, peers and trackers.
func (t *Torrent) Stopped() <-chan struct{} { return t.outcome.stopped }

// Root is the path of the file, or of the torrent's folder (Place.Dir itself when
// flat). It and Path may be called once Begin has returned without an error.
func (t *Torrent) Root() string { return t.paths.root() }

// Path is the final path of file i.
func (t *Torrent) Path(i int) string { return t.paths.file(i) }

// run is the loop: it owns everything in t.loop.
func (t *Torrent) run() {
	t.core.guard(func() {
		t.startPeerNames()
		if t.meta == nil {
			t.startLookup()
		}
	})
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var spare []func(time.Time)
	for {
		now := time.Now()
		t.awake(now)
		q := t.core.box.take(spare)
		for _, f := range q {
			t.core.handle(f, now)
		}
		if !t.core.over {
			t.core.handle(t.step, now)
		}
		if !t.core.over {
			t.core.handle(t.showStep, now)
		}
		if t.core.over {
			break
		}
		clear(q)
		if spare = q; len(q) > 0 {
			continue // more may have come meanwhile
		}
		t.core.guard(func() { timer.Reset(time.Until(t.next(now))) })
		select {
		case <-t.core.box.wake:
		case <-timer.C:
		}
	}
	t.shutdown()
}

// awake puts the limits off by the time that we stood still.
func (t *Torrent) awake(now time.Time) {
	if span := t.still.look(now); span > 0 {
		t.clocks.stood(span)
		t.seeds.stood(span)
	}
}

// step does what has become due.
func (t *Torrent) step(now time.Time) {
	if err := t.clocks.expired(t.waiting(), now); err != nil && !t.finished && !t.justDisk() {
		t.finish(t.whyLonely(err))
		return
	}
	if t.forlorn(now) {
		t.finish(t.whyLonely(errNobody))
		return
	}
	if at := t.leaveAt(); !at.IsZero() && !now.Before(at) {
		t.core.over = true
		return
	}
	if t.seedStep(now); t.core.over {
		return
	}
	t.lookup.step(now)
	t.changeStep(now)
	t.disco.step(now)
	t.public.step(now)
	t.peers.step(now)
	if t.state == StateDownloading {
		t.web.step(now)
	}
	if t.state == StateDownloading && t.mgr != nil && !now.Before(t.tickAt) {
		t.mgr.Tick(now)
		t.counters.publish(t.traffic())
		t.tickAt = now.Add(managerTick)
	}
	if t.held.due(now) {
		t.save(now)
	}
}

// next is when step must run again although nothing was posted.
func (t *Torrent) next(now time.Time) time.Time {
	at := now.Add(time.Hour)
	sooner := func(c time.Time) {
		if !c.IsZero() && c.Before(at) {
			at = c
		}
	}
	if !t.finished && !t.justDisk() {
		sooner(t.clocks.next(t.waiting()))
		if t.clocks.waits(t.waiting()) {
			sooner(t.still.next())
		}
	}
	if t.seeds.waits() {
		sooner(t.still.next())
	}
	sooner(t.leaveAt())
	sooner(t.seeds.next(t.peers.serving()))
	sooner(t.lookup.next())
	sooner(t.disco.due())
	sooner(t.public.due())
	sooner(t.peers.next(now))
	if t.state == StateDownloading {
		sooner(t.web.next())
	}
	sooner(t.forlornAt(now))
	sooner(t.showNext())
	if t.state == StateDownloading && t.reach() > 0 {
		sooner(t.tickAt)
	}
	sooner(t.held.next())
	return at
}

// waiting reports whether it is for peers that we wait: not while we look at
// our own data, nor while the reader of a stream takes its time.
func (t *Torrent) waiting() bool {
	return t.state == StateDownloading && (t.held.stream == nil || !t.held.stream.writing.Load())
}

// leaveAt is when a seeding torrent has to end because the whole job has a
// limit; zero: never.
func (t *Torrent) leaveAt() time.Time {
	if t.state != StateSeeding || t.spec.Timeout <= 0 {
		return time.Time{}
	}
	return t.began.Add(t.spec.Timeout)
}

// finish makes the outcome known. nil: complete. It ends the loop, unless the
// torrent is to seed.
func (t *Torrent) finish(err error) {
	if !t.finished {
		t.finished = true
		t.state = StateDone
		if err != nil {
			t.atEnd = t.countPeers()
			t.state = StateFailed
		}
		t.outcome.settle(err)
		if err == nil && t.stay {
			t.state = StateSeeding
			t.beginSeeding(time.Now())
		}
		if t.state != StateFailed {
			t.outcome.tellDone()
		}
	}
	t.core.over = t.core.over || err != nil || !t.stay
}

// shutdown lets go of everything, in the order that keeps what was verified:
// peers first, then the hash workers' last writes, then the record. A panic in
// one stage does not keep the others from being done.
func (t *Torrent) shutdown() {
	t.core.client.remove(t)
	t.core.cancel()
	bye := closedChan()
	remember := func() { t.outcome.remember(t.look(time.Now(), &t.rates)) }
	for _, stage := range []func(){
		t.dismissPeers,
		func() { bye = t.announces.stop() },
		t.closeData,
		t.closeRest,
		remember, // whom the mailbox turns away gets this one
		func() { t.core.runAll(t.core.box.close()) },
		t.held.close,
		remember,
	} {
		t.core.guard(stage)
	}
	t.outcome.tellDone() // a failure is told once the state is saved
	<-bye
	t.outcome.tellStopped()
}

// dismissPeers ends all connections.
func (t *Torrent) dismissPeers() {
	t.peers.close()
	t.core.drain()
	t.lookup.close()
	t.counters.publish(t.traffic())
}

// closeData ends what reads and writes data.
func (t *Torrent) closeData() {
	if t.held.stream != nil {
		t.held.stream.close()
	}
	t.core.drain()
	if t.mgr != nil {
		t.mgr.Close()
		t.core.drain()
	}
}

// closeRest saves the state and waits for everybody.
func (t *Torrent) closeRest() {
	t.core.guard(func() {
		if t.mgr != nil {
			t.held.settle(t.stay, t.worked(time.Now()))
		}
	})
	if t.held.keeper != nil {
		t.held.keeper.close()
	}
	t.core.drain()
	t.core.wg.Wait()
	t.web.close()
	t.disco.leaveLocal()
}

// closedChan is a channel for what is over already.
func closedChan() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// Snapshot is what a person may see now.
func (t *Torrent) Snapshot() Snapshot {
	s, ok := ask(t.core, t.outcome.stopped, func(now time.Time) Snapshot { return t.look(now, &t.rates) })
	if !ok {
		s = t.outcome.latest()
	}
	if s.DHT.Used {
		s.DHT.Nodes = t.core.client.dht.nodes()
	}
	return s
}

// look fills a Snapshot.
func (t *Torrent) look(now time.Time, rates *rates) Snapshot {
	down, up := t.traffic()
	n := t.countPeers()
	if t.state == StateFailed {
		n = t.atEnd
	}
	s := Snapshot{
		Name: t.core.name, InfoHash: fmt.Sprintf("%x", t.core.hash), State: t.state, Elapsed: now.Sub(t.started),
		Wanted: t.held.wanted, Verified: t.held.verified, Resumed: t.held.resumed,
		Checked: t.counters.check.done.Load(), ToCheck: t.counters.check.total.Load(),
		Downloaded: down, Uploaded: up, Wasted: t.change.waste(t.mgr),
		DownRate: rates.down.Look(down, now), UpRate: rates.up.Look(up, now),
		Peers: n.peers, Seeds: n.seeds, Choking: n.choking, Lacking: n.lacking, Silent: n.silent,
	}
	if t.layout != nil {
		s.Pieces, s.PiecesDone = t.layout.Pieces(), countBits(t.held.have)
	}
	t.lookup.show(&s)
	s.Ratio = t.held.ratio(up)
	t.peers.look(&s)
	if left := t.held.lacks(); left > 0 && s.DownRate > 0 {
		s.ETA = time.Duration(float64(left) / float64(s.DownRate) * float64(time.Second))
	}
	for _, a := range t.announces.status() {
		s.Trackers = append(s.Trackers, TrackerStatus{URL: tracker.Redact(a.URL), State: string(a.State), OK: a.LastOK, Error: a.Err, Peers: a.Peers})
	}
	s.Port = t.core.client.endpoint.port()
	t.disco.describe(&s)
	t.public.describe(&s, t.peers.everConnected)
	s.PeerErrors = append(s.PeerErrors, t.core.failures...)
	s.WebSeeds, s.DownloadedWeb = t.web.status(), t.web.downloaded()
	return s
}

// traffic sums what all connections, past and present, carried.
func (t *Torrent) traffic() (down, up int64) {
	down, up = t.peers.traffic()
	return down + t.web.downloaded(), up
}

// AddPeer adds an address by hand.
func (t *Torrent) AddPeer(a netip.AddrPort) {
	t.core.post(func(now time.Time) { t.peers.book.Add(a, swarm.FromUser, now) })
}

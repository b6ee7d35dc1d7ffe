package torrent

import "time"

// run is the loop: it owns everything in t.loop.
func (t *Torrent) run() {
	t.core.guard(func() {
		t.names.start(t.source.PeerNames, t.how.PeerNameFailed)
		if t.meta == nil {
			startLookup(t)
		}
	})
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var spare []func(time.Time)
	for {
		now := time.Now()
		if span := t.still.look(now); span > 0 { // the limits are put off by it
			t.clocks.stood(span)
			t.seeds.stood(span)
		}
		q := t.core.box.take(spare)
		for _, f := range q {
			t.core.handle(f, now)
		}
		if !t.core.over {
			t.core.handle(t.step, now)
		}
		if !t.core.over {
			t.core.handle(t.showing.step, now)
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

// step does what has become due.
func (t *Torrent) step(now time.Time) {
	if err := t.clocks.expired(t.waiting(), now); err != nil && !t.finished && !t.justDisk() {
		t.finish(whyLonely(t, err))
		return
	}
	if forlorn(t, now) {
		t.finish(whyLonely(t, errNobody))
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
	if t.state == StateDownloading && t.held.mgr != nil && !now.Before(t.tickAt) {
		t.held.mgr.Tick(now)
		t.counters.publish(trafficOf(t))
		t.tickAt = now.Add(managerTick)
	}
	if t.state == StateSeeding {
		t.held.serve(t.peers.serving(), now)
	}
	if t.held.due(now) {
		t.held.save(t.state == StateSeeding, workedBy(t, now), now)
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
	sooner(forlornAt(t, now))
	sooner(t.showing.next())
	if t.state == StateDownloading && reachOf(t) > 0 {
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

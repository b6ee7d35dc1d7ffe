package torrent

import "time"

// This file is how a torrent ends.

// Stop ends the torrent; its state is saved, so that it can go on later. When
// everything is verified and only the disk is waited for, the download still
// becomes complete. Stop does not wait; see Stopped.
func (t *Torrent) Stop() { t.core.post(func(time.Time) { t.stop() }) }

// stop is Stop on the loop.
func (t *Torrent) stop() {
	if t.justDisk() {
		t.stay, t.stopping = false, true
		return
	}
	t.finish(ErrStopped)
}

// justDisk reports whether everything is verified and only the disk is waited
// for, which takes no decision of anybody any more.
func (t *Torrent) justDisk() bool {
	return t.state == StateFinishing && t.held.stream == nil && t.spec.Verify == nil
}

// finish makes the outcome known. nil: complete. It ends the loop, unless the
// torrent is to seed.
func (t *Torrent) finish(err error) {
	if !t.finished {
		t.finished = true
		t.state = StateDone
		if err != nil {
			t.atEnd = t.peers.count()
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
		t.peers.close,
		t.core.drain,
		t.lookup.close,
		func() { t.counters.publish(trafficOf(t)) },
		func() { bye = leaveTrackers(t) },
		func() { t.held.quit(t.outcome.ended()) },
		func() { t.held.settle(t.stay, workedBy(t, time.Now())) },
		t.held.closeKeeper,
		t.core.drain,
		t.core.wg.Wait,
		t.web.close,
		func() {
			if !t.asleep {
				t.disco.leaveLocal()
			}
		},
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

// leaveTrackers tells the trackers that we go, or keeps what they know for who
// announces the torrent while it sleeps. The channel is closed when that is done.
func leaveTrackers(t *Torrent) <-chan struct{} {
	if !t.asleep {
		return t.announces.stop()
	}
	t.core.client.slumber.put(t.core.hash, t.announces.sleep(t.disco.next), time.Now())
	return closedChan()
}

// closedChan is a channel for what is over already.
func closedChan() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

package daemon

import (
	"context"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/session"
)

// This file is when a torrent wakes, sleeps, and is looked at.

const (
	// sleepAfter is how long a seed stays awake without a peer: those who have had
	// something are likely to come again. One from whom nobody has had anything since it
	// woke, as there are only other seeds, sleeps after sleepSoon.
	sleepAfter = 5 * time.Minute
	sleepSoon  = 20 * time.Second
	// tryFirst and tryLast are how long, at first and at most, a torrent whose disk was
	// full waits until it is looked whether there is room.
	tryFirst = 30 * time.Second
	tryLast  = 30 * time.Minute
)

// allow says whether the torrent has its turn.
func (it *item) allow(on bool) {
	it.mu.Lock()
	defer it.mu.Unlock()
	it.allowed = on
}

func (it *item) isAllowed() bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.allowed
}

// isHeld reports whether somebody works on its files.
func (it *item) isHeld() bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.held
}

// stand shows another place in line; -1: none.
func (it *item) stand(place int) {
	it.mu.Lock()
	other := it.place != place
	it.place = place
	it.mu.Unlock()
	if other {
		it.show()
	}
}

// rouse wakes a torrent that seeds asleep. It returns its run; nil: it has none, and
// must not.
func (it *item) rouse() *run {
	it.mu.Lock()
	it.awake, it.lonely = true, time.Time{}
	it.mu.Unlock()
	return it.start()
}

// awaken is the run of a torrent, which is roused if there is none, for a request that
// needs one. A torrent that was just added has its turn only when the floor has looked.
func (it *item) awaken(ctx context.Context) (*run, error) {
	if r := it.rouse(); r != nil {
		return r, nil
	}
	if it.wants() != needNothing {
		if err := it.floor.settled(ctx); err != nil {
			return nil, err
		}
		if r := it.rouse(); r != nil {
			return r, nil
		}
	}
	return nil, it.idle()
}

// idle is why there is no run, as a problem.
func (it *item) idle() error {
	e, ok := it.entry()
	if !ok {
		return gone(it.id)
	}
	if err := engaged(e); err != nil {
		return err
	}
	it.mu.Lock()
	defer it.mu.Unlock()
	switch {
	case it.held:
		return record.NewProblem(record.CodeConflict, "its files are being worked on: try again when that is over")
	case e.Failed != nil || it.broken != nil:
		return record.NewProblem(record.CodeConflict, "the torrent has failed: see why, and start it again")
	case it.place >= 0:
		return record.NewProblem(record.CodeConflict, "the torrent waits for its turn: start it at once, or wait")
	case e.Completed.IsZero():
		return record.NewProblem(record.CodeConflict, "the torrent is paused, and not complete: start it first")
	}
	return record.NewProblem(record.CodeConflict, "the torrent does not run: start it first")
}

// drowsy reports whether a seed has nothing to be awake for.
func (it *item) drowsy(now time.Time) bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	at := it.sleepAt()
	return !at.IsZero() && !now.Before(at)
}

// sleepAt is when a seed has been awake for nobody for long enough; zero: there is
// somebody, or it sleeps. it.mu is held.
func (it *item) sleepAt() time.Time {
	switch {
	case it.run == nil || it.readers > 0 || it.lonely.IsZero():
		return time.Time{}
	case it.run.down == 0 && it.run.up == 0:
		return it.lonely.Add(sleepSoon)
	}
	return it.lonely.Add(sleepAfter)
}

// doze has the run of a seed end, and the torrent seed asleep.
func (it *item) doze() {
	it.mu.Lock()
	defer it.mu.Unlock()
	it.awake = false
}

// reachedGoal reports whether a complete torrent was given away for long enough.
func (it *item) reachedGoal(e *session.Entry, s *record.SeedSettings, now time.Time) bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	g := goalOf(e, s)
	return g.reached(e, &it.tally, now)
}

// restTime is how long an errand that has failed is not tried again.
const restTime = 30 * time.Second

// later runs an errand of the torrent that waits for the disk, in a goroutine of its
// own; one at a time.
func (it *item) later(errand func() error) {
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.busy || time.Now().Before(it.rest) || !it.tasks.enter() {
		return
	}
	it.busy = true
	go func() {
		defer it.tasks.leave()
		err := errand()
		it.mu.Lock()
		it.busy, it.rest = false, time.Time{}
		if err != nil {
			it.rest = time.Now().Add(restTime)
		}
		it.mu.Unlock()
		it.poke()
	}()
}

// heal writes down a failure that could not be, or forgets it, if that was for want
// of a session that can be written.
func (it *item) heal() error {
	it.mu.Lock()
	f := it.broken
	it.mu.Unlock()
	if f == nil || it.store.Err() != nil {
		return it.store.Err()
	}
	if f.Code != record.CodeNotReady {
		if _, err := it.update(it.ctx, func(e *session.Entry) error { e.Failed = f; return nil }); err != nil {
			return err
		}
	}
	it.mend()
	it.show()
	return nil
}

// isBroken reports whether the torrent has failed, and that is not written down.
func (it *item) isBroken() bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.broken != nil
}

// retire notes that the torrent was given away for long enough.
func (it *item) retire() error {
	_, err := it.update(it.ctx, func(e *session.Entry) error {
		if needOf(e) == needPeers {
			e.Ended = true
		}
		return nil
	})
	if err == nil {
		it.show()
	}
	return err
}

// mayTry reports whether a torrent whose disk was full is to be looked at again.
func (it *item) mayTry(e *session.Entry, now time.Time) bool {
	at := it.tryAt(e)
	return !at.IsZero() && !now.Before(at)
}

// tryAt is when: the longer it has been in vain, the later; zero: never.
func (it *item) tryAt(e *session.Entry) time.Time {
	if e.Failed == nil || e.Failed.Code != record.Reason(record.ExitNoSpace) || e.Paused {
		return time.Time{}
	}
	it.mu.Lock()
	defer it.mu.Unlock()
	from := e.Failed.Since
	if it.tried.After(from) {
		from = it.tried
	}
	return from.Add(min(tryFirst<<min(it.tries, 10), tryLast))
}

// retry starts a torrent again whose disk was full, if there is room by now.
func (it *item) retry() error {
	e, ok := it.entry()
	if !ok {
		return nil
	}
	it.mu.Lock()
	it.tries, it.tried = it.tries+1, time.Now()
	missing := e.Facts.Wanted - it.tally.Verified
	it.mu.Unlock()
	if free, _, ok := room(e.Dir); ok && free < missing {
		return nil
	}
	_, err := it.update(it.ctx, func(e *session.Entry) error {
		if e.Failed != nil && e.Failed.Code == record.Reason(record.ExitNoSpace) {
			e.Failed = nil
		}
		return nil
	})
	if err == nil {
		it.log.write(levelInfo, string(it.id), "%s: goes on, as there is room", nameOf(e))
		it.show()
	}
	return err
}

// next is when the torrent is to be looked at although nothing happens; zero: never.
func (it *item) next(e *session.Entry, now time.Time) (at time.Time) {
	sooner := func(t time.Time) {
		if t.After(now) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	sooner(it.tryAt(e))
	settings := it.rules.get()
	it.mu.Lock()
	defer it.mu.Unlock()
	sooner(it.rest)
	if it.run != nil && it.seen.State == torrent.StateDownloading {
		sooner(it.moved.Add(stalledAfter))
	}
	if needOf(e) == needPeers {
		g := goalOf(e, &settings.Seed)
		sooner(g.next(e, &it.tally))
		sooner(it.sleepAt())
	}
	return at
}

// heard takes what an announce of a sleeping torrent has told.
func (it *item) heard(h *torrent.Heard) {
	it.mu.Lock()
	it.seen.Trackers = h.Trackers
	it.crowd(h.Seeders, h.Leechers)
	it.mu.Unlock()
	it.show()
}

// hasAnnounced reports whether a tracker has ever answered for it in this run.
func (it *item) hasAnnounced() bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	for _, t := range it.seen.Trackers {
		if t.OK {
			return true
		}
	}
	return false
}

// crowd notes how a tracker counts the swarm; -1: it does not. it.mu is held.
func (it *item) crowd(seeders, leechers int) {
	if seeders >= 0 {
		it.tally.Seeders, it.uncount = &seeders, true
	}
	if leechers >= 0 {
		it.tally.Leechers, it.uncount = &leechers, true
	}
}

// wake is the torrent of an info-hash that a peer has come for; nil: it is not to be
// had. It belongs to the engine's callers, and waits until the files are open.
func (p *parts) wake(infoHash [20]byte) *torrent.Torrent {
	it := p.roster.find(idOf(infoHash[:]))
	if it == nil || it.wants() != needPeers || !it.isAllowed() {
		return nil
	}
	r := it.rouse()
	if r == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(p.ctx, wakeTime)
	defer cancel()
	t, err := r.await(ctx)
	if err != nil {
		return nil
	}
	return t
}

// wakeTime is how long a peer is made to wait.
const wakeTime = 9 * time.Second

// archive is where the engine keeps what it remembers of seeds: in the session.
type archive struct{ *parts }

// Load returns what was saved last, unless everything is to be hashed.
func (a archive) Load(infoHash [20]byte) []byte {
	id := idOf(infoHash[:])
	if e, ok := a.store.Entry(id); !ok || e.Check {
		return nil
	}
	return a.store.Record(id)
}

// Save keeps a record.
func (a archive) Save(infoHash [20]byte, record []byte) error {
	return a.store.SaveRecord(idOf(infoHash[:]), record)
}

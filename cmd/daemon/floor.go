package daemon

import (
	"context"
	"sync"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/session"
)

const (
	// sampleEvery is how often it is looked what torrents that are awake do.
	sampleEvery = time.Second
	// writeEvery is how often what was counted is handed to the session.
	writeEvery = time.Minute
)

// floor decides who is awake, and looks what those do. Anybody may poke it; all the
// rest belongs to the one goroutine of its loop, which waits for no disk and no torrent.
type floor struct {
	*parts
	before   session.Totals // of all earlier runs; immutable
	sleepers *sleepers

	mu     sync.Mutex
	holds  record.RateLimits // what the engine was told
	poked  map[*item]bool
	asked  []chan struct{} // see settled
	signal chan struct{}   // holds one

	line     *line
	alarms   alarms
	revision uint64 // of Client.Changes
	sampled  time.Time
	written  time.Time
	governed time.Time // when the limits are to be looked at again; zero: when poked
	last     torrent.ClientTotals
}

func newFloor(p *parts) *floor {
	return &floor{
		parts: p, poked: map[*item]bool{}, signal: make(chan struct{}, 1), before: p.store.Totals(),
		sleepers: newSleepers(p), line: newLine(),
	}
}

// poke says that something is new with a torrent, or with the settings (nil). It does
// not wait.
func (f *floor) poke(it *item) {
	f.mu.Lock()
	f.poked[it] = true
	f.mu.Unlock()
	f.nudge()
}

// nudge has the loop take a step.
func (f *floor) nudge() {
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

// settled waits until it is decided about all who were poked before.
func (f *floor) settled(ctx context.Context) error {
	decided := make(chan struct{})
	f.mu.Lock()
	f.asked = append(f.asked, decided)
	f.mu.Unlock()
	f.nudge()
	select {
	case <-decided:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
}

// pokes are those who were poked since the last call, all when it was the settings,
// and who waits for what is decided about them.
func (f *floor) pokes() (items map[*item]bool, settings bool, asked []chan struct{}) {
	f.mu.Lock()
	items, asked = f.poked, f.asked
	f.poked, f.asked = map[*item]bool{}, nil
	f.mu.Unlock()
	if settings = items[nil]; settings {
		delete(items, nil)
		for _, it := range f.roster.all() {
			items[it] = true
		}
	}
	return items, settings, asked
}

// loop runs until ctx or the daemon ends, or stopping is closed.
func (f *floor) loop(ctx context.Context, stopping <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	f.written = time.Now()
	f.poke(nil)
	healed, _ := f.store.Health()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.ctx.Done():
			return
		case <-stopping:
			return
		case <-healed:
			healed, _ = f.store.Health()
			f.poke(nil)
			f.board.touch()
		case <-f.signal:
		case <-timer.C:
		}
		timer.Reset(f.step(time.Now()))
	}
}

// step does what is due, and returns how long nothing will be.
func (f *floor) step(now time.Time) time.Duration {
	items, settings, asked := f.pokes()
	f.govern(now, settings)
	f.board.together(func() {
		for it := range items {
			f.consider(it, now)
		}
		for it := f.alarms.due(now); it != nil; it = f.alarms.due(now) {
			it.show()
			f.consider(it, now)
		}
		if !now.Before(f.sampled.Add(sampleEvery)) {
			f.sample(now)
		}
		f.decide(now)
	})
	for _, decided := range asked {
		close(decided)
	}
	f.sleepers.step(now)
	if !now.Before(f.written.Add(writeEvery)) {
		f.write(now)
	}
	return f.wait(now)
}

// wait is how long nothing has to be done.
func (f *floor) wait(now time.Time) time.Duration {
	next := f.written.Add(writeEvery)
	if len(f.client.Torrents()) > 0 {
		next = f.sampled.Add(sampleEvery)
	}
	for _, at := range []time.Time{f.alarms.next(), f.governed, f.line.wake, f.sleepers.wake()} {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return max(next.Sub(now), 0)
}

// govern has the limits held that hold now, for the process and for the line.
func (f *floor) govern(now time.Time, settings bool) {
	if !settings && (f.governed.IsZero() || now.Before(f.governed)) {
		return
	}
	s := f.rules.get()
	l, next := limitsAt(&s, now)
	f.governed = next
	f.line.queue.SetLimits(session.QueueLimits{Downloads: s.Queue.MaxDownloads.Value, Seeds: s.Queue.MaxSeeds.Value})
	f.line.dirty = true
	f.client.SetMaxChecks(s.Queue.MaxChecks.Value)
	f.mu.Lock()
	defer f.mu.Unlock()
	if l != f.holds {
		f.client.SetLimits(l.MaxDown, l.MaxUp)
		f.holds = l
	}
}

// limits are those that hold.
func (f *floor) limits() record.RateLimits {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.holds
}

// consider sees what a torrent wants, whether it has a reason to be awake, and when it
// is to be looked at again.
func (f *floor) consider(it *item, now time.Time) {
	e, ok := it.entry()
	if !ok {
		f.line.drop(it)
		if f.roster.find(it.id) == nil { // else it was added again, and is another's
			f.sleepers.drop(it.id)
		}
		f.alarms.set(it, time.Time{})
		return
	}
	want := it.wants()
	f.line.set(it, e, want)
	settings := f.rules.get()
	switch {
	case it.isBroken():
		it.later(it.heal)
	case e.Move != nil && !it.isHeld():
		it.later(it.goOnMoving)
	case e.Remove != "" && !it.isHeld():
		it.later(it.goOnRemoving)
	case want == needPeers && it.reachedGoal(e, &settings.Seed, now):
		it.later(it.retire)
	case want == needPeers && it.drowsy(now):
		it.doze()
	case want == needNothing && it.mayTry(e, now):
		it.later(it.retry)
	}
	f.sleepers.consider(it, want, now)
	f.alarms.set(it, it.next(e, now))
	if r := it.running(); r != nil {
		r.poke()
	} else if f.line.queue.On(it.id) {
		it.start()
	}
}

// decide gives turns to those who wait, and takes them from others.
func (f *floor) decide(now time.Time) {
	for _, c := range f.line.decide(now) {
		it := f.roster.find(c.ID)
		if it == nil {
			continue
		}
		it.allow(c.On)
		if r := it.running(); r != nil {
			r.poke()
		} else if c.On {
			it.start()
		}
		f.sleepers.consider(it, it.wants(), now)
		it.show()
	}
	for it, place := range f.line.places() {
		it.stand(place)
	}
}

// sample looks what has become of the torrents that are awake.
func (f *floor) sample(now time.Time) {
	f.sampled = now
	f.measure(now)
	c := f.client.Changes(f.revision)
	f.revision = c.Revision
	for i := range c.Changed {
		s := &c.Changed[i].Snapshot
		it := f.roster.find(session.ID(s.InfoHash))
		if it == nil || it.torrent() != c.Changed[i].Torrent {
			continue
		}
		turned, moved := it.count(s, now)
		if moved {
			f.line.queue.Moved(it.id, now)
		}
		it.show()
		if turned {
			f.consider(it, now)
		} else if e, ok := it.entry(); ok {
			f.alarms.set(it, it.next(e, now))
		}
	}
}

// measure adds up what all torrents have moved.
func (f *floor) measure(now time.Time) {
	t := f.client.Totals()
	was := &f.last
	f.meter.add(t.FromPeers+t.FromWeb-was.FromPeers-was.FromWeb, t.Sent-was.Sent, t.WastedHash+t.WastedTwice-was.WastedHash-was.WastedTwice, now)
	f.last = t
}

// write hands what was counted to the session.
func (f *floor) write(now time.Time) {
	f.written = now
	tallies := map[session.ID]session.Tally{}
	for _, it := range f.roster.all() {
		if t, newer := it.counted(); newer {
			tallies[it.id] = t
		}
	}
	if len(tallies) > 0 {
		f.store.Count(tallies)
	}
	if down, up, _ := f.meter.totals(); down+up > 0 {
		f.store.CountTotals(session.Totals{Downloaded: f.before.Downloaded + down, Uploaded: f.before.Uploaded + up})
	}
}

package daemon

import (
	"context"
	"sync"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

const (
	// sampleEvery is how often it is looked what torrents that are awake do.
	sampleEvery = time.Second
	// writeEvery is how often what was counted is handed to the session.
	writeEvery = time.Minute
)

// floor decides who is awake, and looks what those do. Anybody may poke it; all the
// rest belongs to the one goroutine of its loop.
type floor struct {
	*parts

	before session.Totals // of all earlier runs; immutable

	mu     sync.Mutex
	holds  record.RateLimits // what the engine was told
	poked  map[*item]bool
	signal chan struct{} // holds one

	alarms   alarms
	revision uint64 // of Client.Changes
	sampled  time.Time
	written  time.Time
}

func newFloor(p *parts) *floor {
	return &floor{parts: p, poked: map[*item]bool{}, signal: make(chan struct{}, 1), before: p.store.Totals()}
}

// poke says that something is new with a torrent, or with all (nil). It does not wait.
func (f *floor) poke(it *item) {
	f.mu.Lock()
	if it != nil {
		f.poked[it] = true
	}
	f.mu.Unlock()
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

// pokes are those who were poked since the last call.
func (f *floor) pokes() map[*item]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.poked
	f.poked = map[*item]bool{}
	return p
}

// loop runs until ctx or the daemon ends, or stopping is closed.
func (f *floor) loop(ctx context.Context, stopping <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	f.written = time.Now()
	for _, it := range f.roster.all() {
		f.poke(it)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.ctx.Done():
			return
		case <-stopping:
			return
		case <-f.signal:
		case <-timer.C:
		}
		now := time.Now()
		f.govern(now)
		for it := range f.pokes() {
			f.consider(it, now)
		}
		for it := f.alarms.due(now); it != nil; it = f.alarms.due(now) {
			it.show()
			f.consider(it, now)
		}
		if !now.Before(f.sampled.Add(sampleEvery)) {
			f.sample(now)
		}
		if !now.Before(f.written.Add(writeEvery)) {
			f.write(now)
		}
		timer.Reset(f.wait(now))
	}
}

// wait is how long nothing has to be done.
func (f *floor) wait(now time.Time) time.Duration {
	next := f.written.Add(writeEvery)
	if len(f.client.Torrents()) > 0 {
		next = f.sampled.Add(sampleEvery)
	}
	if at := f.alarms.next(); !at.IsZero() && at.Before(next) {
		next = at
	}
	return max(next.Sub(now), 0)
}

// govern has the limits held that hold now.
func (f *floor) govern(now time.Time) {
	s := f.rules.get()
	l := record.RateLimits{MaxDown: s.MaxDown.Value, MaxUp: s.MaxUp.Value}
	if o := s.Override.Value; o != nil && now.Before(o.Until) {
		l = record.RateLimits{MaxDown: o.MaxDown, MaxUp: o.MaxUp}
	}
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

// consider starts a torrent that wants to run, and sees when it is to be looked at again.
func (f *floor) consider(it *item, now time.Time) {
	it.mu.Lock()
	it.allowed = true
	it.mu.Unlock()
	it.start()
	f.alarms.set(it, it.next(now))
}

// sample looks what has become of the torrents that are awake.
func (f *floor) sample(now time.Time) {
	f.sampled = now
	c := f.client.Changes(f.revision)
	f.revision = c.Revision
	f.board.together(func() {
		for i := range c.Changed {
			s := &c.Changed[i].Snapshot
			it := f.roster.find(session.ID(s.InfoHash))
			if it == nil || it.torrent() != c.Changed[i].Torrent {
				continue
			}
			turned := it.count(s, now)
			it.show()
			f.alarms.set(it, it.next(now))
			if turned {
				it.poke()
			}
		}
	})
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
	down, up, _ := f.meter.totals()
	if down+up > 0 {
		f.store.CountTotals(session.Totals{Downloaded: f.before.Downloaded + down, Uploaded: f.before.Uploaded + up})
	}
}

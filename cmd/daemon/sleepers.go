package daemon

import (
	"context"
	"encoding/hex"
	"sync"
	"time"

	"gotor/torrent"
	"gotor/torrent/session"
)

const (
	// announceRate is how many sleeping torrents are announced in a second, and
	// maxAnnouncing how many at a time: trackers may take their time.
	announceRate  = 10
	maxAnnouncing = 64
	// partTime bounds the farewell of one that seeds no more.
	partTime = 15 * time.Second
	// farewellTime bounds those of all, at the end of the daemon.
	farewellTime = 1500 * time.Millisecond
)

// sleepers are the torrents that seed asleep. Their announces are due one after the
// other, and are made by few goroutines of their own, each for one announce. What
// belongs to whom is said below.
type sleepers struct {
	*parts

	// Of the floor.
	pace  *session.Pace
	known map[session.ID]bool // that sleep and seed

	mu    sync.Mutex
	going int
	due   map[session.ID]time.Time // of those that were announced: when next
}

func newSleepers(p *parts) *sleepers {
	return &sleepers{parts: p, pace: session.NewPace(announceRate), known: map[session.ID]bool{}, due: map[session.ID]time.Time{}}
}

// consider sees whether a torrent seeds asleep. One that does no more, and is not
// awake either, is gone for its trackers.
func (s *sleepers) consider(it *item, want need, now time.Time) {
	awake := it.inSwarm() != nil
	switch asleep := want == needPeers && it.isAllowed() && !awake; {
	case asleep && !s.known[it.id]:
		s.known[it.id] = true
		s.pace.Set(it.id, now)
	case !asleep && s.known[it.id]:
		s.drop(it.id)
		if e, ok := it.entry(); ok && !awake {
			s.part(func() (torrent.Asleep, error) { return s.asleep(e) })
		}
	}
}

// drop forgets a torrent.
func (s *sleepers) drop(id session.ID) {
	delete(s.known, id)
	s.pace.Drop(id)
}

// step announces those that are due.
func (s *sleepers) step(now time.Time) {
	s.mu.Lock()
	for id, at := range s.due {
		if s.known[id] {
			s.pace.Set(id, at)
		}
	}
	clear(s.due)
	room := maxAnnouncing - s.going
	s.mu.Unlock()
	for ; room > 0; room-- {
		id, ok := s.pace.Take(now)
		if !ok {
			return
		}
		if it := s.roster.find(id); it != nil && it.inSwarm() == nil {
			s.begin(it)
		}
	}
}

// wake is when step has something to do; zero: when it is poked.
func (s *sleepers) wake() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.going >= maxAnnouncing {
		return time.Time{}
	}
	return s.pace.Wake()
}

// begin announces one torrent, in a goroutine of its own.
func (s *sleepers) begin(it *item) {
	if !s.tasks.enter() {
		return
	}
	s.mu.Lock()
	s.going++
	s.mu.Unlock()
	go func() {
		defer s.tasks.leave()
		next := s.announce(it)
		s.mu.Lock()
		s.going--
		if next > 0 {
			s.due[it.id] = time.Now().Add(next)
		}
		s.mu.Unlock()
		s.floor.poke(it)
	}()
}

// announce tells where the torrent is to be had, and wakes it if somebody wants it. It
// returns in how much time that is due again; 0: never.
func (s *sleepers) announce(it *item) time.Duration {
	e, ok := it.entry()
	if !ok {
		return 0
	}
	a, err := s.asleep(e)
	if err != nil {
		it.warn("it cannot be announced: " + err.Error())
		return time.Hour
	}
	it.mu.Lock()
	a.Uploaded, a.Downloaded = it.tally.Uploaded, it.tally.Downloaded
	it.mu.Unlock()
	heard, err := s.client.AnnounceAsleep(s.ctx, a)
	if err != nil {
		return 0
	}
	it.heard(&heard)
	if heard.Leechers > 0 || len(heard.Peers) > 0 && heard.Leechers < 0 {
		if r := it.rouse(); r != nil {
			if t, err := r.await(s.ctx); err == nil {
				for _, p := range heard.Peers {
					t.AddPeer(p)
				}
			}
		}
	}
	return heard.Next
}

// asleep describes a torrent to the engine.
func (s *sleepers) asleep(e *session.Entry) (a torrent.Asleep, err error) {
	hash, err := hex.DecodeString(string(e.ID))
	if err != nil || len(hash) != len(a.InfoHash) {
		return a, err
	}
	a = torrent.Asleep{InfoHash: [20]byte(hash), Trackers: e.Tiers, UserTrackers: e.Trackers, Private: e.Facts.Private, Local: e.Local, DHT: true}
	if e.Tiers == nil {
		_, m, err := s.papers.get(e)
		if err != nil {
			return a, err
		}
		a.Trackers = m.Trackers
	}
	return a, nil
}

// part tells the trackers of a torrent that it is gone, in a goroutine of its own.
func (s *sleepers) part(of func() (torrent.Asleep, error)) {
	if !s.tasks.enter() {
		return
	}
	go func() {
		defer s.tasks.leave()
		a, err := of()
		if err != nil {
			return
		}
		a.Event = torrent.EventStopped
		ctx, cancel := context.WithTimeout(s.ctx, partTime)
		defer cancel()
		_, _ = s.client.AnnounceAsleep(ctx, a) // who is not told forgets it in time
	}()
}

// farewell tells the trackers of those that sleep that they are gone, as far as there is
// time for it: a tracker that is not told forgets them by itself.
func (s *sleepers) farewell() {
	ctx, cancel := context.WithTimeout(s.ctx, farewellTime)
	defer cancel()
	todo := make(chan *item)
	var all sync.WaitGroup
	for range maxAnnouncing {
		all.Go(func() {
			for it := range todo {
				e, ok := it.entry()
				if !ok || ctx.Err() != nil {
					continue
				}
				if a, err := s.asleep(e); err == nil {
					a.Event = torrent.EventStopped
					_, _ = s.client.AnnounceAsleep(ctx, a)
				}
			}
		})
	}
	for _, it := range s.roster.all() {
		if it.running() == nil && it.wants() == needPeers && it.hasAnnounced() {
			todo <- it
		}
	}
	close(todo)
	all.Wait()
}

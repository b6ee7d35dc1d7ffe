package torrent

import (
	"sync"
	"time"

	"gotor/torrent/swarm"
)

// seats shares the connections of a Client out among its torrents. Its methods may be
// called from any goroutine, and lock it for a moment.
type seats struct {
	mu    sync.Mutex
	table *swarm.Seats
}

// seat is a torrent's part in it. It belongs to the run goroutine.
type seat struct {
	shared     *seats
	at         swarm.Seat
	load       func() (held, want int) // how many connections there are, and how many could be of use
	held, want int                     // as last told
}

// newSeat makes the seat of a torrent; cede has it close a connection, and may be
// called from any goroutine.
func newSeat(k *core, load func() (held, want int), cede func()) *seat {
	return &seat{shared: &k.client.seats, at: swarm.Seat{Wake: k.nudge, Cede: cede}, load: load}
}

// sit tells the others how many connections are here, or wanted.
func (s *seat) sit() { s.tell(s.load()) }

// limit is how many connections there may be now, with those that we make ourselves;
// guests is the same for those who come by themselves.
func (s *seat) limit() int {
	held, want := s.load()
	return s.part(held, want, want)
}

func (s *seat) guests() int {
	held, want := s.load()
	return s.part(held, want, want+newcomers)
}

// tell says how many connections the torrent has, and how many it could use.
func (s *seat) tell(held, want int) {
	if held == s.held && want == s.want {
		return
	}
	s.held, s.want = held, want
	s.shared.mu.Lock()
	wake := s.shared.table.Note(&s.at, held, want, nil)
	s.shared.mu.Unlock()
	for _, o := range wake {
		o.Wake()
	}
}

// part is how many connections the torrent may have now, if it is to have so many.
func (s *seat) part(held, want, many int) int {
	s.tell(held, want)
	s.shared.mu.Lock()
	n, cede := s.shared.table.Limit(&s.at, many)
	s.shared.mu.Unlock()
	if cede != nil {
		cede.Cede()
	}
	return n
}

// newcomers is for how many of whom it is not known yet what they want there is to be
// room.
const newcomers = 2

// hopeTime is how long room is kept for one that was turned away: peers come back.
const hopeTime = time.Minute

// held is how many there are.
func (p *peers) held() int { return len(p.members) + p.rest.waiters() }

// want is how many could be of use: while something is missing as many as there are
// addresses, and then as many as come for something.
func (p *peers) want() int {
	switch p.rest.state() {
	case StateMetadata, StateDownloading:
		return p.held() + p.book.Waiting() + p.dials.going
	}
	if time.Since(p.refused) < hopeTime {
		return p.eager + newcomers
	}
	return p.eager
}

// cede closes the connection of least use, because another torrent has more need of it.
func (p *peers) cede() {
	p.core.post(func(now time.Time) {
		all, list := p.connections(now)
		if i := swarm.Least(list, now); i >= 0 {
			p.dismiss(all[i], errCrowded, now)
		}
		if !p.core.over {
			p.seat.sit()
		}
	})
}

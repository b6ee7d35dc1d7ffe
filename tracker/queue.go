package tracker

import (
	"slices"
	"time"
)

// Bounds on the announces of all torrents together. A process may have thousands
// of torrents that begin, and go, at the same time; a tracker is one host, and every
// announce over HTTP takes a descriptor.
const (
	perHost = 8   // under way at one host
	inAll   = 128 // under way: a lone torrent, of maxTrackers, never waits
	// byes is how many times as many there may be of those that say that we stop:
	// they have little time, and nobody waits for the answer.
	byes = 4
	// hostPace is the least time between two that begin at one host, hostBurst how
	// many may begin at once after a pause.
	hostPace  = 10 * time.Millisecond
	hostBurst = 50
)

// queue decides when announces begin: they stand in one line for each host, and the
// host with the fewest under way is served first, so that one that is silent does
// not keep the others waiting. It is told the time and does nothing itself:
//
//	join, until start returns the place; then leave
//	until due there is nothing to start, unless somebody joins or leaves
//
// The zero value is ready.
type queue struct {
	lines []*line // in the order in which they are served among equals
	busy  int     // places that have begun and not left
}

// line is what waits for one host.
type line struct {
	host    string
	waiting []*place // those that say goodbye first
	busy    int
	paid    time.Time // the pace is kept if one begins now and then: see pace
}

// place is one announce.
type place struct {
	line  *line
	bye   bool
	begun bool
	ready chan struct{} // for who runs the queue
}

// join stands in the line of a host. bye: it says that we stop.
func (q *queue) join(host string, bye bool) *place {
	l := q.line(host)
	p := &place{line: l, bye: bye}
	at := len(l.waiting)
	if bye {
		at = slices.IndexFunc(l.waiting, func(o *place) bool { return !o.bye })
		if at < 0 {
			at = len(l.waiting)
		}
	}
	l.waiting = slices.Insert(l.waiting, at, p)
	return p
}

// line is that of a host, a new one if need be.
func (q *queue) line(host string) *line {
	for _, l := range q.lines {
		if l.host == host {
			return l
		}
	}
	l := &line{host: host}
	q.lines = append(q.lines, l)
	return l
}

// leave ends an announce, or its wait. A second call does nothing.
func (q *queue) leave(p *place) {
	l := p.line
	switch i := slices.Index(l.waiting, p); {
	case i >= 0:
		l.waiting = slices.Delete(l.waiting, i, i+1)
	case p.begun:
		p.begun = false
		l.busy--
		q.busy--
	}
}

// start returns the announces that begin now.
func (q *queue) start(now time.Time) (begin []*place) {
	q.lines = slices.DeleteFunc(q.lines, func(l *line) bool {
		return len(l.waiting) == 0 && l.busy == 0 && !now.Before(l.paid) // else the pace would be forgotten
	})
	for {
		i := q.next(now)
		if i < 0 {
			return begin
		}
		l := q.lines[i]
		q.lines = append(slices.Delete(q.lines, i, i+1), l)
		p := l.waiting[0]
		l.waiting = slices.Delete(l.waiting, 0, 1)
		p.begun = true
		l.busy++
		q.busy++
		if l.paid.Before(now) {
			l.paid = now
		}
		l.paid = l.paid.Add(hostPace)
		begin = append(begin, p)
	}
}

// next is the line of which one may begin; -1: there is none.
func (q *queue) next(now time.Time) int {
	best, hosts := -1, q.hosts()
	for i, l := range q.lines {
		if q.room(l, hosts) && !now.Before(l.pace()) && (best < 0 || l.busy < q.lines[best].busy) {
			best = i
		}
	}
	return best
}

// hosts is how many have an announce that waits or is under way.
func (q *queue) hosts() (n int) {
	for _, l := range q.lines {
		if len(l.waiting) > 0 || l.busy > 0 {
			n++
		}
	}
	return n
}

// room reports whether the bounds allow the first of a line to begin. While many
// hosts, of which there are so many, have something waiting, none takes more than its
// share.
func (q *queue) room(l *line, hosts int) bool {
	if len(l.waiting) == 0 {
		return false
	}
	most, all := perHost, inAll
	if l.waiting[0].bye {
		most, all = byes*most, byes*all
	}
	return q.busy < all && l.busy < min(most, max(1, all/hosts))
}

// pace is when the first of a line may begin at the earliest.
func (l *line) pace() time.Time {
	if l.waiting[0].bye {
		return time.Time{}
	}
	return l.paid.Add(-(hostBurst - 1) * hostPace)
}

// due returns when start will have something to do; ok is false if only somebody
// who leaves or joins can change that.
func (q *queue) due() (at time.Time, ok bool) {
	hosts := q.hosts()
	for _, l := range q.lines {
		if q.room(l, hosts) && (!ok || l.pace().Before(at)) {
			at, ok = l.pace(), true
		}
	}
	return at, ok
}

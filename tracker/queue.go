package tracker

import (
	"slices"
	"strings"
	"time"
)

// Bounds on the announces of all torrents together. A process may have thousands
// of torrents that begin, and go, at the same time; a tracker is one host, and every
// announce over HTTP takes a descriptor.
const (
	perHost  = 8         // under way at one host
	inAll    = 128       // under way over HTTP: a lone torrent, of maxTrackers, never waits
	udpInAll = 4 * 128   // and over UDP, where all have one socket
	probes   = inAll / 4 // of these, at hosts that do not answer
	// byes is how many times as many there may be of those that say that we stop:
	// they have little time, and nobody waits for the answer.
	byes = 4
	// hostPace is the least time between two that begin at one host, hostBurst how
	// many may begin at once after a pause.
	hostPace  = 10 * time.Millisecond
	hostBurst = 50
	// silentTime is how long a host that did not answer is remembered, and maxSilent
	// how many are (threat: torrents with lists of made-up trackers).
	silentTime = time.Hour
	maxSilent  = 2048
)

// queue decides when announces begin: they stand in one line for each host, and the
// host with the fewest under way is served first. One that is silent keeps nobody
// waiting, neither at other hosts nor in its own line: once it is known not to answer,
// one announce at a time tries whether it does again, and all others fail as that does.
// It is told the time and does nothing itself:
//
//	join, until start returns the place, begun or refused; if begun, then leave
//	until due there is nothing to start, unless somebody joins or leaves
//
// The zero value is ready.
type queue struct {
	lines  []*line          // with somebody in them, in the order in which they are served among equals
	hosts  map[string]*line // those, and the hosts of whom something is remembered
	busy   [2]int           // places that have begun and not left, by line.kind
	probes [2]int           // of these, at hosts that are silent
}

// line is what waits for one host.
type line struct {
	host    string
	kind    int             // 0: over HTTP, 1: over UDP
	waiting [ranks][]*place // first come, first served
	busy    int
	paid    time.Time // the pace is kept if one begins now and then: see pace

	spoke  bool      // it has answered once
	misses int       // announces that it did not answer, since it last did
	missed time.Time // the last of them
}

// rank says who goes first.
type rank uint8

// The ranks.
const (
	byeRank    rank = iota // it says that we stop
	awakeRank              // somebody may wait for peers
	asleepRank             // of a torrent that sleeps
	ranks
)

// echo is what the end of an announce tells about its host.
type echo uint8

// The kinds of it.
const (
	noEcho     echo = iota // nothing: it was given up
	heardEcho              // it answered, if only with a refusal
	silentEcho             // it did not
)

// place is one announce.
type place struct {
	line  *line
	rank  rank
	begun bool
	probe bool
	begin func(err error) // for who runs the queue
}

// join stands in the line of a host, which is one over UDP if that is its scheme.
func (q *queue) join(host string, rank rank) *place {
	l := q.hosts[host]
	if l == nil {
		l = &line{host: host}
		if strings.HasPrefix(host, "udp ") {
			l.kind = 1
		}
		if q.hosts == nil {
			q.hosts = make(map[string]*line)
		}
		q.hosts[host] = l
	}
	if l.empty() && !slices.Contains(q.lines, l) {
		q.lines = append(q.lines, l)
	}
	p := &place{line: l, rank: rank}
	l.waiting[rank] = append(l.waiting[rank], p)
	return p
}

// leave ends an announce, or its wait. A second call does nothing.
func (q *queue) leave(p *place, e echo, now time.Time) {
	l := p.line
	if !p.begun {
		if i := slices.Index(l.waiting[p.rank], p); i >= 0 {
			l.waiting[p.rank] = slices.Delete(l.waiting[p.rank], i, i+1)
		}
		return
	}
	p.begun = false
	l.busy--
	q.busy[l.kind]--
	if p.probe {
		q.probes[l.kind]--
	}
	switch e {
	case heardEcho:
		l.spoke, l.misses = true, 0
	case silentEcho:
		l.misses++
		l.missed = now
	}
}

// start returns the announces that begin now, and those that will not: their host is
// silent.
func (q *queue) start(now time.Time) (begin, refuse []*place) {
	for {
		i := q.next(now)
		if i < 0 {
			break
		}
		l := q.lines[i]
		q.lines = append(slices.Delete(q.lines, i, i+1), l)
		begin = append(begin, q.begin(l, now))
	}
	for _, l := range q.lines {
		if l.silent() && l.busy > 0 {
			for r := range l.waiting {
				refuse, l.waiting[r] = append(refuse, l.waiting[r]...), nil
			}
		}
	}
	q.lines = slices.DeleteFunc(q.lines, func(l *line) bool { return q.over(l, now) })
	return begin, refuse
}

// begin takes the first of a line.
func (q *queue) begin(l *line, now time.Time) *place {
	r := l.first()
	p := l.waiting[r][0]
	l.waiting[r] = slices.Delete(l.waiting[r], 0, 1)
	p.begun = true
	l.busy++
	q.busy[l.kind]++
	if p.probe = l.silent(); p.probe {
		q.probes[l.kind]++
	}
	if l.paid.Before(now) {
		l.paid = now
	}
	l.paid = l.paid.Add(hostPace)
	return p
}

// over reports whether nobody is in a line, and its pace need not be remembered any
// more. Whether its host answers is remembered for longer.
func (q *queue) over(l *line, now time.Time) bool {
	if !l.empty() || now.Before(l.paid) {
		return false
	}
	if l.silent() && len(q.hosts) > maxSilent {
		for h, o := range q.hosts {
			if o.empty() && now.Sub(o.missed) > silentTime {
				delete(q.hosts, h)
			}
		}
	}
	if !l.silent() || len(q.hosts) > maxSilent {
		delete(q.hosts, l.host)
	}
	return true
}

// size is how many announces wait or are under way.
func (q *queue) size() int {
	n := q.busy[0] + q.busy[1]
	for _, l := range q.lines {
		for _, waiting := range l.waiting {
			n += len(waiting)
		}
	}
	return n
}

// empty reports whether nobody is in the line.
func (l *line) empty() bool { return l.busy == 0 && l.first() == ranks }

// first is the rank of who is next; ranks: nobody waits.
func (l *line) first() rank {
	for r := range l.waiting {
		if len(l.waiting[r]) > 0 {
			return rank(r)
		}
	}
	return ranks
}

// silent reports whether the host is known not to answer: it has not answered at all so
// far, or not to as many as are under way at a time.
func (l *line) silent() bool { return l.misses >= perHost || l.misses > 0 && !l.spoke }

// next is the line of which one may begin; -1: there is none.
func (q *queue) next(now time.Time) int {
	best, n := -1, q.rivals()
	for i, l := range q.lines {
		if q.room(l, n) && !now.Before(l.pace()) && (best < 0 || l.busy < q.lines[best].busy) {
			best = i
		}
	}
	return best
}

// rivals is at how many hosts, by kind, an announce waits or is under way, those left
// out that are silent.
func (q *queue) rivals() (n [2]int) {
	for _, l := range q.lines {
		if !l.silent() && !l.empty() {
			n[l.kind]++
		}
	}
	return n
}

// room reports whether the bounds allow the first of a line to begin. While many
// hosts, of which there are so many, have something waiting, none takes more than its
// share.
func (q *queue) room(l *line, rivals [2]int) bool {
	r := l.first()
	if r == ranks {
		return false
	}
	most, all := perHost, [2]int{inAll, udpInAll}[l.kind]
	if r == byeRank {
		most, all = byes*most, byes*all
	}
	if l.silent() {
		return l.busy == 0 && q.probes[l.kind] < probes
	}
	return q.busy[l.kind] < all && l.busy < min(most, max(1, all/max(1, rivals[l.kind])))
}

// pace is when the first of a line may begin at the earliest.
func (l *line) pace() time.Time {
	if l.first() == byeRank {
		return time.Time{}
	}
	return l.paid.Add(-(hostBurst - 1) * hostPace)
}

// due returns when start will have something to do; ok is false if only somebody
// who leaves or joins can change that.
func (q *queue) due() (at time.Time, ok bool) {
	n := q.rivals()
	for _, l := range q.lines {
		if q.room(l, n) && (!ok || l.pace().Before(at)) {
			at, ok = l.pace(), true
		}
	}
	return at, ok
}

package torrent

import (
	"reflect"
	"slices"
	"sync"
	"time"
)

const (
	// showEvery is how often, at most, a torrent says how it looks.
	showEvery = time.Second
	// maxDeparted is how many torrents that have ended are remembered.
	maxDeparted = 1000
)

// ledger is what the torrents of a Client have last said about themselves, so that
// who wants to know need not ask their loops. Each entry has the revision at which
// it changed. The zero value is ready; methods may be called from any goroutine.
type ledger struct {
	mu       sync.Mutex
	revision uint64
	rows     []*row     // in the order in which they came
	departed []departed // the latest that have gone, in order
	lost     uint64     // revision of the last one that is in departed no more
}

// row is one torrent in it. Guarded by ledger.mu.
type row struct {
	torrent  *Torrent
	revision uint64
	seen     *Snapshot // not changed once it is here
}

type departed struct {
	hash     [20]byte
	revision uint64
}

// add enters a torrent.
func (l *ledger) add(t *Torrent, s *Snapshot) *row {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revision++
	r := &row{t, l.revision, s}
	l.rows = append(l.rows, r)
	return r
}

// show takes how a torrent looks now. After remove nobody sees it.
func (l *ledger) show(r *row, s *Snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revision++
	r.revision, r.seen = l.revision, s
}

// remove strikes a torrent out.
func (l *ledger) remove(t *Torrent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.rows, func(r *row) bool { return r.torrent == t })
	if i < 0 {
		return
	}
	l.rows = slices.Delete(l.rows, i, i+1)
	l.revision++
	if len(l.departed) == maxDeparted {
		l.lost = l.departed[0].revision
		l.departed = slices.Delete(l.departed, 0, 1)
	}
	l.departed = append(l.departed, departed{t.core.hash, l.revision})
}

// Changes are what has become of a Client's torrents since some revision.
type Changes struct {
	Revision uint64   // ask with it next time
	All      bool     // everything is here: the revision asked for is too old, or none
	Changed  []Change // in the order in which they were added
	// Gone are the info-hashes of torrents that have ended; empty with All. One that
	// was added again may be in Changed as well.
	Gone [][20]byte
}

// Change is a torrent that is new, or looks different.
type Change struct {
	Torrent *Torrent
	// Snapshot is at most about a second old when something has happened to the
	// torrent, and ten when only bytes have begun to move. Its slices are shared and
	// must not be changed.
	Snapshot Snapshot
}

// since lists what is newer than a revision; 0: everything.
func (l *ledger) since(revision uint64) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Changes{Revision: l.revision}
	if revision == 0 || revision < l.lost || revision > l.revision {
		revision, c.All = 0, true
	}
	for _, r := range l.rows {
		if r.revision > revision {
			c.Changed = append(c.Changed, Change{r.torrent, *r.seen})
		}
	}
	for _, d := range l.departed {
		if d.revision > revision && !c.All {
			c.Gone = append(c.Gone, d.hash)
		}
	}
	return c
}

// connections is how many all torrents had when they were last seen, and how many of
// them had dialled us.
func (l *ledger) connections() (n, incoming int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rows {
		n += r.seen.Peers
		incoming += r.seen.Incoming
	}
	return n, incoming
}

// Torrents lists the torrents that run, in the order in which they were added.
func (c *Client) Torrents() []*Torrent {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	all := make([]*Torrent, 0, len(c.ledger.rows))
	for _, r := range c.ledger.rows {
		all = append(all, r.torrent)
	}
	return all
}

// Changes tells what is new since the revision that an earlier call has returned;
// 0: everything. It asks no torrent and waits for none.
func (c *Client) Changes(since uint64) Changes {
	changes := c.ledger.since(since)
	nodes := -1
	for i := range changes.Changed {
		s := &changes.Changed[i].Snapshot
		if !s.DHT.Used {
			continue
		}
		if nodes < 0 {
			nodes = c.dht.nodes()
		}
		s.DHT.Nodes = nodes
	}
	return changes
}

// showing is a torrent's part in the ledger. It belongs to the run goroutine.
type showing struct {
	ledger *ledger
	look   func(now time.Time, r *rates) Snapshot

	row   *row
	last  *Snapshot // as it was shown
	at    time.Time // when it looked last
	due   bool      // something may have changed since
	rates rates     // of its own: rates are over the time between two looks
}

// enter puts the torrent into the ledger, before its loop begins.
func (h *showing) enter(t *Torrent, now time.Time) {
	s := h.look(now, &h.rates)
	h.last, h.at = &s, now
	h.row = h.ledger.add(t, &s)
}

// step shows how the torrent looks, after a turn of the loop in which anything
// may have changed. As long as it does change it looks again every showEvery; once
// it does not, no more before the next turn.
func (h *showing) step(now time.Time) {
	if now.Before(h.at.Add(showEvery)) {
		h.due = true
		return
	}
	s := h.look(now, &h.rates)
	h.at, h.due = now, !looksLike(h.last, &s)
	if h.due {
		h.last = &s
		h.ledger.show(h.row, &s)
	}
}

// next is when step has to look although nothing happens; zero: never.
func (h *showing) next() time.Time {
	if !h.due {
		return time.Time{}
	}
	return h.at.Add(showEvery)
}

// looksLike reports whether two snapshots differ in nothing but the time.
func looksLike(a, b *Snapshot) bool {
	then := *a
	then.Elapsed = b.Elapsed
	return reflect.DeepEqual(&then, b)
}

package torrent

import (
	"net/netip"
	"sync"
	"time"
)

// Bounds on what strangers can wake: whoever knows the info-hash of a torrent that
// sleeps has its files opened and its state read by one packet. A hash that nobody
// knows costs a look into two tables.
const (
	// maxWaking is how many torrents are woken at a time, and maxCallers how many
	// connections wait for each.
	maxWaking  = 32
	maxCallers = 8
	// wakeTime is how long they wait: a handshake has 10 s for everything.
	wakeTime = 9 * time.Second
	// wakeEvery and wakeBurst bound how often torrents wake for strangers: for all, so
	// that a botnet cannot have thousands opened at once, and for one host, so that it
	// does not take the others' turns.
	wakeEvery = 100 * time.Millisecond
	wakeBurst = 100
	hostEvery = 15 * time.Second
	hostBurst = 8
)

// wakes wakes torrents that sleep for those who come for them. Its methods may be
// called from any goroutine.
type wakes struct {
	client *Client                          // immutable
	wake   func(infoHash [20]byte) *Torrent // Config.Wake; immutable

	mu    sync.Mutex
	going map[[20]byte]*waking
	pace  wakePace
}

// waking is a call of Config.Wake.
type waking struct {
	done    chan struct{} // closed when t is set
	t       *Torrent
	callers int // who wait, guarded by wakes.mu
}

// knock returns the torrent that sleeps under a hash, awake now, for a connection from
// host; nil: there is none, or it takes too long, or too many are being woken.
func (w *wakes) knock(infoHash [20]byte, host netip.Addr) *Torrent {
	if w.wake == nil {
		return nil
	}
	k, first := w.join(infoHash, host)
	switch {
	case k == nil:
		return nil
	case first:
		w.call(k, infoHash, host)
		return k.t
	}
	timer := time.NewTimer(wakeTime)
	defer timer.Stop()
	select {
	case <-k.done:
		return k.t
	case <-timer.C:
	case <-w.client.ctx.Done():
	}
	return nil
}

// join waits with those who want the same; first: it is for the caller to wake it.
func (w *wakes) join(infoHash [20]byte, host netip.Addr) (k *waking, first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k = w.going[infoHash]; k != nil {
		if k.callers == maxCallers {
			return nil, false
		}
		k.callers++
		return k, false
	}
	if len(w.going) == maxWaking || !w.pace.may(host, time.Now()) {
		return nil, false
	}
	if w.going == nil {
		w.going = make(map[[20]byte]*waking)
	}
	k = &waking{done: make(chan struct{}), callers: 1}
	w.going[infoHash] = k
	return k, true
}

// call asks the owner.
func (w *wakes) call(k *waking, infoHash [20]byte, host netip.Addr) {
	defer func() { // after a panic, too
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.going, infoHash)
		if k.t != nil {
			w.pace.count(host, time.Now())
		}
		close(k.done)
	}()
	t := w.wake(infoHash)
	if t != nil && t.core.client == w.client && t.core.ids.has(infoHash) {
		k.t = t
	}
}

// wakePace says who may have another torrent woken. It counts those that woke only:
// whoever names hashes that nobody knows takes nobody's turn. It is told the time.
type wakePace struct {
	all   bucket
	hosts map[netip.Addr]bucket // those that are not full
	sweep int                   // when there are so many, those that are full again go
}

// may reports whether a connection from host may wake a torrent.
func (p *wakePace) may(host netip.Addr, now time.Time) bool {
	b := p.hosts[host]
	return p.all.has(now, wakeEvery, wakeBurst) && b.has(now, hostEvery, hostBurst)
}

// count notes that it did. Private addresses may be one for many hosts: they are
// bounded together only. The table is bounded by the pace of all: nobody stays in it
// longer than hostBurst times hostEvery.
func (p *wakePace) count(host netip.Addr, now time.Time) {
	p.all.take(now, wakeEvery)
	if private(host) {
		return
	}
	if p.hosts == nil {
		p.hosts = make(map[netip.Addr]bucket)
	}
	if len(p.hosts) >= max(p.sweep, 64) {
		for h, b := range p.hosts {
			if !now.Before(b.full) {
				delete(p.hosts, h)
			}
		}
		p.sweep = 2 * len(p.hosts)
	}
	b := p.hosts[host]
	b.take(now, hostEvery)
	p.hosts[host] = b
}

// bucket is a number of turns that fill up again one by one. The zero value is full.
type bucket struct{ full time.Time } // when it will be

// has reports whether a bucket of so many turns has one left, when one comes every so
// often.
func (b bucket) has(now time.Time, every time.Duration, most int) bool {
	return b.full.Sub(now) <= time.Duration(most-1)*every
}

// take takes one.
func (b *bucket) take(now time.Time, every time.Duration) {
	if b.full.Before(now) {
		b.full = now
	}
	b.full = b.full.Add(every)
}

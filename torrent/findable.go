package torrent

import (
	"errors"
	"time"

	"gotor/tracker"
	"gotor/tracker/dht"
)

// This file is how a seed learns whether anybody can find it: a link is of no use
// before.

// findTime is how long a seed waits for those who are to know of it, before it is
// said that nobody does: a search in the DHT takes some seconds.
const findTime = 10 * time.Second

// publicity is what is known about who knows of a seed. It belongs to the run
// goroutine.
type publicity struct {
	findable chan struct{} // closed by step
	// outlook tells whether somebody leads others to us, or a peer is here already, and
	// whether that may still come. It is called on the loop.
	outlook func() (known, hope bool)

	until   time.Time // of the wait; zero: it has not begun
	decided bool
	found   bool // a tracker, the DHT or the local network has known of us
	stored  int  // nodes of the DHT that took the last announce
	local   bool // the local network was told
	noLocal bool // it cannot be told
}

// begin begins the wait.
func (p *publicity) begin(now time.Time) { p.until = now.Add(findTime) }

// step decides, as soon as it can be, whether the torrent can be found: it is known,
// or there is no hope left, or the wait is over.
func (p *publicity) step(now time.Time) {
	if p.decided || p.until.IsZero() {
		return
	}
	if known, hope := p.outlook(); known || !hope || !now.Before(p.until) {
		p.decided = true
		close(p.findable)
	}
}

// due is when step must look although nothing happens; zero: never.
func (p *publicity) due() time.Time {
	if p.decided {
		return time.Time{}
	}
	return p.until
}

// toldLocal notes what came of telling the local network.
func (p *publicity) toldLocal(err error) {
	p.local, p.noLocal = err == nil, err != nil
	p.found = p.found || p.local
}

// toldDHT notes what came of telling the DHT. A search that was broken off says
// nothing about what an earlier one has left there.
func (p *publicity) toldDHT(res dht.Result) {
	if errors.Is(res.Err, dht.ErrCancelled) || errors.Is(res.Err, dht.ErrClosed) {
		return
	}
	p.stored = res.Stored
	p.found = p.found || res.Stored > 0
}

// trackersSpoke notes what the trackers have answered.
func (p *publicity) trackersSpoke(status func() []tracker.Status) {
	if p.found {
		return
	}
	for _, s := range status() {
		p.found = p.found || s.LastOK
	}
}

// describe adds to a snapshot who knows of the torrent. everConnected: a peer did.
func (p *publicity) describe(s *Snapshot, everConnected bool) {
	s.Found, s.Decided = p.found || everConnected, p.decided
	s.LocalTold, s.DHT.Stored = p.local, p.stored
}

// Findable reports whether others can find the torrent now, as far as is known: a
// tracker or the DHT has taken the last announce, the local network was told, or a
// peer is here.
func (s *Snapshot) Findable() bool {
	return s.Peers > 0 || s.LocalTold || s.DHT.Stored > 0 || s.Tracked()
}

// Hidden reports whether the torrent seeds, and it is known that nobody can find
// it.
func (s *Snapshot) Hidden() bool { return s.Decided && s.State == StateSeeding && !s.Findable() }

// Tracked reports whether a tracker has answered our last announce to it.
func (s *Snapshot) Tracked() bool {
	for i := range s.Trackers {
		if s.Trackers[i].OK {
			return true
		}
	}
	return false
}

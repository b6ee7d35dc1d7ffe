package torrent

import (
	"errors"
	"time"

	"gotor/tracker/dht"
)

// This file is how a seed learns whether anybody can find it: a link is of no use
// before.

// findTime is how long a seed waits for those who are to know of it, before it is
// said that nobody does: a search in the DHT takes some seconds.
const findTime = 10 * time.Second

// publicity is what is known about who knows of a seed.
type publicity struct {
	until   time.Time // of the wait; zero: it has not begun
	decided bool
	found   bool // a tracker, the DHT or the local network has known of us
	stored  int  // nodes of the DHT that took the last announce
	local   bool // the local network was told
	noLocal bool // it cannot be told
}

// Findable is closed once a seeding torrent can be found by others, once it is
// known that it cannot, and at the latest some seconds after the seeding began;
// Snapshot says which. It is not closed when the torrent ends before that.
func (t *Torrent) Findable() <-chan struct{} { return t.findable }

// findStep decides, as soon as it can be, whether the torrent can be found.
func (t *Torrent) findStep(now time.Time) {
	p := &t.public
	if p.decided || p.until.IsZero() {
		return
	}
	known, hope := t.knownFar()
	if known || !hope && !t.localHope() || !now.Before(p.until) {
		p.decided = true
		close(t.findable)
	}
}

// findNext is when findStep must look although nothing happens; zero: never.
func (t *Torrent) findNext() time.Time {
	if t.public.decided {
		return time.Time{}
	}
	return t.public.until
}

// knownFar reports whether somebody beyond the local network leads others to us,
// or a peer is here already, and whether that may still come.
func (t *Torrent) knownFar() (known, hope bool) {
	d := &t.disco
	known = t.peers.everConnected || t.public.stored > 0
	hope = t.peers.tried < len(t.source.Peers) || t.peerNames > 0
	if d.may.dht && t.core.client.endpoint.port() != 0 && !d.searched {
		hope = hope || t.core.client.dht.promising() || len(t.nodes()) > 0
	}
	for _, s := range t.trackerStatus() {
		known = known || s.LastOK
		hope = hope || !s.LastOK && s.Err == ""
	}
	return known, hope
}

// localHope reports whether the local network is about to be told.
func (t *Torrent) localHope() bool {
	return t.disco.may.lsd && !t.public.local && !t.public.noLocal
}

// toldLocal notes what came of telling the local network.
func (t *Torrent) toldLocal(err error) {
	p := &t.public
	p.local, p.noLocal = err == nil, err != nil
	p.found = p.found || p.local
}

// toldDHT notes what came of telling the DHT. A search that was broken off says
// nothing about what an earlier one has left there.
func (t *Torrent) toldDHT(res dht.Result) {
	if errors.Is(res.Err, dht.ErrCancelled) || errors.Is(res.Err, dht.ErrClosed) {
		return
	}
	t.public.stored = res.Stored
	t.public.found = t.public.found || res.Stored > 0
}

// trackerChanged has the loop look at the trackers, soon. The announcer's
// goroutines call it.
func (t *Torrent) trackerChanged() {
	if t.spoke.CompareAndSwap(false, true) {
		t.core.post(func(time.Time) { t.trackersSpoke() })
	}
}

// trackersSpoke notes that something has changed with the trackers.
func (t *Torrent) trackersSpoke() {
	t.spoke.Store(false)
	if t.public.found {
		return
	}
	for _, s := range t.trackerStatus() {
		t.public.found = t.public.found || s.LastOK
	}
}

// lookPublic adds to a snapshot who knows of the torrent.
func (t *Torrent) lookPublic(s *Snapshot) {
	p := &t.public
	s.Port, s.Found, s.Decided = t.core.client.endpoint.port(), p.found || t.peers.everConnected, p.decided
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

package torrent

import (
	"time"

	"gotor/torrent/swarm"
)

// When the process has no descriptor left for a file, peers make room: the
// download has the right of way. That should not happen, since everything is
// bounded (limitsFor), but what others in the process open is not ours to count.

// pressTime is how long nobody is accepted or dialled after that.
const pressTime = time.Second

// relieve closes connections because a file could not be opened. Storage calls
// it, from any goroutine.
func (c *Client) relieve() {
	c.pressed.Store(time.Now().Add(pressTime).UnixNano())
	if c.lobby.turnOut() {
		return
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	for t := range c.torrents.all {
		t.peers.press()
	}
}

// underPressure reports whether descriptors are for files only.
func (c *Client) underPressure() bool { return time.Now().UnixNano() < c.pressed.Load() }

// press has room made, from any goroutine.
func (p *peers) press() {
	if p.pressing.CompareAndSwap(false, true) {
		p.core.post(p.relieve)
	}
}

// relieve closes the member of least use, unless all are of use.
func (p *peers) relieve(now time.Time) {
	p.pressing.Store(false)
	all, list := p.connections(now)
	if i := swarm.Idle(list, now); i >= 0 {
		p.dismiss(all[i], errCrowded, now)
	}
}

// mayDialMore reports whether the process may have another half-open connection.
func (c *Client) mayDialMore() bool {
	return int(c.dialing.Load()) < c.limits.halfOpen && !c.underPressure()
}

// dialEnded counts a half-open connection that is none any more. Those who waited
// for its place are woken.
func (c *Client) dialEnded() {
	if int(c.dialing.Add(-1)) != c.limits.halfOpen-1 {
		return
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	for t := range c.torrents.all {
		if t.core.blocked.CompareAndSwap(true, false) {
			t.core.nudge()
		}
	}
}

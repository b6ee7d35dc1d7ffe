package torrent

import "time"

// This file is what a torrent does once it is complete: when it has seeded
// enough, and what it remembers of it.

// seedClock knows when a seed has done enough. It is told the time and how much
// was uploaded.
type seedClock struct {
	ratio      float64 // 0: no limit
	bytes      int64   // what a ratio of 1 is
	span, idle time.Duration

	began  time.Time // zero: not seeding
	sent   int64     // bytes uploaded when last looked, in earlier runs too
	active time.Time // when that was seen to have grown
	looked time.Time
	rate   float64 // bytes/s between the last two looks
	left   bool    // somebody who was sent something has gone: look again
}

// begin starts the clock.
func (c *seedClock) begin(sent int64, now time.Time) {
	c.began, c.active, c.looked, c.sent = now, now, now, sent
	c.left = true // it may have been enough before
}

// aim changes when it is enough.
func (c *seedClock) aim(s *Seeding) {
	c.ratio, c.span, c.idle = s.SeedRatio, s.SeedTime, s.SeedIdle
	c.left = true // it may be by now
}

// look notes how much was sent and reports whether it is enough.
func (c *seedClock) look(sent int64, now time.Time) bool {
	if d := now.Sub(c.looked).Seconds(); d > 0 {
		c.rate = float64(sent-c.sent) / d
	}
	if sent != c.sent {
		c.active = now
	}
	c.sent, c.looked, c.left = sent, now, false
	switch {
	case c.ratio > 0 && c.bytes > 0 && float64(sent) >= c.ratio*float64(c.bytes):
	case c.span > 0 && now.Sub(c.began) >= c.span:
	case c.idle > 0 && now.Sub(c.active) >= c.idle:
	default:
		return false
	}
	return true
}

// stood puts the end of an idle seeding off by a time in which nobody could be
// sent anything. The time to seed for goes on, as that of the whole job does.
func (c *seedClock) stood(span time.Duration) {
	if !c.began.IsZero() {
		c.active = c.active.Add(span)
	}
}

// waits reports whether stood makes a difference now.
func (c *seedClock) waits() bool { return c.idle > 0 && !c.began.IsZero() }

// next is when look should be called again; zero: never. serving: somebody may
// ask us for blocks.
func (c *seedClock) next(serving bool) (at time.Time) {
	if c.began.IsZero() {
		return at
	}
	sooner := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if c.span > 0 {
		sooner(c.began.Add(c.span))
	}
	if c.idle > 0 {
		sooner(c.active.Add(c.idle))
	}
	if c.left {
		sooner(c.looked)
	}
	if serving && (c.ratio > 0 || c.idle > 0) {
		wait := seedLook
		if c.ratio > 0 && c.rate > 0 { // be there when it is reached
			left := c.ratio*float64(c.bytes) - float64(c.sent)
			wait = min(wait, max(seedLook/100, time.Duration(left/c.rate*float64(time.Second))))
		}
		sooner(c.looked.Add(wait))
	}
	return at
}

// beginSeeding follows the end of the download.
func (t *Torrent) beginSeeding(now time.Time) {
	_, up := trafficOf(t)
	t.seeds = seedClock{bytes: t.held.wanted}
	t.seeds.aim(&t.spec.Seeding)
	t.seeds.begin(t.held.prior.uploaded+up, now)
	t.public.begin(now)
	switch {
	case t.spec.SuperSeed:
		t.peers.beginSuper()
	case t.held.resumed == t.held.wanted && t.held.files.everything():
		t.peers.beginHints()
	}
	if t.held.recordAt = (time.Time{}); t.held.remembers() {
		t.held.recordAt = now
	}
}

// seedStep ends the seeding when it is enough.
func (t *Torrent) seedStep(now time.Time) {
	at := t.seeds.next(t.peers.serving())
	if at.IsZero() || now.Before(at) {
		return
	}
	_, up := trafficOf(t)
	if t.seeds.look(t.held.prior.uploaded+up, now) {
		t.core.over, t.state, t.held.sated = true, StateDone, true
	}
}

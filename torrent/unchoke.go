package torrent

import (
	"time"

	"gotor/torrent/swarm"
)

// This file carries out what the choker decides.

// interest is what a remote says of our pieces.
func (p *peers) interest(m *member, on bool, now time.Time) {
	p.wants(m, on)
	if !on && p.useless(m) {
		m.conn.Close(errUseless)
	}
	on = on && !p.data.streamed // what is streamed away is not ours to give
	p.carryOut(p.choker.Interest(&m.choking, on, now, p.changes[:0]), now)
}

// wants notes whether a member wants something of us.
func (p *peers) wants(m *member, on bool) {
	switch {
	case on && !m.interested:
		p.eager++
	case !on && m.interested:
		p.eager--
	}
	m.interested = on
}

// chokeNext is when chokeStep has something to do; zero: nothing to wait for.
func (p *peers) chokeNext() time.Time {
	if p.data.mgr == nil {
		return time.Time{}
	}
	return p.choker.Next()
}

// chokeStep shares the slots out anew when a round is due, and lends those that
// idle in between.
func (p *peers) chokeStep(now time.Time) {
	if at := p.chokeNext(); at.IsZero() || now.Before(at) {
		return
	}
	p.carryOut(p.choker.Draw(now, p.changes[:0]), now)
	if at := p.choker.Next(); at.IsZero() || now.Before(at) {
		return
	}
	for _, m := range p.members {
		s := m.stats(now)
		m.choking.Sample(swarm.ChokeSample{
			Down: s.Downloaded, Up: s.Uploaded, Have: s.Have,
			Owing: s.Outstanding > 0, Asks: s.Queued > 0, UploadOnly: s.Seed || s.UploadOnly,
		})
	}
	if !p.choker.RoundDue(now) {
		p.carryOut(p.choker.Lend(now, p.changes[:0]), now)
		return
	}
	p.carryOut(p.choker.Round(now, !p.loading(), p.core.maxUp(), p.changes[:0]), now)
}

// hoards is told that a member keeps what it was given, or does no more.
func (p *peers) hoards(m *member, on bool, now time.Time) {
	p.carryOut(p.choker.Hoard(&m.choking, on, now, p.changes[:0]), now)
}

// carryOut tells the remotes of their slots.
func (p *peers) carryOut(changes []swarm.ChokeChange, now time.Time) {
	for _, c := range changes {
		m := p.members[c.Peer.Addr]
		if m == nil || &m.choking != c.Peer {
			continue // it has left
		}
		if !c.Choke && !m.offered.After(m.moved) {
			m.offered = now
		}
		if c.Choke {
			p.rest.unserved() // nobody may be left to look for
		}
		p.reveals.slot(m, now) // before it may ask for anything
		m.conn.Choke(c.Choke)
	}
	p.changes = changes[:0]
}

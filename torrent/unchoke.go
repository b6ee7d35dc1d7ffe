package torrent

import "time"

// This file carries out what the choker decides.

// interest is what a remote says of our pieces.
func (t *Torrent) interest(m *member, on bool, now time.Time) {
	m.interested = on
	if !on && t.useless(m) {
		m.conn.Close(errUseless)
	}
	if t.layout != nil {
		t.choker.slots.suit(t.layout.Pieces(), t.meta.PieceLength)
	}
	on = on && t.stream == nil // what is streamed away is not ours to give
	t.carryOut(t.choker.interest(&m.choking, on, now, t.changes[:0]), now)
}

// chokeStep shares the slots out anew when a round is due, and lends those that
// idle in between.
func (t *Torrent) chokeStep(now time.Time) {
	if at := t.choker.next(); t.mgr == nil || at.IsZero() || now.Before(at) {
		return
	}
	t.carryOut(t.choker.draw(now, t.changes[:0]), now)
	if at := t.choker.next(); at.IsZero() || now.Before(at) {
		return
	}
	for _, m := range t.members {
		s := m.conn.Stats()
		if n := s.Downloaded + s.Uploaded; n > m.bytes {
			m.bytes, m.moved = n, now
		}
		m.choking.sample(s.Downloaded, s.Uploaded, s.Outstanding > 0, s.Seed || s.UploadOnly)
		m.choking.asks, m.choking.have = s.Queued > 0, s.Have
	}
	if now.Before(t.choker.due) {
		t.carryOut(t.choker.lend(now, t.changes[:0]), now)
		return
	}
	seeding := t.state != StateDownloading
	t.carryOut(t.choker.round(now, seeding, t.core.client.cfg.MaxUp, t.changes[:0]), now)
}

func (t *Torrent) carryOut(changes []chokeChange, now time.Time) {
	for _, c := range changes {
		m := c.peer.member
		if !c.choke && !m.offered.After(m.moved) {
			m.offered = now
		}
		m.unchoked = !c.choke
		t.seeds.left = t.seeds.left || c.choke // nobody may be left to look for
		t.hint(c.peer.member, now)             // before it may ask for anything
		c.peer.member.conn.Choke(c.choke)
	}
	t.changes = changes[:0]
}

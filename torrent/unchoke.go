package torrent

import "time"

// This file carries out what the choker decides.

// interest is what a remote says of our pieces.
func (t *Torrent) interest(m *member, on bool, now time.Time) {
	m.interested = on
	on = on && t.stream == nil // what is streamed away is not ours to give
	t.carryOut(t.choker.interest(&m.choking, on, now, t.changes[:0]))
}

// chokeRound shares the slots out anew.
func (t *Torrent) chokeRound(now time.Time) {
	for _, m := range t.members {
		s := m.conn.Stats()
		if n := s.Downloaded + s.Uploaded; n > m.bytes {
			m.bytes, m.moved = n, now
		}
		m.choking.sample(s.Downloaded, s.Uploaded, s.Outstanding > 0, s.Seed || s.UploadOnly)
	}
	seeding := t.state != StateDownloading
	t.carryOut(t.choker.round(now, seeding, t.client.cfg.MaxUp, t.changes[:0]))
}

func (t *Torrent) carryOut(changes []chokeChange) {
	for _, c := range changes {
		c.peer.member.unchoked = !c.choke
		c.peer.member.conn.Choke(c.choke)
	}
	t.changes = changes[:0]
}

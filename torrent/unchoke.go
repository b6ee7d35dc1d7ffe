package torrent

import (
	"time"

	"gotor/torrent/swarm"
)

// This file carries out what the choker decides.

// interest is what a remote says of our pieces.
func (t *Torrent) interest(m *member, on bool, now time.Time) {
	m.interested = on
	if !on && t.useless(m) {
		m.conn.Close(errUseless)
	}
	if t.layout != nil {
		t.choker.Suit(t.layout.Pieces(), t.meta.PieceLength)
	}
	on = on && t.stream == nil // what is streamed away is not ours to give
	t.carryOut(t.choker.Interest(&m.choking, on, now, t.changes[:0]), now)
}

// chokeStep shares the slots out anew when a round is due, and lends those that
// idle in between.
func (t *Torrent) chokeStep(now time.Time) {
	if at := t.choker.Next(); t.mgr == nil || at.IsZero() || now.Before(at) {
		return
	}
	t.carryOut(t.choker.Draw(now, t.changes[:0]), now)
	if at := t.choker.Next(); at.IsZero() || now.Before(at) {
		return
	}
	for _, m := range t.members {
		s := m.conn.Stats()
		if n := s.Downloaded + s.Uploaded; n > m.bytes {
			m.bytes, m.moved = n, now
		}
		m.choking.Sample(swarm.ChokeSample{
			Down: s.Downloaded, Up: s.Uploaded, Have: s.Have,
			Owing: s.Outstanding > 0, Asks: s.Queued > 0, UploadOnly: s.Seed || s.UploadOnly,
		})
	}
	if !t.choker.RoundDue(now) {
		t.carryOut(t.choker.Lend(now, t.changes[:0]), now)
		return
	}
	seeding := t.state != StateDownloading
	t.carryOut(t.choker.Round(now, seeding, t.core.client.cfg.MaxUp, t.changes[:0]), now)
}

// carryOut tells the remotes of their slots.
func (t *Torrent) carryOut(changes []swarm.ChokeChange, now time.Time) {
	for _, c := range changes {
		m := t.members[c.Peer.Addr]
		if !c.Choke && !m.offered.After(m.moved) {
			m.offered = now
		}
		t.seeds.left = t.seeds.left || c.Choke // nobody may be left to look for
		t.hint(m, now)                         // before it may ask for anything
		m.conn.Choke(c.Choke)
	}
	t.changes = changes[:0]
}

package torrent

import (
	"time"

	"gotor/torrent/metainfo"
)

// This file is what the loop does until it is known what a torrent is.

// learned follows the search for the metainfo: the torrent waits for Begin.
func (t *Torrent) learned(raw []byte, m *metainfo.Torrent, err error) {
	if t.core.over {
		return
	}
	if err != nil {
		t.finish(err)
		return
	}
	if t.learn(raw, m); m.Private {
		t.disco.stop()
		// Whom we know from elsewhere than the trackers is let go. A peer that came
		// by itself may stay; it knows the torrent from somewhere.
		for _, a := range t.peers.book.ForgetStrangers() {
			t.lookup.drop(a, errPrivate)
		}
	}
}

// welcome makes members of the waiters that are ready, and of who waits in the lobby,
// once members can be.
func (t *Torrent) welcome(now time.Time) {
	if t.held.mgr == nil || t.change.changes() {
		return
	}
	for _, w := range t.lookup.takeReady() {
		m := &member{addr: w.addr, listen: w.listen, incoming: w.incoming, id: w.hs.PeerID, since: now}
		t.peers.take(m, w.conn, w.hs, w.prelude, now)
	}
	t.peers.admit(now)
}

package torrent

import (
	"net/netip"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/torrent/metainfo"
)

// This file is what the loop does until it is known what a torrent is.

// extensions are those that we name to waiters.
func (t *Torrent) extensions(was *peer.Prelude) []string {
	return t.core.client.extensions(t.meta, was)
}

// whispered takes the first message of peer exchange of a waiter: there may be
// nobody else who knows who has the metainfo. The reader calls it.
func (t *Torrent) whispered(from netip.Addr, payload []byte) {
	if t.core.client.cfg.NoPEX {
		return
	}
	msg, err := wire.ParsePEX(payload)
	if err != nil {
		return
	}
	t.core.post(func(now time.Time) {
		if t.core.client.sourcesOf(t.meta).pex {
			t.peers.gossip.rumoured(msg, from, now)
		}
	})
}

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
		t.forgetStrangers()
	}
}

// welcome makes members of the waiters that are ready, once members can be.
func (t *Torrent) welcome(now time.Time) {
	if t.mgr == nil {
		return
	}
	for _, w := range t.lookup.takeReady() {
		m := &member{addr: w.addr, listen: w.listen, incoming: w.incoming, id: w.hs.PeerID, since: now}
		t.peers.take(m, w.conn, w.hs, w.prelude, now)
	}
}

package torrent

import (
	"errors"
	"time"
)

// This file is where a torrent's ways of finding peers and of being found (announces,
// discovery, publicity) meet the rest of it.

// findPeers begins to ask for peers, or goes on with what is now known about the
// torrent.
func (t *Torrent) findPeers(now time.Time) {
	t.announces.start(t.layout != nil && t.held.verified == t.held.wanted)
	at := now
	if t.announces.any() || t.peers.book.Size()+t.names.looking > 0 || t.source.names(t.meta) {
		at = t.started.Add(discoverGrace)
	}
	if t.stay && t.layout != nil && t.held.lacks() == 0 {
		at = maxTime(at, t.announces.past.dht) // it was told while the torrent slept
	}
	nodes := t.source.nodes()
	if t.meta != nil {
		nodes = t.meta.Nodes
	}
	t.disco.start(t.core.client.sourcesOf(t.meta), nodes, at)
}

// Findable is closed once a seeding torrent can be found by others, once it is
// known that it cannot, and at the latest some seconds after the seeding began;
// Snapshot says which. It is not closed when the torrent ends before that.
func (t *Torrent) Findable() <-chan struct{} { return t.public.findable }

// outlookOf reports whether somebody beyond the local network leads others to us,
// or a peer is here already; and whether that may still come, or the local network
// is about to be told.
func outlookOf(t *Torrent) (known, hope bool) {
	known = t.peers.everConnected || t.public.stored > 0
	hope = t.peers.dials.tried < len(t.source.Peers) || t.names.looking > 0
	hope = hope || t.disco.may.lsd && !t.public.local && !t.public.noLocal
	hope = hope || t.core.client.endpoint.port() != 0 && !t.disco.searched && t.disco.promising()
	for _, s := range t.announces.status() {
		known = known || s.LastOK
		hope = hope || !s.LastOK && s.Err == ""
	}
	return known, hope
}

var errPrivate = errors.New("the torrent is private, and no tracker named it")

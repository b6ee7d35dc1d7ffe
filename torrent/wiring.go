package torrent

import (
	"net/netip"
	"time"

	"gotor/peer"
	"gotor/torrent/swarm"
	"gotor/tracker/dht"
)

// This file is where the parts of a torrent meet: what one asks of the others, which it
// does not know, it calls through functions that are made here.

// restForPeers is what the peers ask of the rest of the torrent.
func restForPeers(t *Torrent) peersRest {
	return peersRest{
		state:   func() State { return t.state },
		welcome: func() bool { return t.held.mgr != nil && !t.change.changes() && !t.core.over },
		later: func() bool {
			return t.state != StateMetadata && !t.core.over && (t.held.mgr == nil || t.change.changes())
		},
		waiters: func() int { return len(t.lookup.waiters) }, wait: t.lookup.wait,
		counted:  func(now time.Time) { t.clocks.connected(reachOf(t), now) },
		lonely:   t.announces.want,
		unserved: func() { t.seeds.left = true },
		nodePort: t.disco.nodePort, node: t.disco.named, readFailed: t.held.readFailed,
	}
}

// hooksForWeb is what the web servers ask of the rest of the torrent.
func hooksForWeb(t *Torrent) webHooks {
	return webHooks{
		left:    t.held.lacks,
		has:     func(p int) bool { return bit(t.held.have, p) },
		changed: func(now time.Time) { t.clocks.connected(reachOf(t), now) },
	}
}

// newsForKeeper is what the keeper tells the rest of the torrent.
func newsForKeeper(t *Torrent) keeperNews {
	return keeperNews{
		doubt: func(files []int, why error, _ time.Time) { t.held.doubt(files, why) },
		finished: func(n int, err error, now time.Time) {
			t.held.pending -= n
			t.kept(err, now)
		},
		rehashed: t.rehashed,
		saved: func(err error, now time.Time) {
			t.held.saving = false
			t.kept(err, now)
		},
		removed: t.stateRemoved,
	}
}

// newsForStream is what a streamer tells the rest of the torrent.
func newsForStream(t *Torrent) streamNews {
	return streamNews{
		moved: t.clocks.begin, // the wait for the reader was not for peers
		ended: func(err error, now time.Time) {
			t.held.streamDone = err == nil
			t.kept(err, now)
		},
	}
}

// wireSearch makes the ways of finding peers and of being found: announces, discovery
// and publicity.
func wireSearch(t *Torrent) {
	t.announces = announces{core: t.core, counters: &t.counters, user: t.source.Trackers, linked: t.source.linked(), replaced: t.source.tiers(), hooks: announceHooks{
		found: func(a netip.AddrPort, from swarm.Origin, who string, now time.Time) {
			t.peers.book.AddOf(a, from, who, now)
		},
		changed: func() { t.public.trackersSpoke(t.announces.status) },
	}}
	t.disco = discovery{core: t.core, hooks: discoveryHooks{
		found: func(a netip.AddrPort, from swarm.Origin, now time.Time) bool { return t.peers.book.Add(a, from, now) },
		need: func() need {
			return need{
				known: t.meta != nil, whole: t.state == StateSeeding || t.state == StateFinishing,
				stays: t.state == StateSeeding, peers: t.peers.connected() + len(t.lookup.waiters),
			}
		},
		searched:  func(res dht.Result) { t.public.toldDHT(res) },
		toldLocal: func(err error) { t.public.toldLocal(err) },
	}}
	t.public = publicity{findable: make(chan struct{}), outlook: func() (known, hope bool) { return outlookOf(t) }}
}

// startLookup begins to look for the metainfo of a link.
func startLookup(t *Torrent) {
	t.counters.left.Store(-1) // not known
	t.lookup = lookup{core: t.core, link: t.source.Link, portable: t.source.PortableNames, how: t.how, book: t.peers.book,
		swarm: lookupSwarm{
			extensions: func(was *peer.Prelude) []string { return t.core.client.extensions(t.meta, was) },
			limit:      t.peers.seat.guests,
			dhtPort:    t.disco.nodePort, dhtNamed: t.disco.named,
			whispered: func(from netip.Addr, payload []byte) {
				t.peers.gossip.whispered(from, payload, func() bool { return t.core.client.sourcesOf(t.meta).pex })
			},
		},
		news: lookupNews{
			search:   t.findPeers,
			hopeless: func() bool { return hopeless(t) },
			here:     func() { t.state = StateStarting },
			done:     t.learned,
			ready:    t.welcome,
		}}
	t.lookup.start()
}

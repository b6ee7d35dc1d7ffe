package torrent

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
	"gotor/tracker/dht"
)

const (
	// discoverGrace is how long a torrent that has trackers, peers or web seeds
	// leaves the DHT and the local network alone: a job that these can serve at once
	// is done by then and troubles nobody.
	discoverGrace = time.Second
	// dhtEvery is how long what we announce lasts at others, less a reserve: most
	// forget after half an hour. dhtHungry is for a download with few peers,
	// dhtAlone for one with none.
	dhtEvery  = 15 * time.Minute
	dhtHungry = 2 * time.Minute
	dhtAlone  = 30 * time.Second
	fewPeers  = 10
	// dhtRetry is the first pause when there was no node to ask; it doubles up to
	// dhtHungry.
	dhtRetry = time.Second
)

// sources are the ways, beside its trackers, by which a torrent may find peers
// and be found.
type sources struct{ dht, pex, lsd bool }

// sourcesOf is the one place that decides which they are. A private torrent
// (BEP 27) has its trackers only. meta is nil as long as only a link is known: a
// private torrent's swarm cannot be told from others then.
func (c *Client) sourcesOf(meta *metainfo.Torrent) sources {
	if meta != nil && meta.Private {
		return sources{}
	}
	return sources{dht: c.dht != nil, pex: !c.cfg.NoPEX, lsd: c.lsd != nil}
}

// discovery is a torrent's search in the DHT, and its place in the local tracker.
type discovery struct {
	may     sources
	next    time.Time // when to look in the DHT again; zero: not before something happens
	cancel  context.CancelFunc
	running bool
	said    bool // the local tracker knows of us
	lsdAt   time.Time
	// searched: a search in the DHT has ended. localUntil is when somebody on the
	// local network should have answered.
	searched   bool
	localUntil time.Time
	fails      int
	found      int   // addresses from the DHT
	local      int   // addresses from the local network
	err        error // of the last search
}

// startDiscovery begins to look for peers beyond the trackers, or goes on with
// what is now known about the torrent.
func (t *Torrent) startDiscovery(now time.Time) {
	d := &t.disco
	d.may = t.core.client.sourcesOf(t.meta)
	at := now
	if t.hasSources() {
		at = t.started.Add(discoverGrace)
	}
	if d.may.dht {
		d.next = at
		t.nameNodes()
	}
	if d.may.lsd && !d.said {
		d.lsdAt = at
	}
}

// hasSources reports whether there is somebody else to turn to.
func (t *Torrent) hasSources() bool {
	if t.hasTrackers() || t.peers.book.Size()+t.peerNames > 0 || len(t.source.Mirrors) > 0 {
		return true
	}
	if t.meta == nil {
		return len(t.source.Link.Peers) > 0
	}
	return !t.source.NoWebSeeds && len(t.meta.WebSeeds)+len(t.meta.HTTPSeeds) > 0
}

// nodes are those of the DHT that the torrent or the link names.
func (t *Torrent) nodes() []string {
	if t.meta != nil {
		return t.meta.Nodes
	}
	return t.source.Link.Nodes
}

// nameNodes tells the DHT of the nodes that the torrent or the link names.
func (t *Torrent) nameNodes() {
	hosts := t.nodes()
	if len(hosts) == 0 {
		return
	}
	t.core.spawn(func() {
		for _, h := range hosts {
			addrs, err := t.core.door().Resolve(t.core.ctx, h)
			if err != nil {
				continue // the others may do
			}
			for _, a := range addrs {
				if t.core.policy.Named(a) {
					t.core.client.dht.add(a)
				}
			}
		}
	})
}

// stopDiscovery takes back what may be taken back: the torrent turned out to be
// private.
func (t *Torrent) stopDiscovery() {
	d := &t.disco
	d.may, d.next, d.lsdAt = sources{}, time.Time{}, time.Time{}
	if d.cancel != nil {
		d.cancel()
	}
	t.leaveLocal()
}

// forgetStrangers lets go of those whom we know from elsewhere than the trackers:
// the torrent turned out to be private. Who came by himself may stay; he knows
// the torrent from somewhere.
func (t *Torrent) forgetStrangers() {
	for _, a := range t.peers.book.ForgetStrangers() {
		t.lookup.drop(a, errPrivate)
	}
}

var errPrivate = errors.New("the torrent is private, and no tracker named it")

// leaveLocal ends our part in the local tracker.
func (t *Torrent) leaveLocal() {
	if t.disco.said {
		t.disco.said = false
		t.core.client.lsd.remove(t.core.hash)
	}
}

// discoverStep does what has become due.
func (t *Torrent) discoverStep(now time.Time) {
	d := &t.disco
	if !d.lsdAt.IsZero() && !now.Before(d.lsdAt) {
		d.lsdAt, d.said, d.localUntil = time.Time{}, true, now.Add(localHope)
		t.core.spawn(func() {
			err := t.core.client.lsd.announce(t.core.hash)
			t.core.post(func(time.Time) {
				t.toldLocal(err)
				if !d.said { // private, as we learned meanwhile
					t.core.client.lsd.remove(t.core.hash)
				}
			})
		})
	}
	if d.running || d.next.IsZero() || now.Before(d.next) {
		return
	}
	d.running, d.next = true, time.Time{}
	ctx, cancel := context.WithCancel(t.core.ctx)
	d.cancel = cancel
	o := t.dhtOptions()
	t.core.spawn(func() {
		defer cancel()
		res := t.core.client.dht.peers(ctx, t.core.hash, o, t.dhtFound)
		t.core.post(func(now time.Time) { t.dhtDone(res, now) })
	})
}

// discoverNext is when discoverStep has something to do; zero: never.
func (t *Torrent) discoverNext() time.Time {
	at := t.disco.lsdAt
	if n := t.disco.next; !t.disco.running && !n.IsZero() && (at.IsZero() || n.Before(at)) {
		at = n
	}
	return at
}

// dhtOptions say what is asked of the DHT. As long as nobody knows whether the
// torrent is private we ask and tell nothing.
func (t *Torrent) dhtOptions() dht.PeersOptions {
	seed := t.state == StateSeeding || t.state == StateFinishing
	return dht.PeersOptions{
		Announce: t.meta != nil && t.core.client.endpoint.port() != 0, Port: t.core.client.endpoint.port(),
		Seed: seed, NoSeeds: seed,
	}
}

// dhtFound takes addresses, on the DHT's goroutine.
func (t *Torrent) dhtFound(addrs []netip.AddrPort) {
	t.core.post(func(now time.Time) {
		if !t.disco.may.dht {
			return
		}
		t.disco.found += len(addrs)
		for _, a := range addrs {
			if t.core.policy.Told(a, t.core.client.dht.local.Load()) {
				t.peers.book.Add(a, swarm.FromDHT, now)
			}
		}
	})
}

// dhtDone follows the end of a search.
func (t *Torrent) dhtDone(res dht.Result, now time.Time) {
	d := &t.disco
	d.running, d.searched, d.cancel, d.err = false, true, nil, res.Err
	t.toldDHT(res)
	t.tellSearch(&res)
	if !d.may.dht || errors.Is(res.Err, dht.ErrClosed) || !d.next.IsZero() {
		return // not any more, or again at once
	}
	switch {
	case res.Err != nil:
		d.next = now.Add(min(dhtRetry<<min(d.fails, 10), dhtHungry))
		d.fails++
		return
	case t.peers.connected()+len(t.lookup.waiters) == 0 && t.state != StateSeeding:
		d.next = now.Add(dhtAlone)
	case t.state != StateSeeding && t.peers.connected()+len(t.lookup.waiters) < fewPeers:
		d.next = now.Add(dhtHungry)
	default:
		d.next = now.Add(dhtEvery)
	}
	d.fails = 0
}

// dhtNamed follows a PORT message (BEP 5): the peer has a node. The connection's
// reader calls it.
func (t *Torrent) dhtNamed(peer netip.AddrPort, port uint16) {
	a := netip.AddrPortFrom(peer.Addr().Unmap(), port)
	t.core.post(func(now time.Time) {
		d := &t.disco
		if !d.may.dht || !t.core.policy.Named(a) {
			return
		}
		t.core.spawn(func() { t.core.client.dht.add(a) })
		if errors.Is(d.err, dht.ErrNoNodes) && !d.running {
			d.next = now.Add(dhtRetry) // when it will have answered
		}
	})
}

// dhtPort is the port of our node for a PORT message; 0: none.
func (t *Torrent) dhtPort() uint16 {
	if !t.disco.may.dht {
		return 0
	}
	return t.core.client.dht.port()
}

// nearby takes the address of a peer on the local network. Its packet came from
// there, so it is no stranger who makes us connect to our own network.
func (t *Torrent) nearby(a netip.AddrPort) {
	t.core.post(func(now time.Time) {
		if t.disco.may.lsd && t.core.client.user.Named(a) {
			if t.peers.book.Add(a, swarm.FromLocal, now) {
				t.disco.local++
				t.core.tell(EventLocal, a.String(), "named by the local network")
			}
		}
	})
}

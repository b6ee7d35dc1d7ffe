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
	// dhtAgain is how soon after a search the user may have another one.
	dhtAgain = 10 * time.Second
	// localHope is how long somebody on the local network has to answer, once we
	// have said there what we look for, before the web servers' failure is ours.
	localHope = 5 * time.Second
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

// discovery is a torrent's search for peers in the DHT and on the local network, and
// its place there. It belongs to the run goroutine.
type discovery struct {
	core  *core
	hooks discoveryHooks

	may     sources
	nodes   []string  // of the DHT, that the torrent or the link names, as HOST:PORT
	next    time.Time // when to look in the DHT again; zero: not before something happens
	cancel  context.CancelFunc
	running bool
	said    bool // the local tracker knows of us
	lsdAt   time.Time
	// searched: a search in the DHT has ended. localUntil is when somebody on the
	// local network should have answered.
	searched   bool
	localUntil time.Time
	endedAt    time.Time // of the last search
	fails      int
	found      int   // addresses from the DHT
	local      int   // addresses from the local network
	err        error // of the last search
}

// discoveryHooks is what discovery needs of the torrent. They are called on the loop.
type discoveryHooks struct {
	// found is given an address that may be used. It reports whether it is news.
	found func(a netip.AddrPort, from swarm.Origin, now time.Time) bool
	// need is how much peers are needed now.
	need func() need
	// searched is told how a search in the DHT has ended, and toldLocal what came of
	// telling the local network of the torrent.
	searched  func(dht.Result)
	toldLocal func(error)
}

// need is how much a torrent needs peers.
type need struct {
	known bool // it is known what the torrent is; before we ask and tell nobody of us
	whole bool // nothing is missing, so that seeds are of no use
	stays bool // it seeds, and who needs it comes
	peers int  // that it is connected to
}

// start begins to look for peers by the ways that are allowed, at the given time, or
// goes on with what is now known about the torrent, and so with other nodes.
func (d *discovery) start(may sources, nodes []string, at time.Time) {
	d.may, d.nodes = may, nodes
	if d.may.dht {
		d.next = at
		d.nameNodes()
	}
	if d.may.lsd && !d.said {
		d.lsdAt = at
	}
}

// nameNodes tells the DHT of the nodes that the torrent or the link names.
func (d *discovery) nameNodes() {
	hosts := d.nodes
	if len(hosts) == 0 {
		return
	}
	d.core.spawn(func() {
		for _, h := range hosts {
			addrs, err := d.core.door().Resolve(d.core.ctx, h)
			if err != nil {
				continue // the others may do
			}
			for _, a := range addrs {
				if d.core.policy.Named(a) {
					d.core.client.dht.add(a)
				}
			}
		}
	})
}

// promising reports whether the DHT may be asked, and there is a node to ask.
func (d *discovery) promising() bool {
	return d.may.dht && (d.core.client.dht.promising() || len(d.nodes) > 0)
}

// stop takes back what may be taken back: the torrent turned out to be private.
func (d *discovery) stop() {
	d.may, d.next, d.lsdAt = sources{}, time.Time{}, time.Time{}
	if d.cancel != nil {
		d.cancel()
	}
	d.leaveLocal()
}

// leaveLocal ends our part in the local tracker.
func (d *discovery) leaveLocal() {
	if d.said {
		d.said = false
		d.core.client.lsd.remove(d.core.hash)
	}
}

// hope reports whether the first search in the DHT, or on the local network, may
// still bring somebody. Later ones are no reason to keep a download waiting of
// which all servers have failed.
func (d *discovery) hope(now time.Time) bool {
	return d.may.dht && !d.searched || d.may.lsd && (!d.said || now.Before(d.localUntil))
}

// step does what has become due.
func (d *discovery) step(now time.Time) {
	if !d.lsdAt.IsZero() && !now.Before(d.lsdAt) {
		d.tellLocal(now)
	}
	if !d.running && !d.next.IsZero() && !now.Before(d.next) {
		d.search()
	}
}

// due is when step has something to do; zero: never.
func (d *discovery) due() time.Time {
	at := d.lsdAt
	if n := d.next; !d.running && !n.IsZero() && (at.IsZero() || n.Before(at)) {
		at = n
	}
	return at
}

// tellLocal tells the local network of the torrent.
func (d *discovery) tellLocal(now time.Time) {
	lsd, hash := d.core.client.lsd, d.core.hash
	d.lsdAt, d.said, d.localUntil = time.Time{}, true, now.Add(localHope)
	d.core.spawn(func() {
		err := lsd.announce(hash)
		d.core.post(func(time.Time) {
			d.hooks.toldLocal(err)
			if !d.said { // private, as we learned meanwhile
				lsd.remove(hash)
			}
		})
	})
}

// search looks in the DHT, and tells it of us once it is known that the torrent is
// not private.
func (d *discovery) search() {
	d.running, d.next = true, time.Time{}
	ctx, cancel := context.WithCancel(d.core.ctx)
	d.cancel = cancel
	n, port := d.hooks.need(), d.core.client.endpoint.port()
	o := dht.PeersOptions{Announce: n.known && port != 0, Port: port, Seed: n.whole, NoSeeds: n.whole}
	d.core.spawn(func() {
		defer cancel()
		res := d.core.client.dht.peers(ctx, d.core.hash, o, d.heard)
		d.core.post(func(now time.Time) { d.ended(res, now) })
	})
}

// heard takes addresses from the DHT, on its goroutine.
func (d *discovery) heard(addrs []netip.AddrPort) {
	d.core.post(func(now time.Time) {
		if !d.may.dht {
			return
		}
		d.found += len(addrs)
		for _, a := range addrs {
			if d.core.policy.Told(a, d.core.client.dht.local.Load()) {
				d.hooks.found(a, swarm.FromDHT, now)
			}
		}
	})
}

// ended follows the end of a search, and decides when the next one begins.
func (d *discovery) ended(res dht.Result, now time.Time) {
	d.running, d.searched, d.cancel, d.err, d.endedAt = false, true, nil, res.Err, now
	d.hooks.searched(res)
	if res.Err != nil {
		d.core.tell(EventDHT, "", "search ended: %v", res.Err)
	} else {
		d.core.tell(EventDHT, "", "search ended; %d addresses found so far", d.found)
	}
	if !d.may.dht || errors.Is(res.Err, dht.ErrClosed) || !d.next.IsZero() {
		return // not any more, or again at once
	}
	if res.Err != nil {
		d.next = now.Add(min(dhtRetry<<min(d.fails, 10), dhtHungry))
		d.fails++
		return
	}
	d.fails = 0
	switch n := d.hooks.need(); {
	case n.stays || n.peers >= fewPeers:
		d.next = now.Add(dhtEvery)
	case n.peers > 0:
		d.next = now.Add(dhtHungry)
	default:
		d.next = now.Add(dhtAlone)
	}
}

// again looks in the DHT soon, unless that was done in the last seconds.
func (d *discovery) again(now time.Time) {
	if d.may.dht && !d.running {
		d.next = maxTime(now, d.endedAt.Add(dhtAgain))
	}
}

// named follows a PORT message (BEP 5): the peer has a node. The connection's reader
// calls it.
func (d *discovery) named(peer netip.AddrPort, port uint16) {
	a := netip.AddrPortFrom(peer.Addr().Unmap(), port)
	d.core.post(func(now time.Time) {
		if !d.may.dht || !d.core.policy.Named(a) {
			return
		}
		d.core.spawn(func() { d.core.client.dht.add(a) })
		if errors.Is(d.err, dht.ErrNoNodes) && !d.running {
			d.next = now.Add(dhtRetry) // when it will have answered
		}
	})
}

// nodePort is the port of our node for a PORT message; 0: none.
func (d *discovery) nodePort() uint16 {
	if !d.may.dht {
		return 0
	}
	return d.core.client.dht.port()
}

// nearby takes the address of a peer on the local network, from any goroutine. Its
// packet came from there, so it is no stranger who makes us connect to our own
// network.
func (d *discovery) nearby(a netip.AddrPort) {
	d.core.post(func(now time.Time) {
		if d.may.lsd && d.core.client.user.Named(a) && d.hooks.found(a, swarm.FromLocal, now) {
			d.local++
			d.core.tell(EventLocal, a.String(), "named by the local network")
		}
	})
}

// describe adds to a snapshot what was found, and how.
func (d *discovery) describe(s *Snapshot) {
	if s.Local = -1; d.may.lsd {
		s.Local = d.local
	}
	if s.DHT.Used, s.DHT.Found = d.may.dht, d.found; d.err != nil {
		s.DHT.Error = d.err.Error()
	}
}

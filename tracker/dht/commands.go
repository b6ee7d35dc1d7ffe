package dht

import (
	"net/netip"
	"slices"
	"time"
)

// PeersOptions say what GetPeers does beside looking for peers.
type PeersOptions struct {
	Announce    bool   // announce ourselves to the closest nodes at the end
	Port        uint16 // where we take connections; not 0 with Announce, unless ImpliedPort
	ImpliedPort bool   // take the port that our packets come from instead
	Seed        bool   // we are a seed (BEP 33)
	NoSeeds     bool   // ask for peers that are no seeds (BEP 33)
	Scrape      bool   // ask how many seeds and leechers there are (BEP 33)
}

// GetPeers looks for the peers of an info-hash (of v2 torrents: its first 20
// bytes). onPeers is called with those that each answer has brought and that
// are new; they are unproven addresses, and the slice may be kept. onDone is
// called once, perhaps before GetPeers returns. Both may be nil.
func (n *Node) GetPeers(now time.Time, infoHash ID, o PeersOptions, onPeers func([]netip.AddrPort), onDone func(Result)) *Lookup {
	return n.submit(now, &Lookup{target: infoHash, method: "get_peers", opts: o, onPeers: onPeers, onDone: onDone})
}

// FindNode looks for the nodes closest to a target.
func (n *Node) FindNode(now time.Time, target ID, onDone func(Result)) *Lookup {
	return n.submit(now, &Lookup{target: target, method: "find_node", onDone: onDone})
}

// Get looks for the item under a target (BEP 44): Result.Item. The salt, which
// the network does not store, is needed for a mutable item that has one.
func (n *Node) Get(now time.Time, target ID, salt []byte, onDone func(Result)) *Lookup {
	return n.submit(now, &Lookup{target: target, method: "get", salt: slices.Clone(salt), onDone: onDone})
}

// Put stores an item at the nodes closest to its target (BEP 44), which keep
// it for 2 hours: put it again every hour. With cas, a mutable item is stored
// only where the one that it replaces has this sequence number. Result.Item is
// a newer item that was found on the way, if there is one. What is wrong with
// the item comes as Result.Err.
func (n *Node) Put(now time.Time, it Item, cas *int64, onDone func(Result)) *Lookup {
	it.Value, it.Salt = slices.Clone(it.Value), slices.Clone(it.Salt)
	l := &Lookup{n: n, target: it.Target(), method: "get", salt: it.Salt, put: &it, cas: cas, onDone: onDone}
	if err := it.Check(); err != nil {
		l.result.Target = l.target
		l.started = now
		l.finish(now, err)
		return l
	}
	return n.submit(now, l)
}

// Pong is a node's answer to a ping.
type Pong struct {
	ID   ID
	Time time.Duration // from the question to the answer
	// Version is what the node's program calls itself: raw, at most 16 bytes,
	// mostly two letters and two bytes. Empty: it does not say.
	Version string
}

// Ping asks a node whether it lives. onDone, which may be nil, is called once:
// with ErrTimeout after 5 seconds, with a *RemoteError if that was the answer.
// A node that answers is taken into the table if there is room.
func (n *Node) Ping(now time.Time, addr netip.AddrPort, onDone func(Pong, error)) {
	if onDone == nil {
		onDone = func(Pong, error) {}
	}
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	switch {
	case n.closed:
		onDone(Pong{}, ErrClosed)
		return
	case addr.Port() == 0 || !addr.Addr().IsValid() || n.family(addr.Addr()) == nil:
		onDone(Pong{}, errNoFamily)
		return
	}
	ok := n.ask(now, Contact{Addr: addr}, false, &query{method: "ping"}, func(end time.Time, what outcome, m *message) {
		switch what {
		case answered:
			onDone(Pong{ID: m.id, Time: end.Sub(now), Version: string(m.version)}, nil)
		case refused:
			onDone(Pong{}, m.remoteError())
		case failed:
			err := ErrTimeout
			if n.closed {
				err = ErrClosed
			}
			onDone(Pong{}, err)
		}
	})
	if !ok {
		onDone(Pong{}, ErrBusy)
	}
}

// AddNode pings an address that is said to have a node: from a PORT message
// (BEP 5) or the "nodes" of a torrent. It is taken into the table if it
// answers. Who calls it for what strangers say bounds how often.
func (n *Node) AddNode(now time.Time, addr netip.AddrPort) { n.Ping(now, addr, nil) }

// maxBoot is how many bootstrap addresses are remembered.
const maxBoot = 64

// Bootstrap gives the addresses of nodes that introduce us to the network, in
// addition to those given before; names are resolved by the owner. They are
// asked while the table has few nodes, again and again while it has none.
func (n *Node) Bootstrap(now time.Time, addrs []netip.AddrPort) {
	var added []netip.AddrPort
	for _, a := range addrs {
		a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
		if a.Port() != 0 && a.IsValid() && len(n.boot) < maxBoot && !slices.Contains(n.boot, a) {
			n.boot = append(n.boot, a)
			added = append(added, a)
		}
	}
	for _, f := range n.fams {
		if f != nil && !f.joining {
			f.planJoin(now)
		}
	}
	for _, l := range slices.Clone(n.running) {
		for _, s := range l.searches {
			if s != nil && len(s.nodes) < bucketSize {
				s.addGates(added)
			}
		}
		l.proceed(now)
	}
}

// feedHungry gives a new node of the table to the lookups that know too few.
func (n *Node) feedHungry(now time.Time, f *family, c Contact) {
	for _, l := range slices.Clone(n.running) {
		hungry := false
		for _, s := range l.searches {
			if s != nil && s.f == f && len(s.nodes) < bucketSize {
				s.add(c, nil)
				hungry = true
			}
		}
		if hungry {
			l.proceed(now)
		}
	}
	if f.joinAt.IsZero() && !f.joining && !f.joined {
		f.planJoin(now)
	}
}

// SetExternal says what our address looks like from outside, for instance as
// STUN or a router have told. If our id does not belong to it, we take another
// one and look for our new neighbours (BEP 42).
func (n *Node) SetExternal(now time.Time, ip netip.Addr) {
	ip = ip.Unmap().WithZone("")
	f := n.family(ip)
	if !ip.IsValid() || f == nil || n.rules.exempt(ip) {
		return
	}
	f.external = ip
	if belongs(&f.own, ip) {
		return
	}
	f.setID(n, ip, addressID(ip, n.randomID()))
	if !now.IsZero() {
		f.planJoin(now)
	}
}

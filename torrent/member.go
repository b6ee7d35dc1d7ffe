package torrent

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/torrent/swarm"
)

// member is one connection. It belongs to the run goroutine.
type member struct {
	conn     *peer.Conn
	addr     netip.AddrPort
	listen   netip.AddrPort   // where it takes connections, if we know
	also     []netip.AddrPort // other addresses that led to it; they are not dialled meanwhile
	incoming bool
	id       [20]byte
	since    time.Time

	chatter chatter
	veil    veil
	choking swarm.ChokePeer

	moved      time.Time   // when a block was last seen to have moved, either way
	bytes      int64       // that have moved by then
	down, up   int64       // bytes that the counters have of it
	offered    time.Time   // when it got the first slot of those that it has not used
	interested bool        // in what we have
	wants      atomic.Bool // the same, as the connection last said
	told       atomic.Bool // a notice of it waits in the mailbox
}

// maxAlso bounds how many further addresses of a member are kept in mind.
const maxAlso = 8

// sated reports whether the remote wants nothing.
func (m *member) sated() bool {
	s := m.conn.Stats()
	return s.Seed || s.UploadOnly && !s.PeerInterested
}

// stats is how the connection is doing, and notes whether a block has moved.
func (m *member) stats(now time.Time) peer.Stats {
	s := m.conn.Stats()
	if n := s.Downloaded + s.Uploaded; n > m.bytes {
		m.bytes, m.moved = n, now
	}
	return s
}

// key tells the peer from others, over several connections.
func (m *member) key() swarm.Remote { return swarm.RemoteOf(m.id, m.addr) }

// connConfig is how the connection of a member that is to be is set up.
func (p *peers) connConfig(m *member, conn net.Conn, hs wire.Handshake) peer.Config {
	c := p.core.client
	return peer.Config{
		Conn: conn, Addr: m.addr, Incoming: m.incoming, Local: c.handshake(p.core.hash), Remote: hs,
		Manager: p.data.mgr, Layout: p.data.layout, Store: p.data.store, Buffers: &c.buffers,
		Metadata: p.data.meta.Info,
		Name:     c.cfg.Name, ListenPort: c.endpoint.port(), DHTPort: p.rest.nodePort(), DownLimit: c.down.in.Load, UpLimit: c.up.in.Load,
		InnerDown: p.core.down.in.Load, InnerUp: p.core.up.in.Load,
		UploadOnly: !p.loading(), AllowedFast: p.fastSet(m), Hidden: p.reveals.hides(),
		Events: p.events(m),
	}
}

// events carries what the reader of a connection hears onto the loop. Of each kind
// one notice waits at most, however often the remote changes its mind.
func (p *peers) events(m *member) peer.Events {
	e := peer.Events{
		Interested: func(on bool) {
			if m.wants.Store(on); m.told.CompareAndSwap(false, true) {
				p.post(m, func(now time.Time) {
					m.told.Store(false)
					p.interest(m, m.wants.Load(), now)
				})
			}
		},
		Extended: func(h wire.ExtHandshake) {
			p.core.client.endpoint.heard(m.addr.Addr(), h.YourIP)
			id, named := h.M[wire.ExtPEX]
			port, uploadOnly := h.Port, h.UploadOnly
			p.post(m, func(now time.Time) {
				p.introduced(m, port, uploadOnly, now)
				if c := m.chatter.peer; c != nil && named {
					c.Talk(id != 0)
				}
			})
		},
		Message: func(name string, payload []byte) {
			if name == wire.ExtPEX {
				p.overheard(m, payload)
			}
		},
		ReadFailed: p.rest.readFailed,
		Port:       func(port uint16) { p.rest.node(m.addr, port) },
		Trace:      p.core.tracedMessages(m.addr),
		Seed:       func() { p.post(m, func(time.Time) { p.becameSeed(m) }) },
	}
	if p.reveals.active() {
		p.addReveals(m, &e)
	}
	return e
}

// addReveals adds what only a machine that shows or suggests pieces wants to know. Where
// nothing is hidden the last piece that a remote asks for is enough.
func (p *peers) addReveals(m *member, e *peer.Events) {
	e.Gained = func(piece, _ int) {
		if m.veil.gains.note(piece) {
			p.post(m, func(now time.Time) { p.reveals.gained(m, now) })
		}
	}
	if !p.reveals.hides() {
		e.Asked = func(piece int) {
			if m.veil.asking.Store(int32(piece)); m.veil.askTold.CompareAndSwap(false, true) {
				p.post(m, func(now time.Time) { p.reveals.asked(m, now) })
			}
		}
		return
	}
	e.Asked = func(piece int) {
		if m.veil.asks.note(piece) {
			p.post(m, func(now time.Time) { p.reveals.askedAll(m, now) })
		}
	}
	e.Served = func() {
		if m.veil.servedTold.CompareAndSwap(false, true) {
			p.post(m, func(now time.Time) { p.reveals.served(m, now) })
		}
	}
}

// overheard takes a message of peer exchange, on the connection's reader. While
// one waits for the loop, others are dropped. One that is malformed costs the
// message: several clients send such, and have good pieces all the same.
func (p *peers) overheard(m *member, payload []byte) {
	if !m.chatter.pending.CompareAndSwap(false, true) {
		return
	}
	msg, err := wire.ParsePEX(payload)
	p.post(m, func(now time.Time) {
		if m.chatter.pending.Store(false); err != nil {
			msg = wire.PEX{} // nothing of it counts, but that there was one
		}
		p.gossip.receive(m, msg, now)
	})
}

// post runs f on the loop, unless the member has left by then.
func (p *peers) post(m *member, f func(now time.Time)) {
	p.core.post(func(now time.Time) {
		if p.members[m.addr] == m {
			f(now)
		}
	})
}

// fastSet is how many pieces a peer may get although we choke it (BEP 6). None
// from a seed: with a hundred leechers its uplink would carry ten pieces for each
// of them beside those of its slots (docs/measured.md, swarm). None in a private
// network either, where all addresses have one /24, and so the same pieces. Nor, of
// few pieces, all: everybody would be served at the same time, and for long nobody
// would have a whole piece to pass on.
func (p *peers) fastSet(m *member) int {
	if !p.loading() || private(m.addr.Addr()) {
		return 0
	}
	return min(allowedFast, p.data.layout.Pieces()/(2*allowedFast))
}

// introduced takes what an extension handshake says. port is where a peer that
// dialled us can be dialled.
func (p *peers) introduced(m *member, port uint16, uploadOnly bool, now time.Time) {
	if port != 0 && m.incoming {
		p.listensAt(m, port, now)
	}
	if !uploadOnly {
		return
	}
	if p.reveals.uploadOnly(m, now); p.useless(m) {
		m.conn.Close(errUseless)
	}
}

// listensAt notes where a peer that dialled us can be dialled.
func (p *peers) listensAt(m *member, port uint16, now time.Time) {
	if m.listen.IsValid() {
		return
	}
	a := netip.AddrPortFrom(m.addr.Addr().Unmap(), port)
	p.book.Add(a, swarm.FromIncoming, now)
	if p.book.Hold(a) {
		m.listen = a
		p.gossip.known(m, now)
	}
}

// becameSeed follows the news that a remote has everything.
func (p *peers) becameSeed(m *member) {
	if p.reveals.seeded(); p.useless(m) {
		m.conn.Close(errUseless)
	}
}

// useless reports whether neither side has anything for the other.
func (p *peers) useless(m *member) bool { return !p.loading() && m.sated() }

// standing describes a member for the machine that chooses who makes room.
func (p *peers) standing(m *member, now time.Time) swarm.Connection {
	s := m.stats(now)
	return swarm.Connection{
		Addr: m.addr, Named: p.book.Named(m.listen), Useless: p.useless(m),
		Interested: m.interested, Interesting: s.AmInterested, Asks: s.Queued > 0, Joined: m.since, Moved: m.moved, Offered: m.offered,
	}
}

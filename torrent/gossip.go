package torrent

import (
	"net/netip"
	"sync/atomic"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
)

// gossip carries peer exchange (BEP 11) between the connections and the machine that
// decides what is said and what is believed. It belongs to the run goroutine.
type gossip struct {
	core    *core
	book    *swarm.Book
	members map[netip.AddrPort]*member // those of peers, who alone changes it
	pex     *swarm.PEX                 // nil: peers are not exchanged
}

// chatter is a member's part in peer exchange.
type chatter struct {
	peer    *swarm.PEXPeer // nil: it takes no part
	pending atomic.Bool    // a message of it waits in the mailbox
	known   netip.AddrPort
}

// pexMessage is a message as the book takes it.
func pexMessage(msg wire.PEX) swarm.PEXMessage {
	m := swarm.PEXMessage{Added: make([]swarm.Contact, len(msg.Added)), Dropped: msg.Dropped}
	for i, p := range msg.Added {
		m.Added[i] = swarm.Contact{Addr: p.Addr, Flags: uint8(p.Flags)}
	}
	return m
}

// appendPEX is the payload of a message of the book.
func appendPEX(m swarm.PEXMessage) []byte {
	msg := wire.PEX{Added: make([]wire.PEXPeer, len(m.Added)), Dropped: m.Dropped}
	for i, c := range m.Added {
		msg.Added[i] = wire.PEXPeer{Addr: c.Addr, Flags: wire.PEXFlags(c.Flags)}
	}
	return wire.AppendPEX(nil, msg)
}

// extensions are the extensions of a connection, in the order of their ids. One
// that began before the metainfo was known (meta is nil) keeps those that it named.
func (c *Client) extensions(meta *metainfo.Torrent, was *peer.Prelude) []string {
	if was == nil && !c.sourcesOf(meta).pex {
		return []string{wire.ExtMetadata}
	}
	return []string{wire.ExtMetadata, wire.ExtPEX}
}

// join follows a new member.
func (g *gossip) join(m *member, now time.Time) {
	if g.pex == nil {
		return
	}
	at := m.listen
	if !at.IsValid() {
		at = netip.AddrPortFrom(m.addr.Addr(), 0)
	}
	m.chatter.peer = g.pex.Connect(at, now)
	g.known(m, now)
}

// known tells others where a member can be dialled.
func (g *gossip) known(m *member, now time.Time) {
	if g.pex == nil || !m.listen.IsValid() || m.chatter.known.IsValid() {
		return
	}
	var flags wire.PEXFlags
	if !m.incoming {
		flags |= wire.PEXReachable
	}
	if s := m.conn.Stats(); s.Seed || s.UploadOnly {
		flags |= wire.PEXSeed
	}
	m.chatter.known = m.listen
	g.pex.Joined(m.listen, uint8(flags), now)
}

// leave follows a member that is gone. ours: we closed it, for no fault of
// its.
func (g *gossip) leave(m *member, ours bool, now time.Time) {
	if g.pex == nil {
		return
	}
	if m.chatter.known.IsValid() {
		g.pex.Left(m.chatter.known, ours, now)
	}
	if m.chatter.peer != nil {
		m.chatter.peer.Close()
	}
}

// step says what has become due.
func (g *gossip) step(now time.Time) {
	if at := g.next(); at.IsZero() || now.Before(at) {
		return
	}
	for _, m := range g.members {
		c := m.chatter.peer
		if c == nil {
			continue
		}
		if at := c.Next(); at.IsZero() || now.Before(at) {
			continue
		}
		if msg, ok := c.Message(now); ok {
			m.conn.SendExtended(wire.ExtPEX, appendPEX(msg))
		}
	}
}

// next is when step has something to do; zero: nothing to wait for.
func (g *gossip) next() (at time.Time) {
	if g.pex != nil {
		at = g.pex.Next()
	}
	return at
}

// gossiped takes an address that another peer told. One from elsewhere cannot
// know of our own network, and does not make us dial into it.
func (g *gossip) gossiped(c swarm.Contact, teller netip.Addr, now time.Time) {
	if !g.core.policy.Told(c.Addr, private(teller)) || !g.book.AddOf(c.Addr, swarm.FromPeer, hosts.Of(teller).String(), now) {
		return
	}
	g.book.Seed(swarm.Unmapped(c.Addr), wire.PEXFlags(c.Flags)&wire.PEXSeed != 0)
}

// whispered takes a message of peer exchange of somebody who waits for the metainfo:
// there may be nobody else who knows who has it. may says on the loop whether peers are
// exchanged. The reader of the connection calls it.
func (g *gossip) whispered(from netip.Addr, payload []byte, may func() bool) {
	if g.core.client.cfg.NoPEX {
		return
	}
	msg, err := wire.ParsePEX(payload)
	if err != nil {
		return
	}
	g.core.post(func(now time.Time) {
		if may() {
			g.rumoured(msg, from, now)
		}
	})
}

// rumoured takes a message of peer exchange from somebody who is no member yet.
func (g *gossip) rumoured(msg wire.PEX, teller netip.Addr, now time.Time) {
	for _, c := range pexMessage(msg).Added {
		g.gossiped(c, teller, now)
	}
}

// receive takes a message of a member.
func (g *gossip) receive(m *member, msg wire.PEX, now time.Time) {
	if m.chatter.peer == nil {
		return
	}
	fresh, abuse := m.chatter.peer.Receive(pexMessage(msg), now)
	if abuse {
		m.conn.Close(errGossip)
		return
	}
	for _, c := range fresh {
		g.gossiped(c, m.addr.Addr(), now)
	}
}

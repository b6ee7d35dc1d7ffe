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

// This file carries peer exchange (BEP 11) between the connections and the book
// that decides what is said and what is believed.

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

// gossipJoin follows a new member.
func (p *peers) gossipJoin(m *member, now time.Time) {
	if p.pex == nil {
		return
	}
	at := m.listen
	if !at.IsValid() {
		at = netip.AddrPortFrom(m.addr.Addr(), 0)
	}
	m.chatter.peer = p.pex.Connect(at, now)
	p.gossipKnown(m, now)
}

// gossipKnown tells others where a member can be dialled.
func (p *peers) gossipKnown(m *member, now time.Time) {
	if p.pex == nil || !m.listen.IsValid() || m.chatter.known.IsValid() {
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
	p.pex.Joined(m.listen, uint8(flags), now)
}

// gossipLeave follows a member that is gone. ours: we closed it, for no fault of
// its.
func (p *peers) gossipLeave(m *member, ours bool, now time.Time) {
	if p.pex == nil {
		return
	}
	if m.chatter.known.IsValid() {
		p.pex.Left(m.chatter.known, ours, now)
	}
	if m.chatter.peer != nil {
		m.chatter.peer.Close()
	}
}

// gossipStep says what has become due.
func (p *peers) gossipStep(now time.Time) {
	if at := p.gossipNext(); at.IsZero() || now.Before(at) {
		return
	}
	for _, m := range p.members {
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

// gossipNext is when gossipStep has something to do; zero: nothing to wait for.
func (p *peers) gossipNext() (at time.Time) {
	if p.pex != nil {
		at = p.pex.Next()
	}
	return at
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
		m.chatter.pending.Store(false)
		if m.chatter.peer == nil {
			return
		}
		if err != nil {
			msg = wire.PEX{} // nothing of it counts, but that there was one
		}
		fresh, abuse := m.chatter.peer.Receive(pexMessage(msg), now)
		if abuse {
			m.conn.Close(errGossip)
			return
		}
		for _, c := range fresh {
			p.gossiped(c, m.addr.Addr(), now)
		}
	})
}

// gossiped takes an address that another peer told. One from elsewhere cannot
// know of our own network, and does not make us dial into it.
func (p *peers) gossiped(c swarm.Contact, teller netip.Addr, now time.Time) {
	if !p.core.policy.Told(c.Addr, private(teller)) || !p.book.AddOf(c.Addr, swarm.FromPeer, hosts.Of(teller).String(), now) {
		return
	}
	p.book.Seed(swarm.Unmapped(c.Addr), wire.PEXFlags(c.Flags)&wire.PEXSeed != 0)
}

// rumoured takes a message of peer exchange from somebody who is no member yet.
func (p *peers) rumoured(msg wire.PEX, teller netip.Addr, now time.Time) {
	for _, c := range pexMessage(msg).Added {
		p.gossiped(c, teller, now)
	}
}

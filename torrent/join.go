package torrent

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/torrent/swarm"
)

// knock tells the loop that somebody waits in the lobby, from any goroutine. At most
// one notice is in the mailbox, however many come. It reports false when the loop has
// ended.
func (p *peers) knock() bool {
	if !p.knocked.CompareAndSwap(false, true) {
		return true
	}
	return p.core.post(func(now time.Time) {
		p.knocked.Store(false)
		p.admit(now)
	})
}

// admit takes in those that wait in the lobby. As long as nobody is welcome, but will
// be, they go on waiting.
func (p *peers) admit(now time.Time) {
	if p.rest.later() {
		return
	}
	for _, g := range p.core.client.lobby.collect(p.core) {
		p.join(g.conn, g.remote, g.hs, true, now)
	}
}

// join takes a connection whose handshake is done into the swarm, or closes it.
func (p *peers) join(conn net.Conn, addr netip.AddrPort, hs wire.Handshake, incoming bool, now time.Time) {
	if p.rest.state() == StateMetadata {
		p.everConnected = p.rest.wait(conn, addr, hs, incoming, now) || p.everConnected
		return
	}
	m := &member{addr: addr, incoming: incoming, id: hs.PeerID, since: now}
	if err := p.mayJoin(m, hs.InfoHash, conn.LocalAddr(), now); err != nil {
		conn.Close()
		p.core.tell(EventTurnedAway, m.addr.String(), "%v", err)
		p.turnedAway(m, err, now)
		return
	}
	if !incoming {
		m.listen = addr
	}
	p.take(m, conn, hs, nil, now)
}

// take makes a member of a connection, which may have been a waiter so far.
func (p *peers) take(m *member, conn net.Conn, hs wire.Handshake, was *peer.Prelude, now time.Time) {
	p.reveals.expect()
	cfg := p.connConfig(m, conn, hs)
	cfg.Continue, cfg.Extensions = was, p.core.client.extensions(p.data.meta, was)
	m.choking.Addr = m.addr
	m.conn = peer.New(cfg)
	if was == nil { // else it is known
		p.core.tellJoined(m.addr, hs, m.incoming)
	}
	p.members[m.addr] = m
	if p.book.Hold(m.addr) && !m.listen.IsValid() { // it dials from where it listens
		m.listen = m.addr
	}
	p.everConnected = true
	p.rest.counted(now)
	p.choker.Join(&m.choking, now)
	p.reveals.join(m, now)
	p.gossip.join(m, now)
	p.conns.Add(1)
	p.core.spawn(func() {
		defer p.conns.Done()
		err := m.conn.Run(p.core.ctx)
		if !p.core.post(func(now time.Time) { p.leave(m, err, now) }) {
			conn.Close()
		}
	})
}

// mayJoin says why a connection is not taken. It may close another one for it.
func (p *peers) mayJoin(m *member, infoHash [20]byte, local net.Addr, now time.Time) error {
	switch {
	case !p.rest.welcome() || p.core.ctx.Err() != nil:
		return ErrStopped
	case m.id == p.core.client.id:
		return errOurselves
	case !p.core.ids.has(infoHash):
		return errOther
	case p.book.Banned(m.addr):
		return errBanned
	case p.core.client.banned(m.addr.Addr(), now):
		return errForbidden // while it was dialled, or waited in the lobby
	case now.Before(p.paroled[hosts.Key(m.addr)]):
		return errParole
	case p.members[m.addr] != nil:
		return errDuplicate
	case p.data.meta.Private && !m.incoming && !p.book.Knows(m.addr):
		return errPrivate // forgotten while it was dialled
	}
	if twin := p.twin(m); twin != nil {
		if !p.core.client.prefers(m, twin) {
			return errDuplicate
		}
		p.dismiss(twin, errDuplicate, now)
	}
	if n := p.fromAddr(m.addr.Addr()); n >= swarm.MaxPerHost && !private(m.addr.Addr()) {
		return fmt.Errorf("%d connections from this address already", n)
	}
	if p.held() >= p.seat.guests() {
		if p.refused = now; !p.makeRoom(m, local, now) {
			return errCrowded
		}
	}
	return nil
}

// fromAddr is how many members have an IP address.
func (p *peers) fromAddr(ip netip.Addr) (n int) {
	for _, m := range p.members {
		if hosts.Of(m.addr.Addr()) == hosts.Of(ip) {
			n++
		}
	}
	return n
}

// twin is the member that is the same peer as m, by another connection.
func (p *peers) twin(m *member) *member {
	for _, o := range p.members {
		if hosts.Same(o.id, m.id, o.addr.Addr(), m.addr.Addr()) {
			return o
		}
	}
	return nil
}

// prefers reports whether m is to take the place of o, an older connection with
// the same peer. When two peers dial each other at the same time, both keep the
// connection that the one with the greater id has dialled.
func (c *Client) prefers(m, o *member) bool {
	if m.incoming == o.incoming || m.since.Sub(o.since) > sameTime {
		return false
	}
	remoteGreater := bytes.Compare(m.id[:], c.id[:]) > 0
	return m.incoming == remoteGreater
}

// turnedAway cleans up after a connection that was not taken.
func (p *peers) turnedAway(m *member, why error, now time.Time) {
	twin := p.twin(m)
	switch {
	case why == errOurselves:
		p.book.Forget(m.addr)
	case m.incoming:
	case why == errDuplicate && twin != nil && !twin.listen.IsValid():
		twin.listen = m.addr // it stays busy as long as they are connected
	case why == errDuplicate && twin != nil && len(twin.also) < maxAlso:
		twin.also = append(twin.also, m.addr) // and so does this one
	default:
		p.book.Release(m.addr, swarm.GaveNothing, now)
	}
}

// makeRoom closes the least useful connection for a newcomer, if there is one
// that is of less use.
func (p *peers) makeRoom(m *member, local net.Addr, now time.Time) bool {
	all, list := p.connections(now)
	us := p.core.client.endpoint.us(m.addr.Addr(), local)
	i := hosts.Shed(us, list, swarm.Connection{Addr: m.addr, Named: p.book.Named(m.addr), Joined: now}, now)
	if i >= 0 {
		p.dismiss(all[i], errCrowded, now)
	}
	return i >= 0
}

// dismiss ends a connection and forgets it at once.
func (p *peers) dismiss(m *member, why error, now time.Time) {
	m.conn.Close(why)
	p.leave(m, why, now)
}

// dismissAll does so to all.
func (p *peers) dismissAll(why error, now time.Time) {
	for _, m := range p.members {
		p.dismiss(m, why, now)
	}
}

// leave forgets a connection that has ended. One that was dismissed may have
// been in the middle of a write: what came of that is added when it has ended.
func (p *peers) leave(m *member, err error, now time.Time) {
	s := m.conn.Stats()
	forgotten := p.members[m.addr] != m
	if !forgotten {
		delete(p.members, m.addr)
		p.wants(m, false)
	}
	p.down += s.Downloaded - m.down
	p.up += s.Uploaded - m.up
	m.down, m.up = s.Downloaded, s.Uploaded
	if s.Downloaded > 0 {
		p.givers.Add(m.key())
		p.gave.Store(int64(p.givers.Len()))
	}
	if forgotten {
		return
	}
	p.core.tellLeft(m, &s, err)
	if s.Uploaded > 0 {
		p.rest.unserved()
	}
	if err != nil && s.Downloaded == 0 {
		p.core.failed(m.addr, err)
	}
	p.rest.counted(now)
	if m.listen.IsValid() {
		p.book.Release(m.listen, outcomeOf(s.Downloaded > 0, err), now)
		p.book.Seed(m.listen, s.Seed)
		p.book.Delay(m.listen, p.paroled[hosts.Key(m.listen)])
	}
	for _, a := range m.also {
		p.book.Release(a, swarm.GaveNothing, now)
	}
	p.carryOut(p.choker.Leave(&m.choking, now, p.changes[:0]), now)
	p.reveals.leave(m, now)
	p.gossip.leave(m, err == errDuplicate || err == errUseless || err == errCrowded, now)
	if len(p.members) == 0 && p.loading() {
		p.rest.lonely()
	}
}

// outcomeOf is what came of a connection that ended with err. gave: it sent us data.
func outcomeOf(gave bool, err error) swarm.Outcome {
	switch {
	case !gave:
		return swarm.GaveNothing
	case errors.Is(err, peer.ErrProtocol):
		return swarm.GaveAndOffended
	}
	return swarm.GaveData
}

// dropUseless closes connections between two sides that both want nothing.
func (p *peers) dropUseless() {
	for _, m := range p.members {
		if p.useless(m) {
			m.conn.Close(errUseless)
		}
	}
}

// connections describes all members for the machine that chooses among them.
func (p *peers) connections(now time.Time) (all []*member, list []swarm.Connection) {
	all, list = make([]*member, 0, len(p.members)), make([]swarm.Connection, 0, len(p.members))
	for _, m := range p.members {
		all, list = append(all, m), append(list, p.standing(m, now))
	}
	return all, list
}

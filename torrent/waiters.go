package torrent

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/torrent/swarm"
)

// This file is the connections of the time before the metainfo is known: the info
// dictionary comes from them (BEP 9). When the files are open they become members
// without a new handshake.

const (
	// metadataSources is how many peers are asked for the info dictionary at a
	// time. They share the work, and fall back to giving all of it each when a
	// mixture was wrong: see peer.Assembly.
	metadataSources = 2
	// metadataMost is how many there may be when those asked before are slow.
	metadataMost = 4
	// metadataTurn is how long a source has while others wait for their turn
	// (threat: sources that drip).
	metadataTurn = 15 * time.Second
	// metadataPatience is how long a source may take for the rest at the pace of
	// its last turn.
	metadataPatience = 5 * time.Minute
	// waiterGrace is how long a connection has to say that it has the info
	// dictionary, when there is no room for others.
	waiterGrace = 10 * time.Second
)

// waiter is a connection of a torrent whose metainfo is not known.
type waiter struct {
	prelude  *peer.Prelude
	conn     net.Conn
	addr     netip.AddrPort
	listen   netip.AddrPort // where it can be dialled, if we know
	hs       wire.Handshake
	incoming bool
	since    time.Time
	asked    time.Time // when it was asked for the info dictionary; zero: not yet
	turn     time.Time // when its turn began
	got      int64     // bytes that had come by then
	slow     bool      // it had a turn and is not done
	ready    bool      // to become a member

	whispered atomic.Bool // it has told us of peers
}

// brisk reports whether a source would be done within metadataPatience if it went
// on as in its last turn. One that is merely slow had better go on.
func (w *waiter) brisk() bool {
	came := w.prelude.Got() - w.got
	turns := int64(metadataPatience / metadataTurn)
	return came > 0 && w.prelude.Size()-w.prelude.Got() <= came*turns
}

// wait takes a connection of which the handshake is done, and reports whether it
// may stay; else it is closed.
func (l *lookup) wait(conn net.Conn, addr netip.AddrPort, hs wire.Handshake, incoming bool, now time.Time) bool {
	w := &waiter{conn: conn, addr: addr, hs: hs, incoming: incoming, since: now}
	if err := l.mayWait(w); err != nil {
		conn.Close()
		l.core.tell(EventTurnedAway, addr.String(), "%v", err)
		if err == errOurselves {
			l.book.Forget(addr)
		} else if !incoming {
			l.book.Release(addr, swarm.GaveNothing, now)
		}
		return false
	}
	if !incoming {
		w.listen = addr
	}
	w.prelude = peer.NewPrelude(l.preludeConfig(w))
	l.waiters[addr] = w
	l.core.tellJoined(addr, hs, incoming)
	l.core.spawn(func() {
		info, err := w.prelude.Run(l.core.ctx)
		if !l.core.post(func(now time.Time) { l.ended(w, info, err, now) }) {
			conn.Close()
		}
	})
	return true
}

// preludeConfig is how a waiter is spoken to.
func (l *lookup) preludeConfig(w *waiter) peer.PreludeConfig {
	c := l.core.client
	return peer.PreludeConfig{
		Conn: w.conn, Addr: w.addr, Incoming: w.incoming, Local: c.handshake(l.core.hash), Remote: w.hs,
		Name: c.cfg.Name, ListenPort: c.endpoint.port(), DHTPort: l.swarm.dhtPort(), Extensions: l.swarm.extensions(nil), Buffers: &c.buffers, Assembly: l.info,
		Trace: l.core.tracedMessages(w.addr),
		Port:  func(_ *peer.Prelude, port uint16) { l.swarm.dhtNamed(w.addr, port) },
		Extended: func(_ *peer.Prelude, h wire.ExtHandshake) {
			c.endpoint.heard(w.addr.Addr(), h.YourIP)
			l.core.post(func(now time.Time) { l.spoke(w, h.Port, now) })
		},
		Message: func(_ *peer.Prelude, name string, payload []byte) {
			if name == wire.ExtPEX && w.whispered.CompareAndSwap(false, true) {
				l.swarm.whispered(w.addr.Addr(), payload)
			}
		},
	}
}

func (l *lookup) mayWait(w *waiter) error {
	switch {
	case l.core.client.banned(w.addr.Addr(), w.since):
		return errForbidden
	case l.core.over || l.core.ctx.Err() != nil:
		return ErrStopped
	case w.hs.PeerID == l.core.client.id:
		return errOurselves
	case !l.core.ids.has(w.hs.InfoHash):
		return errOther
	case l.book.Banned(w.addr):
		return errBanned
	case len(l.waiters) >= l.swarm.limit() && !l.makeRoom():
		return errCrowded
	}
	same := 0
	for _, o := range l.waiters {
		if hosts.Same(o.hs.PeerID, w.hs.PeerID, o.addr.Addr(), w.addr.Addr()) {
			return errDuplicate
		}
		if hosts.Of(o.addr.Addr()) == hosts.Of(w.addr.Addr()) {
			same++
		}
	}
	if same >= swarm.MaxPerHost && !private(w.addr.Addr()) {
		return errCrowded
	}
	return nil
}

// makeRoom closes a waiter that has had its time to say that it has the info
// dictionary, and did not.
func (l *lookup) makeRoom() bool {
	var oldest *waiter
	for _, w := range l.waiters {
		if w.prelude.Size() == 0 && time.Since(w.since) > waiterGrace && (oldest == nil || w.since.Before(oldest.since)) {
			oldest = w
		}
	}
	if oldest != nil {
		delete(l.waiters, oldest.addr)
		oldest.prelude.Close(errCrowded)
		if oldest.listen.IsValid() {
			l.book.Release(oldest.listen, swarm.GaveNothing, time.Now())
		}
	}
	return oldest != nil
}

// spoke follows an extension handshake.
func (l *lookup) spoke(w *waiter, port uint16, now time.Time) {
	if l.waiters[w.addr] != w {
		return
	}
	if w.incoming && port != 0 && !w.listen.IsValid() {
		a := netip.AddrPortFrom(w.addr.Addr().Unmap(), port)
		l.book.Add(a, swarm.FromIncoming, now)
		if l.book.Hold(a) {
			w.listen = a
		}
	}
	l.ask(now)
}

// ask asks those who say that they have the info dictionary for it.
func (l *lookup) ask(now time.Time) {
	if l.info == nil {
		return
	}
	free, asked := metadataSources, 0
	for _, w := range l.waiters {
		if !w.asked.IsZero() {
			asked++
		}
		if !w.asked.IsZero() && !w.slow {
			free--
		}
	}
	free = min(free, metadataMost-asked)
	for _, w := range l.waiters {
		if free > 0 && w.asked.IsZero() && w.prelude.Size() > 0 {
			w.asked, w.turn = now, now
			w.prelude.Fetch()
			free--
		}
	}
}

// step lets the next source have its turn when one takes too long.
func (l *lookup) step(now time.Time) {
	if at := l.next(); at.IsZero() || now.Before(at) {
		return
	}
	for _, w := range l.waiters {
		if w.asked.IsZero() || now.Sub(w.turn) < metadataTurn {
			continue
		}
		if !w.brisk() {
			w.prelude.Close(fmt.Errorf("%w: it is slow, and others wait", peer.ErrNoMetadata))
		}
		w.slow = true // others may be asked beside it
		w.turn, w.got = now, w.prelude.Got()
	}
	l.ask(now)
}

// next is when step has something to do; zero: never.
func (l *lookup) next() (at time.Time) {
	if l.info == nil {
		return at
	}
	others := false
	for _, w := range l.waiters {
		if w.asked.IsZero() {
			others = others || w.prelude.Size() > 0
		} else if end := w.turn.Add(metadataTurn); at.IsZero() || end.Before(at) {
			at = end
		}
	}
	if !others {
		return time.Time{}
	}
	return at
}

// ended follows the end of a Prelude.
func (l *lookup) ended(w *waiter, info []byte, err error, now time.Time) {
	if l.waiters[w.addr] != w {
		w.conn.Close()
		return
	}
	if err == nil {
		w.ready = true
		if info != nil {
			l.gotInfo(info)
		}
		l.news.ready(now)
		return
	}
	delete(l.waiters, w.addr)
	l.core.failed(w.addr, err)
	l.core.tell(EventDisconnected, w.addr.String(), "%s", plainDialError(err))
	if errors.Is(err, peer.ErrLiar) {
		l.book.Ban(w.addr)
	}
	if w.listen.IsValid() {
		l.book.Release(w.listen, swarm.GaveNothing, now)
	}
	l.ask(now)
}

// drop closes the waiter that we dialled at an address, if there is one.
func (l *lookup) drop(dialled netip.AddrPort, why error) {
	for _, w := range l.waiters {
		if !w.incoming && w.listen == dialled {
			delete(l.waiters, w.addr)
			w.prelude.Close(why)
		}
	}
}

// dismiss closes the waiters with some addresses.
func (l *lookup) dismiss(with func(netip.AddrPort) bool, why error, now time.Time) {
	for a, w := range l.waiters {
		if !with(a) {
			continue
		}
		delete(l.waiters, a)
		w.prelude.Close(why)
		if w.listen.IsValid() {
			l.book.Release(w.listen, swarm.GaveNothing, now)
		}
	}
}

// takeReady gives away the waiters that are ready to become members.
func (l *lookup) takeReady() (ready []*waiter) {
	for _, w := range l.waiters {
		if w.ready {
			delete(l.waiters, w.addr)
			ready = append(ready, w)
		}
	}
	return ready
}

// close closes what never became a member.
func (l *lookup) close() {
	if l.info != nil {
		l.info.Close()
	}
	for _, w := range l.waiters {
		w.prelude.Close(ErrStopped)
	}
}

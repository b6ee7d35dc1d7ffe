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
	"gotor/piece/storage"
	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
	"gotor/tracker"
)

// This file is the time before the metainfo is known: of a magnet link there is
// an info-hash only, and the info dictionary comes from the swarm (BEP 9). The
// connections of that time are waiters; when the files are open they become
// members without a new handshake.

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

// lookup is the part of the loop that waits for the metainfo.
type lookup struct {
	info    *peer.Assembly // what has come of it; nil once it is known
	waiters map[netip.AddrPort]*waiter
	linked  []string // trackers of the link
	exact   int      // URLs of the link that are being fetched
}

// startLookup begins to look for the metainfo.
func (t *Torrent) startLookup(now time.Time) {
	t.waiters = make(map[netip.AddrPort]*waiter)
	t.info = peer.NewAssembly(t.core.hash, &t.core.client.buffers)
	t.counters.left.Store(-1) // not known
	t.linked = t.source.Link.Trackers
	t.core.spawn(func() { t.recall(t.how.Dir) })
}

// search looks for the metainfo among strangers: only when it is not on our disk,
// where it may say that the torrent is private.
func (t *Torrent) search(now time.Time) {
	link, fetch := t.source.Link, t.how.Fetch
	t.startAnnounce()
	t.startDiscovery(now)
	if len(link.Peers) > 0 {
		t.core.spawn(func() { t.resolvePeers(link.Peers) })
	}
	if fetch != nil {
		for _, u := range link.Sources[:min(len(link.Sources), maxExact)] {
			t.exact++
			t.core.spawn(func() { t.fetchExact(fetch, u) })
		}
	}
}

// maxExact is how many URLs of a link are tried.
const maxExact = 4

// fetchExact tries a place where the link says that the .torrent is. Whoever is
// first with one of the right info-hash, a URL or a peer, ends the search.
func (t *Torrent) fetchExact(fetch FetchFunc, u string) {
	raw, local, err := fetch(t.core.ctx, u)
	if err == nil {
		var m *metainfo.Torrent
		if m, err = metainfo.Parse(raw); err == nil && m.InfoHash != t.core.hash {
			err = errors.New("it is another torrent")
		}
	}
	t.core.post(func(time.Time) {
		if err == nil {
			if !local && t.state == StateMetadata {
				t.core.policy.Distrust()
			}
			t.gotMetainfo(raw)
			return
		}
		t.exact--
		t.core.note(PeerError{tracker.Redact(u), err.Error()})
		if t.state == StateMetadata && t.hopeless() {
			t.finish(fmt.Errorf("%w: %w", ErrNoMetadata, err))
		}
	})
}

// recall looks for the metainfo that an earlier run left beside the data.
func (t *Torrent) recall(dir string) {
	var raw []byte
	states, _ := storage.FindStates(dir) // nothing there is no failure
	for _, s := range states {
		if t.core.ctx.Err() != nil {
			return // a folder may hold much
		}
		b, _, _, err := s.Load()
		if err != nil || !metainfo.Is(b, t.core.hash) {
			continue
		}
		if _, err := metainfo.Parse(b); err == nil {
			raw = b
			break
		}
	}
	t.core.post(func(now time.Time) {
		switch {
		case raw != nil:
			t.gotMetainfo(raw)
			return
		case t.state != StateMetadata || t.over:
			return
		}
		if t.search(now); t.hopeless() {
			t.finish(fmt.Errorf("%w: the link names no tracker and no peer, and there is nobody to ask", ErrNoMetadata))
		}
	})
}

// resolvePeers adds the peers that the link names (BEP 9, x.pe).
func (t *Torrent) resolvePeers(hosts []string) {
	for _, h := range hosts {
		addrs, err := t.core.door().Resolve(t.core.ctx, h)
		if err == nil { // else the others may do
			t.addFrom(addrs, swarm.FromLink)
		}
	}
}

// addFrom hands addresses to the book, from any goroutine.
func (t *Torrent) addFrom(addrs []netip.AddrPort, from swarm.Origin) {
	t.core.post(func(now time.Time) {
		for _, a := range addrs {
			if t.core.policy.Named(a) {
				t.book.Add(a, from, now)
			}
		}
	})
}

// wait takes a connection of which the handshake is done.
func (t *Torrent) wait(conn net.Conn, addr netip.AddrPort, hs wire.Handshake, incoming bool, now time.Time) {
	w := &waiter{conn: conn, addr: addr, hs: hs, incoming: incoming, since: now}
	if err := t.mayWait(w); err != nil {
		conn.Close()
		t.core.tell(EventTurnedAway, addr.String(), "%v", err)
		if err == errOurselves {
			t.book.Forget(addr)
		} else if !incoming {
			t.book.Release(addr, swarm.GaveNothing, now)
		}
		return
	}
	if !incoming {
		w.listen = addr
	}
	w.prelude = peer.NewPrelude(peer.PreludeConfig{
		Conn: conn, Addr: addr, Incoming: incoming, Local: t.core.client.handshake(t.core.hash), Remote: hs,
		Name: t.core.client.cfg.Name, ListenPort: t.core.client.endpoint.port(), DHTPort: t.dhtPort(), Extensions: t.extensions(nil), Buffers: &t.core.client.buffers, Assembly: t.info,
		Trace: t.core.tracedMessages(addr),
		Port:  func(_ *peer.Prelude, port uint16) { t.dhtNamed(addr, port) },
		Extended: func(_ *peer.Prelude, h wire.ExtHandshake) {
			t.core.client.endpoint.heard(addr.Addr(), h.YourIP)
			t.core.post(func(now time.Time) { t.waiterSpoke(w, h.Port, now) })
		},
		Message: func(_ *peer.Prelude, name string, payload []byte) {
			if name == wire.ExtPEX {
				t.whispered(w, payload)
			}
		},
	})
	t.waiters[addr] = w
	t.core.tellJoined(addr, hs, incoming)
	t.everConnected = true
	t.core.spawn(func() {
		info, err := w.prelude.Run(t.core.ctx)
		if !t.core.post(func(now time.Time) { t.waiterDone(w, info, err, now) }) {
			conn.Close()
		}
	})
}

func (t *Torrent) mayWait(w *waiter) error {
	switch {
	case t.over || t.core.ctx.Err() != nil:
		return ErrStopped
	case w.hs.PeerID == t.core.client.id:
		return errOurselves
	case !t.core.ids.has(w.hs.InfoHash):
		return errors.New("peer answered for another torrent")
	case t.book.Banned(w.addr):
		return errBanned
	case len(t.waiters) >= t.core.client.peerLimit() && !t.makeWaitersRoom():
		return errCrowded
	}
	same := 0
	for _, o := range t.waiters {
		if hosts.Same(o.hs.PeerID, w.hs.PeerID, o.addr.Addr(), w.addr.Addr()) {
			return errDuplicate
		}
		if hosts.Of(o.addr.Addr()) != hosts.Of(w.addr.Addr()) {
			continue
		}
		same++
	}
	if same >= swarm.MaxPerHost && !private(w.addr.Addr()) {
		return errCrowded
	}
	return nil
}

// makeWaitersRoom closes a waiter that has had its time to say that it has the
// info dictionary, and did not.
func (t *Torrent) makeWaitersRoom() bool {
	var oldest *waiter
	for _, w := range t.waiters {
		if w.prelude.Size() == 0 && time.Since(w.since) > waiterGrace && (oldest == nil || w.since.Before(oldest.since)) {
			oldest = w
		}
	}
	if oldest != nil {
		delete(t.waiters, oldest.addr)
		oldest.prelude.Close(errCrowded)
		if oldest.listen.IsValid() {
			t.book.Release(oldest.listen, swarm.GaveNothing, time.Now())
		}
	}
	return oldest != nil
}

// waiterSpoke follows an extension handshake.
func (t *Torrent) waiterSpoke(w *waiter, port uint16, now time.Time) {
	if t.waiters[w.addr] != w {
		return
	}
	if w.incoming && port != 0 && !w.listen.IsValid() {
		a := netip.AddrPortFrom(w.addr.Addr().Unmap(), port)
		t.book.Add(a, swarm.FromIncoming, now)
		if t.book.Hold(a) {
			w.listen = a
		}
	}
	t.fetchSome(now)
}

// fetchSome asks those who say that they have the info dictionary for it.
func (t *Torrent) fetchSome(now time.Time) {
	if t.state != StateMetadata {
		return
	}
	free, asked := metadataSources, 0
	for _, w := range t.waiters {
		if !w.asked.IsZero() {
			asked++
		}
		if !w.asked.IsZero() && !w.slow {
			free--
		}
	}
	free = min(free, metadataMost-asked)
	for _, w := range t.waiters {
		if free > 0 && w.asked.IsZero() && w.prelude.Size() > 0 {
			w.asked, w.turn = now, now
			w.prelude.Fetch()
			free--
		}
	}
}

// lookupStep lets the next source have its turn when one takes too long.
func (t *Torrent) lookupStep(now time.Time) {
	if at := t.lookupNext(); at.IsZero() || now.Before(at) {
		return
	}
	for _, w := range t.waiters {
		if w.asked.IsZero() || now.Sub(w.turn) < metadataTurn {
			continue
		}
		if !w.brisk() {
			w.prelude.Close(fmt.Errorf("%w: it is slow, and others wait", peer.ErrNoMetadata))
		}
		w.slow = true // others may be asked beside it
		w.turn, w.got = now, w.prelude.Got()
	}
	t.fetchSome(now)
}

// brisk reports whether a source would be done within metadataPatience if it went
// on as in its last turn. One that is merely slow had better go on.
func (w *waiter) brisk() bool {
	came := w.prelude.Got() - w.got
	turns := int64(metadataPatience / metadataTurn)
	return came > 0 && w.prelude.Size()-w.prelude.Got() <= came*turns
}

// lookupNext is when lookupStep has something to do; zero: never.
func (t *Torrent) lookupNext() (at time.Time) {
	if t.state != StateMetadata {
		return at
	}
	others := false
	for _, w := range t.waiters {
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

// waiterDone follows the end of a Prelude.
func (t *Torrent) waiterDone(w *waiter, info []byte, err error, now time.Time) {
	if t.waiters[w.addr] != w {
		w.conn.Close()
		return
	}
	if err == nil {
		w.ready = true
		if info != nil {
			t.gotInfo(info)
		}
		if t.mgr != nil {
			t.welcome(now)
		}
		return
	}
	delete(t.waiters, w.addr)
	t.core.failed(w.addr, err)
	t.core.tell(EventDisconnected, w.addr.String(), "%s", plainDialError(err))
	if errors.Is(err, peer.ErrLiar) {
		t.book.Ban(w.addr)
	}
	if w.listen.IsValid() {
		t.book.Release(w.listen, swarm.GaveNothing, now)
	}
	t.fetchSome(now)
}

// gotInfo takes an info dictionary whose hash is right.
func (t *Torrent) gotInfo(info []byte) {
	if t.state != StateMetadata {
		return // another source was first
	}
	var tiers [][]string
	for _, u := range t.source.Link.Trackers {
		tiers = append(tiers, []string{u})
	}
	t.gotMetainfo(metainfo.Assemble(info, tiers, t.source.Link.WebSeeds))
}

// gotMetainfo goes on with a whole .torrent. Nobody is asked for it any more; to make
// sense of it may take its time.
func (t *Torrent) gotMetainfo(raw []byte) {
	if t.state != StateMetadata || t.over {
		return
	}
	t.info.Close()
	t.state, t.info = StateStarting, nil
	t.core.tell(EventMetadata, "", "the metadata is here, %d bytes", len(raw))
	for _, w := range t.waiters {
		if !w.ready {
			w.prelude.Handover()
		}
	}
	t.core.spawn(func() {
		m, err := metainfo.Options{PortableNames: t.source.PortableNames}.Parse(raw)
		if err == nil && m.InfoHash != t.core.hash {
			err = fmt.Errorf("metainfo of another torrent, %x", m.InfoHash)
		}
		t.core.post(func(time.Time) { t.learned(raw, m, err) })
	})
}

// learned follows the search for the metainfo: the torrent waits for Begin.
func (t *Torrent) learned(raw []byte, m *metainfo.Torrent, err error) {
	if t.over {
		return
	}
	if err != nil {
		t.finish(err)
		return
	}
	if t.learn(raw, m); m.Private {
		t.stopDiscovery()
		t.forgetStrangers()
	}
	t.changeTrackers()
}

// welcome makes members of the waiters that are ready.
func (t *Torrent) welcome(now time.Time) {
	for _, w := range t.waiters {
		if !w.ready {
			continue
		}
		delete(t.waiters, w.addr)
		m := &member{addr: w.addr, listen: w.listen, incoming: w.incoming, id: w.hs.PeerID, since: now}
		t.take(m, w.conn, w.hs, w.prelude, now)
	}
}

// dismissWaiters closes what never became a member.
func (t *Torrent) dismissWaiters() {
	if t.info != nil {
		t.info.Close()
	}
	for _, w := range t.waiters {
		w.prelude.Close(ErrStopped)
	}
}

package torrent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/piece/storage"
	"gotor/torrent/network"
	"gotor/torrent/swarm"
)

// peers is the part of the loop that deals with other peers.
type peers struct {
	book          *swarm.Book
	members       map[netip.AddrPort]*member
	dialing       int
	tried         int // dials that have ended
	dials         *rate.Limiter
	everConnected bool
	strikes       map[netip.AddrPort]int       // by swarm.Hosts.Key
	paroled       map[netip.AddrPort]time.Time // by swarm.Hosts.Key: not taken before
	choker        *swarm.Choker
	changes       []swarm.ChokeChange // scratch
	pex           *swarm.PEX          // nil: peers are not exchanged
	super         *swarm.SuperSeed    // nil: everybody sees what we have
	hints         *swarm.Hints        // nil: nothing is suggested
	rng           *rand.Rand
}

// member is one connection. It belongs to the run goroutine.
type member struct {
	conn     *peer.Conn
	addr     netip.AddrPort
	listen   netip.AddrPort   // where it takes connections, if we know
	also     []netip.AddrPort // other addresses that led to it; they are not dialled meanwhile
	incoming bool
	id       [20]byte
	since    time.Time

	chatter    chatter
	choking    swarm.ChokePeer
	shown      swarm.SuperPeer // while super-seeding
	hinted     swarm.HintPeer  // while seeding
	gains      gains
	asking     atomic.Int32 // the piece that it asked for last
	askTold    atomic.Bool  // a notice of it waits in the mailbox
	asks       gains        // the same while super-seeding, all pieces
	servedTold atomic.Bool  // a notice that it was sent all waits in the mailbox
	moved      time.Time    // when a block was last seen to have moved, either way
	bytes      int64        // that have moved by then
	down, up   int64        // bytes that the counters have of it
	offered    time.Time    // when it got the first slot of those that it has not used
	interested bool         // in what we have
	wants      atomic.Bool  // the same, as the connection last said
	told       atomic.Bool  // a notice of it waits in the mailbox
}

// maxAlso bounds how many further addresses of a member are kept in mind.
const maxAlso = 8

func (s *peers) init(rng *rand.Rand, uploadSlots int) {
	s.book = swarm.NewBook(rng, hosts)
	s.members = make(map[netip.AddrPort]*member)
	s.dials = rate.NewLimiter(dialRate, dialBurst)
	s.strikes, s.paroled = make(map[netip.AddrPort]int), make(map[netip.AddrPort]time.Time)
	s.rng = rng
	s.choker = swarm.NewChoker(rng, uploadSlots)
}

var (
	errOurselves = errors.New("this is ourselves")
	errDuplicate = errors.New("connected to this peer already")
	errBanned    = errors.New("banned: it sent wrong data")
	errCrowded   = errors.New("too many connections")
	errGossip    = errors.New("it floods us with addresses of peers")
	errUseless   = errors.New("neither side has anything for the other")
)

// mayDial reports whether more outgoing connections are wanted at all. A seed
// dials too, or one behind a NAT would be of no use to others behind one, but
// leaves half of the room to those who come by themselves.
func (t *Torrent) mayDial() bool {
	most := t.core.client.peerLimit()
	switch t.state {
	case StateMetadata:
		return !t.core.over && t.dialing < t.core.client.limits.dialing && t.core.client.mayDialMore() && len(t.lookup.waiters)+t.dialing < most
	case StateDownloading:
	case StateSeeding:
		most /= 2
	default:
		return false
	}
	return t.mgr != nil && !t.core.over && t.dialing < t.core.client.limits.dialing && t.core.client.mayDialMore() && len(t.members)+t.dialing < most
}

// dialSome dials what the book, the limits and the rate allow.
func (t *Torrent) dialSome(now time.Time) {
	for t.mayDial() && t.dials.TokensAt(now) >= 1 {
		addr, ok := t.book.Next(now, t.state == StateSeeding, dialShare(t.core.client.limits.dialing))
		if !ok {
			return
		}
		patience := dialTimeout
		if t.book.Waiting() > t.core.client.limits.dialing {
			patience = dialHurry
		}
		t.dials.AllowN(now, 1)
		t.dialing++
		t.core.client.dialing.Add(1)
		policy := t.core.policy
		if t.book.Trusted(addr) {
			policy = t.core.client.user
		}
		t.core.spawn(func() { t.dial(addr, policy, patience) })
	}
}

// nextDial is when dialSome may find something to do; zero: when something is
// posted.
func (t *Torrent) nextDial(now time.Time) time.Time {
	if !t.mayDial() {
		if t.core.client.underPressure() {
			return now.Add(pressTime)
		}
		return time.Time{}
	}
	at := t.book.WakeAt(t.state == StateSeeding, dialShare(t.core.client.limits.dialing))
	if at.IsZero() {
		return at
	}
	if short := 1 - t.dials.TokensAt(now); short > 0 {
		at = maxTime(at, now.Add(time.Duration(short/dialRate*float64(time.Second))+time.Millisecond))
	}
	return maxTime(at, now.Add(time.Millisecond))
}

// dial makes one outgoing connection, up to the handshake, if the policy of whoever
// named the address still allows it. It waits patience for the connection, and
// dialTimeout for both.
func (t *Torrent) dial(addr netip.AddrPort, by *network.Policy, patience time.Duration) {
	conn, hs, err := t.reachOut(addr, by, patience)
	t.core.client.dialEnded()
	posted := t.core.post(func(now time.Time) {
		t.dialing--
		t.book.Dialled(addr)
		t.tried++
		if err != nil {
			t.core.failed(addr, err)
			t.core.tell(EventUnreachable, addr.String(), "%s", plainDialError(err))
			if errors.Is(err, network.ErrForbidden) {
				t.book.Forget(addr) // the policy has changed, and gets no laxer
			}
			t.book.Release(addr, swarm.GaveNothing, now)
			return
		}
		t.join(conn, addr, hs, false, now)
	})
	if !posted && err == nil {
		conn.Close()
	}
}

// reachOut connects and does the handshake.
func (t *Torrent) reachOut(addr netip.AddrPort, by *network.Policy, patience time.Duration) (conn net.Conn, hs wire.Handshake, err error) {
	ctx, cancel := context.WithTimeout(t.core.ctx, dialTimeout)
	defer cancel()
	first, enough := context.WithTimeout(ctx, patience)
	conn, err = by.Through(t.core.client.net).DialContext(first, "tcp", addr.String())
	enough()
	if err != nil {
		return nil, hs, err
	}
	if hs, err = peer.Handshake(ctx, conn, t.core.client.handshake(t.core.hash)); err != nil {
		conn.Close()
		return nil, hs, err
	}
	return conn, hs, nil
}

// plainDialError leaves out of a dial error what the reader knows already.
func plainDialError(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}

// join takes a connection whose handshake is done into the swarm, or closes it.
func (t *Torrent) join(conn net.Conn, addr netip.AddrPort, hs wire.Handshake, incoming bool, now time.Time) {
	if t.state == StateMetadata {
		t.everConnected = t.lookup.wait(conn, addr, hs, incoming, now) || t.everConnected
		return
	}
	m := &member{addr: addr, incoming: incoming, id: hs.PeerID, since: now}
	if err := t.mayJoin(m, hs.InfoHash, conn.LocalAddr(), now); err != nil {
		conn.Close()
		t.core.tell(EventTurnedAway, m.addr.String(), "%v", err)
		t.turnedAway(m, err, now)
		return
	}
	if !incoming {
		m.listen = addr
	}
	t.take(m, conn, hs, nil, now)
}

// take makes a member of a connection, which may have been a waiter so far.
func (t *Torrent) take(m *member, conn net.Conn, hs wire.Handshake, was *peer.Prelude, now time.Time) {
	cfg := t.connConfig(m, conn, hs)
	cfg.Continue, cfg.Extensions = was, t.extensions(was)
	m.choking.Addr = m.addr
	m.conn = peer.New(cfg)
	if was == nil { // else it is known
		t.core.tellJoined(m.addr, hs, m.incoming)
	}
	t.members[m.addr] = m
	if t.book.Hold(m.addr) && !m.listen.IsValid() { // it dials from where it listens
		m.listen = m.addr
	}
	t.everConnected = true
	t.clocks.connected(t.reach(), now)
	t.choker.Join(&m.choking, now)
	t.superJoin(m, now)
	t.gossipJoin(m, now)
	t.conns.Add(1)
	t.core.spawn(func() {
		defer t.conns.Done()
		err := m.conn.Run(t.core.ctx)
		if !t.core.post(func(now time.Time) { t.leave(m, err, now) }) {
			conn.Close()
		}
	})
}

func (t *Torrent) connConfig(m *member, conn net.Conn, hs wire.Handshake) peer.Config {
	c := peer.Config{
		Conn: conn, Addr: m.addr, Incoming: m.incoming, Local: t.core.client.handshake(t.core.hash), Remote: hs,
		Manager: t.mgr, Layout: t.layout, Store: t.uploads(), Buffers: &t.core.client.buffers,
		Metadata: t.meta.Info,
		Name:     t.core.client.cfg.Name, ListenPort: t.core.client.endpoint.port(), DHTPort: t.dhtPort(), DownLimit: t.core.client.down.in.Load, UpLimit: t.core.client.up.in.Load,
		UploadOnly: t.state != StateDownloading, AllowedFast: t.fastSet(m), Hidden: t.hides(),
		Events: peer.Events{
			Interested: func(on bool) {
				// At most one notice waits, however often the remote changes its mind.
				if m.wants.Store(on); m.told.CompareAndSwap(false, true) {
					t.core.post(func(now time.Time) {
						m.told.Store(false)
						if t.members[m.addr] == m {
							t.interest(m, m.wants.Load(), now)
						}
					})
				}
			},
			Extended: func(h wire.ExtHandshake) {
				t.core.client.endpoint.heard(m.addr.Addr(), h.YourIP)
				id, named := h.M[wire.ExtPEX]
				t.core.post(func(now time.Time) {
					t.introduced(m, h.Port, h.UploadOnly, now)
					if p := m.chatter.peer; p != nil && named {
						p.Talk(id != 0)
					}
				})
			},
			Message: func(name string, payload []byte) {
				if name == wire.ExtPEX {
					t.overheard(m, payload)
				}
			},
			ReadFailed: func(err error) {
				if errors.Is(err, storage.ErrChanged) {
					t.disturbed()
				}
			},
			Port:  func(port uint16) { t.dhtNamed(m.addr, port) },
			Trace: t.core.tracedMessages(m.addr),
			Seed:  func() { t.core.post(func(now time.Time) { t.becameSeed(m, now) }) },
		},
	}
	if t.super != nil || t.hints != nil {
		c.Events.Asked = t.tellAsked(m, c.Hidden)
		if c.Hidden {
			c.Events.Served = func() {
				if m.servedTold.CompareAndSwap(false, true) {
					t.core.post(func(now time.Time) { t.superServed(m, now) })
				}
			}
		}
		c.Events.Gained = func(piece, _ int) {
			if m.gains.note(piece) {
				t.core.post(func(now time.Time) { t.superGained(m, now) })
			}
		}
	}
	return c
}

// tellAsked makes what tells the loop that a remote asks for another piece. One
// notice waits at most. Where nothing is hidden the last piece is enough.
func (t *Torrent) tellAsked(m *member, hidden bool) func(int) {
	if hidden {
		return func(piece int) {
			if m.asks.note(piece) {
				t.core.post(func(now time.Time) { t.superAsked(m, now) })
			}
		}
	}
	return func(piece int) {
		if m.asking.Store(int32(piece)); m.askTold.CompareAndSwap(false, true) {
			t.core.post(func(now time.Time) { t.asked(m, now) })
		}
	}
}

// fastSet is how many pieces a peer may get although we choke it (BEP 6). None
// from a seed: with a hundred leechers its uplink would carry ten pieces for each
// of them beside those of its slots, and the simulated swarm took twice as long.
// None in a private network either, where all addresses have one /24, and so the
// same pieces. Nor, of few pieces, all: everybody would be served at the same time,
// and for long nobody would have a whole piece to pass on.
func (t *Torrent) fastSet(m *member) int {
	if t.state != StateDownloading || private(m.addr.Addr()) {
		return 0
	}
	return min(allowedFast, t.layout.Pieces()/(2*allowedFast))
}

// introduced takes what an extension handshake says. port is where a peer that
// dialled us can be dialled.
func (t *Torrent) introduced(m *member, port uint16, uploadOnly bool, now time.Time) {
	if t.members[m.addr] != m {
		return
	}
	if port != 0 && m.incoming {
		t.listensAt(m, port, now)
	}
	if uploadOnly && t.hides() {
		t.reveal(t.super.UploadOnly(&m.shown, now, nil))
	}
	if uploadOnly && t.useless(m) {
		m.conn.Close(errUseless)
	}
}

// becameSeed follows the news that a remote has everything.
func (t *Torrent) becameSeed(m *member, now time.Time) {
	if t.members[m.addr] != m {
		return
	}
	if t.hides() {
		t.super.Seed()
		t.reveal(nil)
	}
	if t.useless(m) {
		m.conn.Close(errUseless)
	}
}

// turnedAway cleans up after a connection that was not taken.
func (t *Torrent) turnedAway(m *member, why error, now time.Time) {
	twin := t.twin(m)
	switch {
	case why == errOurselves:
		t.book.Forget(m.addr)
	case m.incoming:
	case why == errDuplicate && twin != nil && !twin.listen.IsValid():
		twin.listen = m.addr // it stays busy as long as they are connected
	case why == errDuplicate && twin != nil && len(twin.also) < maxAlso:
		twin.also = append(twin.also, m.addr) // and so does this one
	default:
		t.book.Release(m.addr, swarm.GaveNothing, now)
	}
}

// listensAt notes where a peer that dialled us can be dialled.
func (t *Torrent) listensAt(m *member, port uint16, now time.Time) {
	if m.listen.IsValid() {
		return
	}
	a := netip.AddrPortFrom(m.addr.Addr().Unmap(), port)
	t.book.Add(a, swarm.FromIncoming, now)
	if t.book.Hold(a) {
		m.listen = a
		t.gossipKnown(m, now)
	}
}

// mayJoin says why a connection is not taken. It may close another one for it.
func (t *Torrent) mayJoin(m *member, infoHash [20]byte, local net.Addr, now time.Time) error {
	switch {
	case t.mgr == nil || t.change.changes() || t.core.over || t.core.ctx.Err() != nil:
		return ErrStopped
	case m.id == t.core.client.id:
		return errOurselves
	case !t.core.ids.has(infoHash):
		return errors.New("peer answered for another torrent")
	case t.book.Banned(m.addr):
		return errBanned
	case now.Before(t.paroled[hosts.Key(m.addr)]):
		return errParole
	case t.members[m.addr] != nil:
		return errDuplicate
	case t.meta.Private && !m.incoming && !t.book.Knows(m.addr):
		return errPrivate // forgotten while it was dialled
	}
	if twin := t.twin(m); twin != nil {
		if !t.core.client.prefers(m, twin) {
			return errDuplicate
		}
		t.dismiss(twin, errDuplicate, now)
	}
	if n := t.fromAddr(m.addr.Addr()); n >= swarm.MaxPerHost && !private(m.addr.Addr()) {
		return fmt.Errorf("%d connections from this address already", n)
	}
	if len(t.members) >= t.core.client.peerLimit() && !t.makeRoom(m, local, now) {
		return errCrowded
	}
	return nil
}

// fromAddr is how many members have an IP address.
func (t *Torrent) fromAddr(ip netip.Addr) (n int) {
	for _, m := range t.members {
		if hosts.Of(m.addr.Addr()) == hosts.Of(ip) {
			n++
		}
	}
	return n
}

// twin is the member that is the same peer as m, by another connection.
func (t *Torrent) twin(m *member) *member {
	for _, o := range t.members {
		if hosts.Same(o.id, m.id, o.addr.Addr(), m.addr.Addr()) {
			return o
		}
	}
	return nil
}

// key tells the peer from others, over several connections.
func (m *member) key() swarm.Remote { return swarm.RemoteOf(m.id, m.addr) }

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

// dismiss ends a connection and forgets it at once.
func (t *Torrent) dismiss(m *member, why error, now time.Time) {
	m.conn.Close(why)
	t.leave(m, why, now)
}

// leave forgets a connection that has ended. One that was dismissed may have
// been in the middle of a write: what came of that is added when it has ended.
func (t *Torrent) leave(m *member, err error, now time.Time) {
	s := m.conn.Stats()
	forgotten := t.members[m.addr] != m
	if !forgotten {
		delete(t.members, m.addr)
	}
	t.counters.down.Add(s.Downloaded - m.down)
	t.counters.up.Add(s.Uploaded - m.up)
	m.down, m.up = s.Downloaded, s.Uploaded
	if s.Downloaded > 0 {
		t.givers.Add(m.key())
		t.counters.givers.Store(int64(t.givers.Len()))
	}
	if forgotten {
		return
	}
	t.core.tellLeft(m, &s, err)
	t.seeds.left = t.seeds.left || s.Uploaded > 0
	if err != nil && s.Downloaded == 0 {
		t.core.failed(m.addr, err)
	}
	t.clocks.connected(t.reach(), now)
	if m.listen.IsValid() {
		t.book.Release(m.listen, outcomeOf(s.Downloaded > 0, err), now)
		t.book.Seed(m.listen, s.Seed)
		t.book.Delay(m.listen, t.paroled[hosts.Key(m.listen)])
	}
	for _, a := range m.also {
		t.book.Release(a, swarm.GaveNothing, now)
	}
	t.carryOut(t.choker.Leave(&m.choking, now, t.changes[:0]), now)
	t.superLeave(m, now)
	t.gossipLeave(m, err == errDuplicate || err == errUseless || err == errCrowded, now)
	if len(t.members) == 0 && t.state == StateDownloading {
		t.wantPeers()
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

// useless reports whether neither side has anything for the other.
func (t *Torrent) useless(m *member) bool {
	s := m.conn.Stats()
	return t.state != StateDownloading && (s.Seed || s.UploadOnly && !s.PeerInterested)
}

// dropUseless closes connections between two sides that both want nothing.
func (t *Torrent) dropUseless() {
	for _, m := range t.members {
		if t.useless(m) {
			m.conn.Close(errUseless)
		}
	}
}

// makeRoom closes the least useful connection for a newcomer, if there is one
// that is of less use.
func (t *Torrent) makeRoom(m *member, local net.Addr, now time.Time) bool {
	all, peers := t.connections(now)
	us := t.core.client.endpoint.us(m.addr.Addr(), local)
	i := hosts.Shed(us, peers, swarm.Connection{Addr: m.addr, Named: t.book.Named(m.addr), Joined: now}, now)
	if i >= 0 {
		t.dismiss(all[i], errCrowded, now)
	}
	return i >= 0
}

// connections describes all members for the machine that chooses among them.
func (t *Torrent) connections(now time.Time) (all []*member, peers []swarm.Connection) {
	all, peers = make([]*member, 0, len(t.members)), make([]swarm.Connection, 0, len(t.members))
	for _, m := range t.members {
		all, peers = append(all, m), append(peers, t.standing(m, now))
	}
	return all, peers
}

// standing describes one of them.
func (t *Torrent) standing(m *member, now time.Time) swarm.Connection {
	s := m.conn.Stats()
	if n := s.Downloaded + s.Uploaded; n > m.bytes {
		m.bytes, m.moved = n, now
	}
	return swarm.Connection{
		Addr: m.addr, Named: t.book.Named(m.listen), Useless: t.useless(m),
		Interested: m.interested, Interesting: s.AmInterested, Asks: s.Queued > 0, Joined: m.since, Moved: m.moved, Offered: m.offered,
	}
}

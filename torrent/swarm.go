package torrent

import (
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
)

// swarm is the part of the loop that deals with other peers.
type swarm struct {
	book          *book
	members       map[netip.AddrPort]*member
	dialing       int
	dials         *rate.Limiter
	everConnected bool
	failures      []PeerError
	strikes       map[netip.AddrPort]int // by banKey
}

// member is one connection. It belongs to the run goroutine.
type member struct {
	conn       *peer.Conn
	addr       netip.AddrPort
	incoming   bool
	id         [20]byte
	interested bool        // in what we have
	wants      atomic.Bool // the same, as the connection last said
	told       atomic.Bool // a notice of it waits in the mailbox
	unchoked   bool
}

// maxFailures is how many failed connections are kept to be told.
const maxFailures = 5

func (s *swarm) init(rng *rand.Rand) {
	s.book = newBook(rng)
	s.members = make(map[netip.AddrPort]*member)
	s.dials = rate.NewLimiter(dialRate, dialBurst)
	s.strikes = make(map[netip.AddrPort]int)
}

var (
	errOurselves = errors.New("this is ourselves")
	errDuplicate = errors.New("connected to this peer already")
	errBanned    = errors.New("banned: it sent wrong data")
	errUseless   = errors.New("neither side has anything for the other")
)

// mayDial reports whether more outgoing connections are wanted at all.
func (t *Torrent) mayDial() bool {
	return t.mgr != nil && !t.over && t.state == StateDownloading &&
		t.dialing < maxDialing && len(t.members)+t.dialing < maxPeers
}

// dialSome dials what the book, the limits and the rate allow.
func (t *Torrent) dialSome(now time.Time) {
	for t.mayDial() && t.dials.TokensAt(now) >= 1 {
		addr, ok := t.book.next(now)
		if !ok {
			return
		}
		t.dials.AllowN(now, 1)
		t.dialing++
		t.spawn(func() { t.dial(addr) })
	}
}

// nextDial is when dialSome may find something to do; zero: when something is
// posted.
func (t *Torrent) nextDial(now time.Time) time.Time {
	if !t.mayDial() {
		return time.Time{}
	}
	at := t.book.wakeAt()
	if at.IsZero() {
		return at
	}
	if short := 1 - t.dials.TokensAt(now); short > 0 {
		at = maxTime(at, now.Add(time.Duration(short/dialRate*float64(time.Second))+time.Millisecond))
	}
	return maxTime(at, now.Add(time.Millisecond))
}

// dial makes one outgoing connection, up to the handshake.
func (t *Torrent) dial(addr netip.AddrPort) {
	ctx, cancel := context.WithTimeout(t.ctx, dialTimeout)
	defer cancel()
	conn, err := t.client.net.DialContext(ctx, "tcp", addr.String())
	var hs wire.Handshake
	if err == nil {
		if hs, err = peer.Handshake(ctx, conn, t.client.handshake(t.meta.InfoHash)); err != nil {
			conn.Close()
		}
	}
	posted := t.post(func(now time.Time) {
		t.dialing--
		if err != nil {
			t.failed(addr, err)
			t.book.release(addr, false, false, now)
			return
		}
		t.join(conn, addr, hs, false, now)
	})
	if !posted && err == nil {
		conn.Close()
	}
}

// failed keeps a reason to tell when nothing comes of the download.
func (t *Torrent) failed(addr netip.AddrPort, err error) {
	if t.ctx.Err() != nil {
		return
	}
	if len(t.failures) >= maxFailures {
		t.failures = append(t.failures[:0], t.failures[1:]...)
	}
	t.failures = append(t.failures, PeerError{addr.String(), plainDialError(err)})
}

// plainDialError leaves out of a dial error what the reader knows already.
func plainDialError(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within " + dialTimeout.String()
	}
	return err.Error()
}

// join takes a connection whose handshake is done into the swarm, or closes it.
func (t *Torrent) join(conn net.Conn, addr netip.AddrPort, hs wire.Handshake, incoming bool, now time.Time) {
	if len(t.members) >= maxPeers && t.state == StateSeeding {
		t.dropUseless() // room for the next ones
	}
	if err := t.mayJoin(addr, hs, incoming); err != nil {
		conn.Close()
		if err == errOurselves {
			t.book.forget(addr)
		} else if !incoming {
			t.book.release(addr, err == errDuplicate, false, now)
		}
		return
	}
	m := &member{addr: addr, incoming: incoming, id: hs.PeerID}
	m.conn = peer.New(peer.Config{
		Conn: conn, Addr: addr, Incoming: incoming, Local: t.client.handshake(t.meta.InfoHash), Remote: hs,
		Manager: t.mgr, Layout: t.layout, Store: t.uploads(), Buffers: &t.client.buffers,
		Name: t.client.cfg.Name, ListenPort: t.client.port, DownLimit: t.client.down,
		Events: peer.Events{
			Interested: func(_ *peer.Conn, on bool) {
				// At most one notice waits, however often the remote changes its mind.
				if m.wants.Store(on); m.told.CompareAndSwap(false, true) {
					t.post(func(time.Time) {
						m.told.Store(false)
						t.interest(m, m.wants.Load())
					})
				}
			},
		},
	})
	t.members[addr] = m
	t.book.hold(addr)
	t.everConnected = true
	t.clocks.connected(len(t.members), now)
	t.spawn(func() {
		err := m.conn.Run(t.ctx)
		if !t.post(func(now time.Time) { t.leave(m, err, now) }) {
			conn.Close()
		}
	})
}

// mayJoin says why a connection is not taken.
func (t *Torrent) mayJoin(addr netip.AddrPort, hs wire.Handshake, incoming bool) error {
	switch {
	case t.mgr == nil || t.over || t.ctx.Err() != nil:
		return ErrStopped
	case hs.PeerID == t.client.id:
		return errOurselves
	case hs.InfoHash != t.meta.InfoHash:
		return errors.New("peer answered for another torrent")
	case t.book.isBanned(addr):
		return errBanned
	case len(t.members) >= maxPeers:
		return errors.New("too many connections")
	case t.members[addr] != nil:
		return errDuplicate
	}
	fromIP := 0
	for _, m := range t.members {
		if m.id == hs.PeerID && m.addr.Addr() == addr.Addr() {
			return errDuplicate
		}
		if m.addr.Addr() == addr.Addr() {
			fromIP++
		}
	}
	if fromIP >= maxPerIP && !private(addr.Addr()) {
		return fmt.Errorf("%d connections from this address already", fromIP)
	}
	return nil
}

// leave forgets a connection that has ended.
func (t *Torrent) leave(m *member, err error, now time.Time) {
	if t.members[m.addr] != m {
		return
	}
	delete(t.members, m.addr)
	s := m.conn.Stats()
	t.counters.down.Add(s.Downloaded)
	t.counters.up.Add(s.Uploaded)
	if err != nil && s.Downloaded == 0 {
		t.failed(m.addr, err)
	}
	t.clocks.connected(len(t.members), now)
	t.book.release(m.addr, err == nil || !errors.Is(err, peer.ErrProtocol), s.Downloaded > 0, now)
	if m.unchoked {
		t.unchoke()
	}
	if len(t.members) == 0 && t.announce != nil && t.state == StateDownloading {
		t.announce.Want()
	}
}

// interest is what a remote says of our pieces. A free slot is given at once.
func (t *Torrent) interest(m *member, on bool) {
	m.interested = on && t.stream == nil // what is streamed away is not ours to give
	if !on && m.unchoked {
		m.unchoked = false
		m.conn.Choke(true)
	}
	t.unchoke()
}

// unchoke fills the free slots.
func (t *Torrent) unchoke() {
	free := uploadSlots
	for _, m := range t.members {
		if m.unchoked {
			free--
		}
	}
	for _, m := range t.members {
		if free <= 0 {
			return
		}
		if m.interested && !m.unchoked {
			m.unchoked = true
			m.conn.Choke(false)
			free--
		}
	}
}

// blame bans the peers that sent wrong data; the last one left gets some more
// tries, since one bad piece may be an accident.
func (t *Torrent) blame(guilty []netip.AddrPort) {
	for _, a := range guilty {
		key := banKey(a)
		t.strikes[key]++
		if t.strikes[key] < strikesForLast && t.onlySource(key) {
			continue
		}
		t.book.ban(a)
		for _, m := range t.members {
			if banKey(m.addr) == key {
				m.conn.Close(errBanned)
				t.failed(m.addr, errBanned)
			}
		}
	}
}

// onlySource reports whether there is nobody to ask but the banKey given.
func (t *Torrent) onlySource(key netip.AddrPort) bool {
	for _, m := range t.members {
		if banKey(m.addr) != key && m.conn.Stats().AmInterested {
			return false
		}
	}
	return true
}

// dropUseless closes connections between two sides that both have everything.
func (t *Torrent) dropUseless() {
	for _, m := range t.members {
		if m.conn.Stats().Seed {
			m.conn.Close(errUseless)
		}
	}
}

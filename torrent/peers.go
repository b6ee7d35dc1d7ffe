package torrent

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"gotor/peer/wire"
	"gotor/piece"
	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
)

// peers are the other peers of one torrent: who may be dialled, who is connected, and
// what the machines of package swarm say about them, carried out. It belongs to the
// run goroutine, but for what says otherwise.
type peers struct {
	core *core
	rest peersRest
	data peersData
	rng  *rand.Rand

	seat    *seat
	book    *swarm.Book
	dials   dialler
	members map[netip.AddrPort]*member
	conns   sync.WaitGroup // their goroutines
	choker  *swarm.Choker
	changes []swarm.ChokeChange // scratch
	eager   int                 // members that want something of us
	refused time.Time           // when somebody was turned away because it was crowded
	reveals revealer
	gossip  gossip

	strikes map[netip.AddrPort]int       // by swarm.Hosts.Key
	paroled map[netip.AddrPort]time.Time // by swarm.Hosts.Key: not taken before

	everConnected bool
	down, up      int64        // payload bytes of connections that ended
	givers        swarm.Givers // who have left
	gave          atomic.Int64 // how many these are, for when the loop has ended

	// A notice waits in the mailbox: of guests in the lobby, and that descriptors are
	// needed. Any goroutine sets them.
	knocked, pressing atomic.Bool
}

// peersRest is what peers ask of the rest of their torrent, on the run goroutine but
// for what says otherwise.
type peersRest struct {
	state   func() State // how far the torrent is
	welcome func() bool  // there may be new members now
	later   func() bool  // not now, but soon
	waiters func() int   // connections that wait for the metainfo
	// wait takes a connection before the metainfo is known, or closes it.
	wait       func(conn net.Conn, addr netip.AddrPort, hs wire.Handshake, incoming bool, now time.Time) (taken bool)
	counted    func(now time.Time)                    // there are more members, or fewer
	lonely     func()                                 // a download has lost its last member
	unserved   func()                                 // somebody who was served is not any more
	nodePort   func() uint16                          // of our node of the DHT; 0: none
	node       func(peer netip.AddrPort, port uint16) // a peer has a node; any goroutine
	readFailed func(piece int, err error)             // a piece that we have cannot be read; any goroutine
}

// peersData is what peers give and take. Before there is any, nobody is connected.
type peersData struct {
	mgr      *piece.Manager // nil: none yet
	layout   *piece.Layout
	meta     *metainfo.Torrent
	store    io.ReaderAt // what is given to others
	streamed bool        // what comes is streamed away, and not ours to give
}

var (
	errOurselves = errors.New("this is ourselves")
	errDuplicate = errors.New("connected to this peer already")
	errOther     = errors.New("peer answered for another torrent")
	errBanned    = errors.New("banned: it sent wrong data")
	errCrowded   = errors.New("too many connections")
	errGossip    = errors.New("it floods us with addresses of peers")
	errUseless   = errors.New("neither side has anything for the other")
)

func (p *peers) init(k *core, rest peersRest, rng *rand.Rand) {
	p.core, p.rest, p.rng = k, rest, rng
	p.seat = newSeat(k, func() (held, want int) { return p.held(), p.want() }, p.cede)
	p.book, p.members = swarm.NewBook(rng, hosts), make(map[netip.AddrPort]*member)
	p.dials = dialler{
		core: k, book: p.book, room: p.room, seeding: func() bool { return rest.state() == StateSeeding }, joined: p.join,
		rate: rate.NewLimiter(dialRate, dialBurst),
	}
	p.reveals = revealer{members: p.members, sent: p.sent, hoards: p.hoards}
	p.gossip = gossip{core: k, book: p.book, members: p.members}
	p.strikes, p.paroled = make(map[netip.AddrPort]int), make(map[netip.AddrPort]time.Time)
	p.choker = swarm.NewChoker(rng, k.client.cfg.UploadSlots)
}

// begin takes over the data: from here on there may be members.
func (p *peers) begin(d peersData) {
	p.data = d
	p.choker.Suit(d.layout.Pieces(), d.meta.PieceLength)
	if p.gossip.pex == nil && p.core.client.sourcesOf(d.meta).pex {
		p.gossip.pex = swarm.NewPEX(hosts)
	}
}

// end gives the data back. Nobody is connected any more; begin may follow.
func (p *peers) end() { p.data = peersData{} }

// beginHints starts to suggest what to begin with; beginSuper to hide what we have.
func (p *peers) beginHints() {
	p.reveals.beginHints(p.rng, p.data.layout.Pieces(), p.data.meta.PieceLength)
}

func (p *peers) beginSuper() {
	p.reveals.beginSuper(p.rng, p.data.layout.Pieces(), p.data.meta.PieceLength)
}

// room is how many connections there may be that we dial: while we leech or look for
// the metainfo as many as there may be at all. A seed dials too, or one behind a NAT
// would be of no use to others behind one, but leaves half of the room to those who
// come by themselves.
func (p *peers) room() int {
	most := p.seat.limit()
	switch p.rest.state() {
	case StateMetadata:
		return most - p.rest.waiters()
	case StateDownloading:
	case StateSeeding:
		most /= 2
	default:
		return 0
	}
	if p.data.mgr == nil {
		return 0
	}
	return most - len(p.members)
}

// step does what has become due.
func (p *peers) step(now time.Time) {
	p.reveals.step(now)
	p.gossip.step(now)
	p.dials.step(now)
	p.chokeStep(now)
	p.seat.sit()
}

// next is when step has something to do; zero: when something is posted.
func (p *peers) next(now time.Time) (at time.Time) {
	for _, t := range []time.Time{p.reveals.next(), p.gossip.next(), p.dials.next(now), p.chokeNext()} {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// loading reports whether we want something of others.
func (p *peers) loading() bool { return p.rest.state() == StateDownloading }

// connected is how many members there are.
func (p *peers) connected() int { return len(p.members) }

// serving reports whether anybody has a slot.
func (p *peers) serving() bool { return p.choker.Used() > 0 }

// have tells all of a piece that was verified; lost, that we have it no more.
func (p *peers) have(piece int) {
	for _, m := range p.members {
		m.conn.Have(piece)
	}
}

func (p *peers) lost(piece int) {
	for _, m := range p.members {
		m.conn.DontHave(piece)
	}
}

// uploadOnly tells all whether we want something (BEP 21).
func (p *peers) uploadOnly(on bool) {
	for _, m := range p.members {
		m.conn.SetUploadOnly(on)
	}
}

// close ends all connections and waits for them: else the last bytes that they send
// would count nowhere. Their leaving is posted.
func (p *peers) close() {
	p.turnAway()
	for _, m := range p.members {
		m.conn.Close(ErrStopped)
	}
	p.conns.Wait()
	p.seat.tell(0, 0)
}

// turnAway closes those that wait in the lobby.
func (p *peers) turnAway() {
	for _, g := range p.core.client.lobby.collect(p.core) {
		g.conn.Close()
	}
}

// traffic sums what all connections, past and present, carried, in payload bytes.
func (p *peers) traffic() (down, up int64) {
	down, up = p.down, p.up
	for _, m := range p.members {
		s := m.conn.Stats()
		down += s.Downloaded
		up += s.Uploaded
	}
	return down, up
}

// sent is how much payload was sent to all.
func (p *peers) sent() int64 {
	_, up := p.traffic()
	return up
}

// countGivers is how many have sent something that we asked for.
func (p *peers) countGivers() int {
	n := p.givers.Len()
	for _, m := range p.members {
		if !p.givers.Has(m.key()) && m.conn.Stats().Downloaded > 0 {
			n++
		}
	}
	return n
}

// count is how those who are connected stand with a download; who waits for the
// metainfo is connected, too.
func (p *peers) count() (n peerCounts) {
	n.peers = len(p.members) + p.rest.waiters()
	for _, m := range p.members {
		s := m.conn.Stats()
		if s.Seed {
			n.seeds++
		}
		switch {
		case !s.AmInterested:
			n.lacking++
		case s.PeerChoking:
			n.choking++
		case s.Snubbed:
			n.silent++
		}
	}
	return n
}

// look adds to a snapshot what only peers know.
func (p *peers) look(s *Snapshot) {
	s.Known, s.Dialing, s.Tried = p.book.Size(), p.dials.going, p.dials.tried
	for _, m := range p.members {
		if m.incoming {
			s.Incoming++
		}
		if m.interested {
			s.Interested++
		}
		if m.choking.Unchoked() {
			s.Unchoked++
		}
	}
}

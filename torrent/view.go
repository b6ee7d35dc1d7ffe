package torrent

import (
	"net/netip"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/piece"
	"gotor/torrent/swarm"
)

// This file is what a person may see of the inside of one torrent: its connections,
// its pieces, its files. Nothing of it is kept up to date: it is put together when
// somebody asks, and the loop only hands out what belongs to it.

// PeerKind is how a connection with a peer was made.
type PeerKind struct {
	Incoming   bool   // it has dialled us
	Transport  string // what carries it: tcp
	Encryption string // what hides it: none
}

// kindOf is the kind of a connection: all are over TCP, and in the clear.
func kindOf(incoming bool) PeerKind { return PeerKind{incoming, "tcp", "none"} }

// PeerStatus is one connection of a torrent.
type PeerStatus struct {
	Addr netip.AddrPort
	// Client is what the peer calls itself, or what its peer id is known for: raw
	// bytes from outside, at most 100. The printer makes them safe.
	Client string
	// Origin is who named the peer: tracker, dht, pex, lsd, link, user, or incoming.
	Origin string
	PeerKind
	// Choking: it does not let us ask. Choked: we do not let it. Interested: it wants
	// something of us. Interesting: it has something that we want. Snubbed: it owes us
	// blocks and sends none. Optimistic: it may ask us on trial.
	Choking, Choked, Interested, Interesting, Snubbed, Optimistic bool
	DownRate, UpRate                                              int64 // payload bytes per second, over the last seconds
	Downloaded, Uploaded                                          int64 // payload bytes of this connection
	Progress                                                      float64
	Since                                                         time.Time
}

// Inside is what may be seen of a torrent. Its methods may be called from any goroutine,
// and wait for the loop for a moment.
type Inside struct{ t *Torrent }

// Inside opens the torrent to be looked at.
func (t *Torrent) Inside() Inside { return Inside{t} }

// Peers are the connections of the torrent, in no order; none once it has ended.
// Before its metainfo is known these are the peers that may give it.
func (in Inside) Peers() []PeerStatus {
	t := in.t
	list, _ := ask(t.core, t.outcome.stopped, func(time.Time) []PeerStatus {
		all := make([]PeerStatus, 0, len(t.peers.members)+len(t.lookup.waiters))
		for _, w := range t.lookup.waiters {
			all = append(all, waiterStatus(w, t.peers.book))
		}
		for _, m := range t.peers.members {
			all = append(all, memberStatus(m, t.peers.book, t.layout.Pieces()))
		}
		return all
	})
	return list
}

// memberStatus describes a connection of a torrent of some pieces.
func memberStatus(m *member, book *swarm.Book, pieces int) PeerStatus {
	s := m.conn.Stats()
	p := statusOf(m.addr, m.incoming, m.since, book)
	p.Client, p.Progress = s.Client, part(s, pieces)
	p.Choking, p.Choked, p.Interested, p.Interesting = s.PeerChoking, s.AmChoking, s.PeerInterested, s.AmInterested
	p.Snubbed, p.Optimistic = s.Snubbed, m.choking.Optimistic()
	p.DownRate, p.UpRate, p.Downloaded, p.Uploaded = s.DownRate, s.UpRate, s.Downloaded, s.Uploaded
	return p
}

// waiterStatus describes a connection from which the metainfo may come.
func waiterStatus(w *waiter, book *swarm.Book) PeerStatus {
	p := statusOf(w.addr, w.incoming, w.since, book)
	p.Client, p.Choking, p.Choked = wire.ClientOf(w.hs.PeerID), true, true
	return p
}

// statusOf is what is known of any connection.
func statusOf(addr netip.AddrPort, incoming bool, since time.Time, book *swarm.Book) PeerStatus {
	origin := swarm.FromIncoming
	if from, known := book.Origin(addr); known && !incoming {
		origin = from
	}
	return PeerStatus{Addr: addr, Origin: origin.String(), PeerKind: kindOf(incoming), Since: since}
}

// part is how much of the pieces a remote has, from 0 to 1.
func part(s peer.Stats, pieces int) float64 {
	switch {
	case s.Seed:
		return 1
	case pieces == 0:
		return 0
	}
	return float64(s.Have) / float64(pieces)
}

// PieceMap is what a torrent and its swarm have.
type PieceMap struct {
	Count int
	// Have and Unwanted are bitfields as on the wire: the first piece is the highest
	// bit of the first byte. Have are verified; Unwanted are in no selected file, or
	// of a seed at the edge of one and cannot be verified. The caller owns them.
	Have, Unwanted []byte
	Partial        []PartialPiece // in the order of the pieces
	// Availability is how many connected peers have a piece, by runs from piece 0 on.
	// Of more than 65,536 pieces, neighbours are taken together, and the least of them
	// counts.
	Availability []Run
}

// PartialPiece is a piece that is being downloaded.
type PartialPiece struct {
	Piece  int
	Blocks int // how many it has
	Got    int // of these, how many are here
}

// Run is how many neighbouring pieces have how many peers.
type Run struct{ Length, Peers int }

// Pieces tells what the torrent has and what its peers have; the zero value before it
// is begun and once it has ended.
func (in Inside) Pieces() PieceMap {
	t := in.t
	type sight struct {
		mgr   *piece.Manager
		files *fileSet
		have  []byte
	}
	s, _ := ask(t.core, t.outcome.stopped, func(time.Time) (s sight) {
		if t.layout != nil {
			s = sight{t.held.mgr, t.held.files, append([]byte(nil), t.held.have...)}
		}
		return s
	})
	if s.files == nil {
		return PieceMap{}
	}
	m := PieceMap{Count: s.files.layout.Pieces(), Have: s.have, Unwanted: s.files.unwanted()}
	if s.mgr == nil { // the files are being opened
		return m
	}
	v := piece.ViewOf(s.mgr)
	for _, p := range v.Partial {
		m.Partial = append(m.Partial, PartialPiece(p))
	}
	for r := range v.Runs(maxRuns) {
		m.Availability = append(m.Availability, Run(r))
	}
	return m
}

// maxRuns bounds the runs of a PieceMap: peers decide how many there are.
const maxRuns = 1 << 16

// unwanted are the pieces that are not among wantedPieces, as a bitfield.
func (s *fileSet) unwanted() []byte {
	b := make([]byte, bytesFor(s.layout.Pieces()))
	for p := range s.layout.Pieces() {
		setBit(b, p)
	}
	for p := range s.wantedPieces {
		clearBit(b, p)
	}
	return b
}

// FileProgress is how many bytes of each file, as in the metainfo, lie in verified
// pieces; nil before it is known what is there, and once the torrent has ended.
func (in Inside) FileProgress() []int64 {
	t := in.t
	var files *fileSet
	have, _ := ask(t.core, t.outcome.stopped, func(time.Time) []byte {
		if !t.held.counted {
			return nil
		}
		files = t.held.files
		return append([]byte(nil), t.held.have...)
	})
	if have == nil {
		return nil
	}
	return files.verified(have)
}

// verified is how many bytes of each file lie in the pieces of a bitfield.
func (s *fileSet) verified(have []byte) []int64 {
	sum := make([]int64, len(s.meta.Files))
	for p := range s.layout.Pieces() {
		if bit(have, p) {
			s.of(p, func(file int, bytes int64) { sum[file] += bytes })
		}
	}
	return sum
}

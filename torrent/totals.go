package torrent

import (
	"net/netip"
	"sync/atomic"
	"time"

	"gotor/piece"
	"gotor/tracker"
)

// ClientTotals are the figures of a Client: how many of what there are now, and what
// all torrents have done since it was made, those that have ended too. Figures of
// torrents are at most about as old as those of Changes.
type ClientTotals struct {
	Connections      int // with peers, of all torrents
	Dialing          int // half-open
	OpenFiles        int
	AnnouncesWaiting int // for their turn, or under way
	DHTNodes         int // good ones; -1: there is no DHT
	DHTNodes6        int // of them, over IPv6

	// Kinds are the connections by kind; one that there may be, and is not now, has 0.
	Kinds map[PeerKind]int

	Buffers, BufferLimit int64 // bytes of payload in memory, and how many there may be

	DialsOK, DialsFailed         int64
	AnnouncesOK, AnnouncesFailed int64
	PiecesFailed                 int64 // copies that did not match their hash
	// WastedHash is what those copies had; WastedTwice came twice, or nobody wanted it
	// any more.
	WastedHash, WastedTwice int64
	Verified                int64 // bytes of pieces that were found right as they came
	// Payload bytes: received from peers and from web servers, and sent.
	FromPeers, FromWeb, Sent int64
}

// totals are the counters behind ClientTotals, and who counts there. The zero value
// is ready; any goroutine may add.
type totals struct {
	dialsOK, dialsFailed         atomic.Int64
	announcesOK, announcesFailed atomic.Int64
	piecesFailed                 atomic.Int64
	wasted, wastedHash           atomic.Int64
	verified                     atomic.Int64
	fromPeers, fromWeb, sent     atomic.Int64
	reached                      atomic.Bool
}

// dialled counts a dial that has ended.
func (s *totals) dialled(err error) {
	if err != nil {
		s.dialsFailed.Add(1)
		return
	}
	s.dialsOK.Add(1)
}

// announced counts an announce that has ended.
func (s *totals) announced(a tracker.Announce) {
	switch {
	case !a.Ended:
	case a.Err != "":
		s.announcesFailed.Add(1)
	default:
		s.announcesOK.Add(1)
	}
}

// judged counts a verdict on a piece of some bytes.
func (s *totals) judged(r *piece.Result, bytes int64) {
	switch {
	case r.OK:
		s.verified.Add(bytes)
	case r.Err == nil:
		s.piecesFailed.Add(1)
		s.wastedHash.Add(r.Wasted)
	}
}

// told is what a torrent has added to the totals of its Client, which is only what
// came since it did so last. It belongs to the run goroutine.
type told struct{ peers, web, sent, wasted int64 }

// tell adds what is new: all payload that came, of it from web servers, what was sent
// and what was wasted.
func (t *told) tell(to *totals, down, web, up, wasted int64) {
	now := told{down - web, web, up, wasted}
	to.fromPeers.Add(now.peers - t.peers)
	to.fromWeb.Add(now.web - t.web)
	to.sent.Add(now.sent - t.sent)
	to.wasted.Add(now.wasted - t.wasted)
	*t = now
}

// Totals are the figures of the Client. It asks no torrent and waits for none.
func (c *Client) Totals() ClientTotals {
	s := &c.totals
	t := ClientTotals{
		Dialing: int(c.dialing.Load()), OpenFiles: c.files.Open(),
		AnnouncesWaiting: c.trackers.Pending(), DHTNodes: -1,
		DialsOK: s.dialsOK.Load(), DialsFailed: s.dialsFailed.Load(),
		AnnouncesOK: s.announcesOK.Load(), AnnouncesFailed: s.announcesFailed.Load(),
		PiecesFailed: s.piecesFailed.Load(), WastedHash: s.wastedHash.Load(), Verified: s.verified.Load(),
		FromPeers: s.fromPeers.Load(), FromWeb: s.fromWeb.Load(), Sent: s.sent.Load(),
	}
	all, incoming := c.ledger.connections()
	t.Connections, t.Kinds = all, map[PeerKind]int{kindOf(true): incoming, kindOf(false): all - incoming}
	t.Buffers, t.BufferLimit = c.pool.Memory()
	t.WastedTwice = max(0, s.wasted.Load()-t.WastedHash)
	if c.dht != nil {
		s := c.dht.stats()
		t.DHTNodes, t.DHTNodes6 = s.Good4+s.Good6, s.Good6
	}
	return t
}

// External is our address on the internet as others see it, that of IPv4 if there are
// two; invalid: not known.
func (c *Client) External() netip.Addr {
	if a := c.endpoint.public(); len(a) > 0 {
		return a[0]
	}
	return netip.Addr{}
}

// Reached reports whether anybody from the internet has ever connected to us and said
// a handshake: then others can.
func (c *Client) Reached() bool { return c.totals.reached.Load() }

// arrivedFrom notes who has come.
func (s *totals) arrivedFrom(ip netip.Addr) {
	if !private(ip) {
		s.reached.Store(true)
	}
}

// motion knows when a byte of payload was last seen to have moved.
type motion struct {
	bytes int64
	at    time.Time
}

// look takes how many have moved in all.
func (m *motion) look(bytes int64, now time.Time) {
	if bytes != m.bytes {
		m.bytes, m.at = bytes, now
	}
}

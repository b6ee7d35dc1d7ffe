package lsd

import (
	crand "crypto/rand"
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// When announces are sent (BEP 14).
const (
	announceEvery  = 5 * time.Minute
	announceJitter = 20 * time.Second // added, so that programs started together spread
	packetEvery    = time.Minute      // to one group, on average: "no more than 1 announce per minute"
	packetBurst    = 4                // so many may go out at once after a rest, so that somebody new is answered
	answerEvery    = 2 * time.Minute  // per torrent: earlier than planned because of a new peer
	answerWait     = 4 * time.Second  // at most, at random: who hears an announce does not answer at once with all others
	// A first announce is sent again after so long, and again after twice that,
	// since multicast gets lost, and who has just started may not listen yet. One
	// packet of the burst is left for others.
	repeatAfter = 2 * time.Second
	repeats     = 2
)

// Config says how a Node works. Send and Found are required; a Runner has its
// own Send.
type Config struct {
	// Send sends a packet to the group of IPv4 or IPv6 on every interface. It
	// must not keep the packet, nor call the Node. What cannot be sent is
	// dropped: the next announce makes up for it.
	Send func(packet []byte, v6 bool)

	// Found is told where a peer of an announced torrent can be dialled, again
	// with each of its announces. It must not block. Link-local IPv6 addresses
	// have a zone.
	Found func(infoHash [20]byte, peer netip.AddrPort)

	// Bug, if not nil, is called by a Runner with what a panic in one of its
	// goroutines left (deferred: the stack is still there). Nothing more is
	// announced or heard then, and the process goes on.
	Bug func(recovered any)

	// Port is where we accept connections, on all interfaces. 0: nowhere; then
	// nothing is announced, and others are still heard.
	Port uint16

	// Cookie tells our packets from others': at most 64 letters, digits and
	// the like. Default, also for one that does not fit: random.
	Cookie string

	// Local reports whether a source may be believed. Default: [Private].
	Local func(netip.Addr) bool

	// Rand is the source of jitter and of the default cookie. Default: ChaCha8
	// with a seed from the system. Others are for tests.
	Rand rand.Source
}

// Node is the local tracker as a machine: see the package comment.
type Node struct {
	cfg      Config
	rand     *rand.Rand
	torrents map[[20]byte]*torrent
	room     int       // info-hashes in a packet
	free     time.Time // when all packets so far are worked off at one each packetEvery
	next     time.Time // when Tick has something to do, unless changed
	changed  bool
	sources  sources
	stats    Stats
	buf      []byte
}

// torrent is one that we take part in.
type torrent struct {
	hash     [20]byte
	due      time.Time // next announce
	answered time.Time // when due was last moved forward
	told     bool      // it was announced
	repeats  int       // of its first announce, still to come
	repeat   time.Time // when
	peers    newcomers
}

// Stats are counters since the start.
type Stats struct {
	Sent     int // packets, both groups together
	Received int // packets, those of ours that came back included
	Refused  int // of them: malformed, from elsewhere, or too many
	Found    int // calls of Config.Found
}

// New makes a node that announces nothing yet.
func New(cfg Config) *Node {
	if cfg.Rand == nil {
		var seed [32]byte
		crand.Read(seed[:])
		cfg.Rand = rand.NewChaCha8(seed)
	}
	rng := rand.New(cfg.Rand)
	if !validCookie(cfg.Cookie) {
		cookie := make([]byte, 0, 8)
		for len(cookie) < cap(cookie) {
			cookie = append(cookie, byte(rng.Uint32()))
		}
		cfg.Cookie = hex.EncodeToString(cookie)
	}
	if cfg.Local == nil {
		cfg.Local = Private
	}
	return &Node{cfg: cfg, rand: rng, torrents: make(map[[20]byte]*torrent), room: room(cfg.Cookie)}
}

// validCookie reports whether a cookie survives being a header's value.
func validCookie(c string) bool {
	return c != "" && len(c) <= maxCookie &&
		!slices.ContainsFunc([]byte(c), func(b byte) bool { return b <= ' ' || b >= 0x7f })
}

// Announce begins to announce a torrent, at once unless many packets went out in the
// last minutes, and to listen for its peers. The torrent must not be private (BEP 27).
func (n *Node) Announce(now time.Time, infoHash [20]byte) {
	if n.torrents[infoHash] == nil {
		n.torrents[infoHash] = &torrent{hash: infoHash, due: now}
		n.changed = true
	}
}

// Remove ends what Announce began. BEP 14 has no message for it.
func (n *Node) Remove(infoHash [20]byte) { delete(n.torrents, infoHash) }

// Stats returns the counters.
func (n *Node) Stats() Stats { return n.stats }

// Receive takes a datagram that came to one of the groups. It does not keep it.
func (n *Node) Receive(now time.Time, packet []byte, from netip.AddrPort) {
	n.stats.Received++
	ip := from.Addr().Unmap()
	if !ip.IsValid() || !n.cfg.Local(ip) || !n.sources.admit(now, ip) {
		n.stats.Refused++
		return
	}
	m, err := parseMessage(packet)
	if err != nil {
		n.stats.Refused++
		return
	}
	if m.cookie == n.cfg.Cookie {
		return // it is ours
	}
	for _, h := range m.hashes {
		if t := n.torrents[h]; t != nil {
			n.heard(now, t, netip.AddrPortFrom(ip, m.port))
		}
	}
}

// heard handles an announce of a torrent that is ours, too.
func (n *Node) heard(now time.Time, t *torrent, peer netip.AddrPort) {
	is, ok := t.peers.note(now, peer)
	if !ok {
		return
	}
	if is && now.Sub(t.answered) >= answerEvery {
		t.answered = now
		if early := now.Add(n.jitter(answerWait)); early.Before(t.due) {
			t.due, n.changed = early, true
		}
	}
	n.stats.Found++
	n.cfg.Found(t.hash, peer)
}

// Tick sends what is due, and returns when to call it again at the latest; zero
// when nothing is announced. Call it after every other call, too.
func (n *Node) Tick(now time.Time) (next time.Time) {
	if n.cfg.Port == 0 || len(n.torrents) == 0 {
		return time.Time{}
	}
	if !n.changed && now.Before(n.next) { // so in a flood of packets
		return n.next
	}
	queue := n.queue()
	for !now.Before(n.nextPacket(queue)) { // packetBurst times at most
		n.announce(now, queue)
		queue = n.queue()
	}
	n.repeatSome(now, queue)
	n.next, n.changed = n.nextPacket(queue), false
	for _, t := range queue {
		if t.repeats > 0 && t.repeat.Before(n.next) {
			n.next = t.repeat
		}
	}
	return n.next
}

// repeatSome repeats first announces for which it is time. Those for which there is
// no room are not made up for.
func (n *Node) repeatSome(now time.Time, queue []*torrent) {
	var hashes [][20]byte
	for _, t := range queue {
		if t.repeats == 0 || now.Before(t.repeat) {
			continue
		}
		if len(hashes) == n.room || now.Before(n.roomFor(2)) {
			t.repeats = 0
			continue
		}
		hashes = append(hashes, t.hash)
		t.repeats, t.repeat = t.repeats-1, now.Add(2*repeatAfter)
	}
	if len(hashes) > 0 {
		n.send(now, hashes)
	}
}

// queue returns the torrents, who is due first at the front.
func (n *Node) queue() []*torrent {
	queue := make([]*torrent, 0, len(n.torrents))
	for _, t := range n.torrents {
		queue = append(queue, t)
	}
	slices.SortFunc(queue, func(a, b *torrent) int {
		if c := a.due.Compare(b.due); c != 0 {
			return c
		}
		return slices.Compare(a.hash[:], b.hash[:])
	})
	return queue
}

func (n *Node) nextPacket(queue []*torrent) time.Time {
	at := queue[0].due
	if free := n.roomFor(1); free.After(at) {
		return free
	}
	return at
}

// roomFor is when so many packets, at most packetBurst, may be sent.
func (n *Node) roomFor(packets int) time.Time {
	return n.free.Add(time.Duration(packets-packetBurst) * packetEvery)
}

// announce sends a packet with those that are due and those that
// will be before another packet may be sent.
func (n *Node) announce(now time.Time, queue []*torrent) {
	var hashes [][20]byte
	for _, t := range queue[:min(len(queue), n.room)] {
		if t.due.After(now.Add(packetEvery)) {
			break
		}
		hashes = append(hashes, t.hash)
		t.due = now.Add(announceEvery + n.jitter(announceJitter))
		if !t.told {
			t.told, t.repeats, t.repeat = true, repeats, now.Add(repeatAfter)
		}
	}
	n.send(now, hashes)
}

// send sends one packet to each group.
func (n *Node) send(now time.Time, hashes [][20]byte) {
	m := message{port: n.cfg.Port, cookie: n.cfg.Cookie, hashes: hashes}
	if n.free.Before(now) {
		n.free = now
	}
	n.free = n.free.Add(packetEvery)
	for _, v6 := range [...]bool{false, true} {
		host := host4
		if v6 {
			host = host6
		}
		n.buf = appendMessage(n.buf[:0], m, host)
		n.stats.Sent++
		n.cfg.Send(n.buf, v6)
	}
}

func (n *Node) jitter(most time.Duration) time.Duration {
	return time.Duration(n.rand.Int64N(int64(most)))
}

package dht

import (
	crand "crypto/rand"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Config says how a Node works. Only Send is required.
type Config struct {
	// Send sends one packet. It must not keep or change the packet beyond the
	// call, must not block for long and must not call the Node. What cannot be
	// sent is dropped: the Node sees to lost packets.
	Send func(packet []byte, to netip.AddrPort)

	// Bug, if not nil, is called by a Runner with what a panic in its goroutine
	// left (deferred: the stack is still there). The Runner is closed then, and
	// the process goes on.
	Bug func(recovered any)

	// IPv4 and IPv6 are the networks to take part in; neither means both.
	IPv4, IPv6 bool

	// ReadOnly makes a node that asks but does not answer (BEP 43), for
	// programs that run for a short time.
	ReadOnly bool

	// External are our addresses as others see them, where known: at most one
	// of each family counts. Other nodes correct what is wrong (BEP 42).
	External []netip.Addr

	// Agreed is told our address of a family whenever the nodes that have lately
	// answered agree on it (BEP 42), each of another network. May be nil.
	Agreed func(ip netip.Addr)

	// FreshID has LoadState take the nodes and no id: for programs of which
	// several may run on one machine with the same state.
	FreshID bool

	// Version is sent with every message: two letters for the program and two
	// bytes for its version (BEP 5). Empty: none.
	Version string

	// Amplify is how many bytes a source gets for each byte it sends while
	// nothing shows that it receives them. Default 8: eight nodes and a token
	// are 3 times the question, the filters of a scrape 6 times. Whatever it
	// is, beyond 32 KiB a second more than was received nobody gets more than
	// it sent. 1: nobody ever does; then a newcomer learns one node from us and
	// is not pinged, and in a network where all do so nobody gets to know
	// anybody.
	Amplify int

	// StrictLocal applies the rules about addresses (ids from addresses, one
	// node an address and network, 5 packets a second) to loopback and private
	// ranges too.
	StrictLocal bool

	// Rand is the source of ids, transaction ids and secrets. Default: ChaCha8
	// with a seed from the system. Others are for tests.
	Rand rand.Source
}

// Node is a node of the distributed tracker as a machine: see the package
// comment. Its methods must be called from one goroutine, or under one lock.
// Callbacks are called from within them and may call them in turn.
type Node struct {
	cfg   Config
	rules addressRules
	rand  *rand.Rand
	fams  [2]*family // IPv4, IPv6; nil: not taking part
	idle  [2]idle    // where fams is nil

	// Queries that wait for an answer: by their random transaction ids, and in
	// the order in which something is due.
	calls  map[uint32]*call
	timers callHeap
	rtt    roundTrip

	// What we do for others, and for whom.
	gate   gate
	tokens tokens
	peers  *peerStore
	items  *itemStore

	running []*Lookup // includes our own for the table
	waiting []*Lookup // for their turn
	boot    []netip.AddrPort
	turning bool // takeTurns is at work
	closed  bool

	// Scratch space, so that answering a query allocates next to nothing.
	buf     []byte    // the packet being sent
	near    []Contact // nodes for a reply
	near6   []Contact
	values  []netip.AddrPort
	counted Stats
}

// family is our part in the network of one address family.
type family struct {
	v6       bool
	own      ID
	external netip.Addr // invalid: not known
	table    *table
	votes    votes

	joinAt     time.Time // when to look for our neighbours; zero: not planned
	joinWait   time.Duration
	joining    bool
	joined     bool // others have answered since the start
	refreshing bool // a bucket is being refreshed
}

// Errors of lookups and pings.
var (
	ErrNoNodes   = errors.New("the DHT has no nodes to ask: give a bootstrap node")
	ErrBusy      = errors.New("too many DHT lookups wait for their turn")
	ErrCancelled = errors.New("the DHT lookup was cancelled")
	ErrTimeout   = errors.New("the DHT node did not answer")
	ErrClosed    = errors.New("the DHT node is closed")
	errNoFamily  = errors.New("the DHT does not run in this address family")
)

// New makes a node. It knows nobody until LoadState, Bootstrap or AddNode.
func New(cfg Config) *Node {
	if cfg.Rand == nil {
		var seed [32]byte
		crand.Read(seed[:])
		cfg.Rand = rand.NewChaCha8(seed)
	}
	if !cfg.IPv4 && !cfg.IPv6 {
		cfg.IPv4, cfg.IPv6 = true, true
	}
	if cfg.Amplify <= 0 {
		cfg.Amplify = defaultRatio
	}
	rules := addressRules{strictLocal: cfg.StrictLocal}
	n := &Node{
		cfg: cfg, rules: rules, rand: rand.New(cfg.Rand),
		calls: make(map[uint32]*call),
		peers: newPeerStore(rules), items: newItemStore(rules),
	}
	n.gate.rules, n.gate.ratio, n.gate.sources.most = rules, cfg.Amplify, maxSources
	for i, on := range [2]bool{cfg.IPv4, cfg.IPv6} {
		if on {
			n.fams[i] = &family{v6: i == 1}
			n.fams[i].setID(n, netip.Addr{}, n.randomID())
		}
	}
	for _, ip := range cfg.External {
		n.SetExternal(time.Time{}, ip)
	}
	return n
}

// family returns our part in the family of an address, nil if we have none.
func (n *Node) family(ip netip.Addr) *family {
	if ip.Is4() {
		return n.fams[0]
	}
	return n.fams[1]
}

func (n *Node) randomID() (id ID) {
	for i := 0; i < len(id); i += 4 {
		r := n.rand.Uint32()
		id[i], id[i+1], id[i+2], id[i+3] = byte(r), byte(r>>8), byte(r>>16), byte(r>>24)
	}
	return id
}

// ID returns our id in the IPv4 or IPv6 network; zero where we take no part.
func (n *Node) ID(v6 bool) ID {
	f := n.fams[0]
	if v6 {
		f = n.fams[1]
	}
	if f == nil {
		return ID{}
	}
	return f.own
}

// Receive takes a datagram that has arrived. It does not keep the packet.
// Datagrams of other protocols may be given to it: they are garbage to it.
func (n *Node) Receive(now time.Time, packet []byte, from netip.AddrPort) {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	f := n.family(from.Addr())
	if f == nil || from.Port() == 0 || !from.Addr().IsValid() || n.closed {
		return
	}
	n.counted.Received++
	if m, ok := parse(packet); ok {
		n.handle(now, f, m, from, len(packet))
	} else if n.admit(now, from) {
		n.counted.Garbage++
	}
}

// handle takes a message of size bytes. Answers are let through the gate, so
// that nobody can cut us off from a node by sending garbage in its name.
func (n *Node) handle(now time.Time, f *family, m message, from netip.AddrPort, size int) {
	switch {
	case m.kind != 'q' && n.answer(now, f, &m, from), !n.admit(now, from):
	case m.kind != 'q':
		n.counted.Garbage++
	case !n.cfg.ReadOnly:
		n.serve(now, f, &m, from, size)
	}
}

// admit counts a packet that is no answer, and reports whether to look at it.
func (n *Node) admit(now time.Time, from netip.AddrPort) bool {
	ok := n.gate.admit(now, from)
	if !ok {
		n.counted.Blocked++
	}
	return ok
}

// Tick does what is due, and returns when to call it again at the latest. It
// is cheap: call it after every other call, since what was due then may have
// changed. A zero time means that nothing is due ever.
func (n *Node) Tick(now time.Time) (next time.Time) {
	if n.closed {
		return time.Time{}
	}
	n.expireCalls(now)
	n.maintain(now)
	next = n.nextMaintenance()
	if len(n.timers) > 0 && (next.IsZero() || n.timers[0].wake.Before(next)) {
		next = n.timers[0].wake
	}
	return next
}

// Close ends all lookups with ErrClosed. Nothing is sent any more.
func (n *Node) Close(now time.Time) {
	n.closed = true
	for len(n.running)+len(n.waiting) > 0 {
		all := append(n.running, n.waiting...)
		n.running, n.waiting = nil, nil
		for _, l := range all {
			l.finish(now, ErrClosed)
		}
	}
	// Ending a ping may ask for more, which the closed node refuses.
	calls := n.timers
	n.calls, n.timers = map[uint32]*call{}, nil
	for _, c := range calls {
		c.done(now, failed, nil)
	}
}

// send hands the packet in n.buf to the owner.
func (n *Node) send(packet []byte, to netip.AddrPort) {
	n.buf = packet[:0]
	n.counted.Sent++
	n.cfg.Send(packet, to)
}

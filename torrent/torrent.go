package torrent

import (
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"gotor/piece"
	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
)

// Torrent is one swarm. Its exported methods may be called from any goroutine;
// what is in loop belongs to the run goroutine.
type Torrent struct {
	core *core // immutable

	source Source // immutable, but for Raw
	how    Lookup // immutable

	// As immutable once known is closed; nil before, and then the loop's. Raw of source
	// is, too.
	meta *metainfo.Torrent

	// As immutable once Begin has returned; before, the loop's. What follows from the
	// Selection changes with it, while neither opener nor keeper is at work.
	spec   Spec
	paths  paths
	layout *piece.Layout // nil: not begun

	known   chan struct{} // closed when meta is set
	outcome *outcome

	counters counters

	// Confined to the run goroutine.
	loop
}

// counters are what others read while the loop goes on.
type counters struct {
	check          checkCount
	left           atomic.Int64 // bytes still to verify, for trackers
	allDown, allUp atomic.Int64 // of all connections, as last published for trackers
}

// publish takes what all connections have carried.
func (c *counters) publish(down, up int64) {
	c.allDown.Store(down)
	c.allUp.Store(up)
}

// loop is the state that belongs to the run goroutine.
type loop struct {
	state    State
	started  time.Time // added
	began    time.Time // see Begin; zero: not yet
	stay     bool      // seed when complete
	finished bool      // the outcome is known

	held      holdings
	searching bool // peers and servers are being looked for
	stopping  bool // as soon as the disk is done
	asleep    bool // when it ends, it goes on seeding without a Torrent
	change    reselection
	clocks    deadlines
	still     stillness
	seeds     seedClock

	peers peers
	web   *webSeeds
	atEnd peerCounts // when it failed

	lookup    lookup
	names     peerNames
	announces announces
	disco     discovery
	public    publicity
	rates     rates // of those who ask
	motion    motion
	told      told
	showing   showing

	tickAt time.Time // when the manager looks for holders that went silent
}

func newTorrent(c *Client, src Source, how Lookup) (*Torrent, error) {
	now := time.Now()
	if src.Offline {
		src.Peers, src.PeerNames = nil, nil
	}
	t := &Torrent{source: src, how: how, known: make(chan struct{}), outcome: newOutcome()}
	t.core = newCore(c, &src, t.crashed)
	t.loop = loop{state: StateMetadata, started: now, clocks: newDeadlines(&how, now), still: newStillness(how.MetadataTimeout)}
	rng := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	t.held.core = t.core
	wireSearch(t)
	t.peers.init(t.core, restForPeers(t), rng)
	t.names = peerNames{core: t.core, book: t.peers.book}
	t.showing = showing{ledger: &c.ledger, look: t.look}
	t.web = newWebSeeds(t.core, &t.source, rng, hooksForWeb(t))
	if src.Meta != nil {
		if _, err := layoutOf(src.Meta); err != nil {
			return nil, err
		}
		t.state = StateStarting
		t.learn(src.Raw, src.Meta)
	}
	for _, a := range src.Peers {
		if c.user.Named(a) {
			t.peers.book.Add(a, swarm.FromUser, now)
		}
	}
	return t, nil
}

// Done is closed when the outcome is known: everything selected is verified and
// under its final name, or Err says why not. With Spec.Seed the torrent goes on
// after that until Stop.
func (t *Torrent) Done() <-chan struct{} { return t.outcome.done }

// Err is nil until Done is closed, and after it when the download is complete.
func (t *Torrent) Err() error { return t.outcome.reason() }

// Stopped is closed when the torrent has let go of files, peers and trackers.
func (t *Torrent) Stopped() <-chan struct{} { return t.outcome.stopped }

// Root is the path of the file, or of the torrent's folder (Place.Dir itself when
// flat). It and Path may be called once Begin has returned without an error.
func (t *Torrent) Root() string { return t.paths.root() }

// Path is the final path of file i.
func (t *Torrent) Path(i int) string { return t.paths.file(i) }

// AddPeer adds an address by hand. One that is Offline has no use for it.
func (t *Torrent) AddPeer(a netip.AddrPort) {
	if t.source.Offline {
		return
	}
	t.core.post(func(now time.Time) { t.peers.book.Add(a, swarm.FromUser, now) })
}

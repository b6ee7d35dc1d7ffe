package torrent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/piece"
	"gotor/piece/storage"
	"gotor/torrent/network"
	"gotor/torrent/swarm"
	"gotor/tracker"
)

// Client is what the torrents of one process share. Its methods may be called
// from any goroutine.
type Client struct {
	// Immutable.
	cfg      Config
	net      network.Network // of the family that may be used
	user     *network.Policy // for what the user names
	trackers *tracker.Client // asked by all torrents
	storage  Storage
	pool     *piece.Pool
	workers  *piece.Workers
	buffers  peer.Buffers
	down, up throttle
	files    *storage.Descriptors
	limits   limits
	id       [20]byte
	sealKey  func() []byte // nil: there is none; read when it is first needed
	key      uint32        // tells trackers that we are we from another address (BEP 7)
	endpoint *endpoint
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup // accept and what it started, endpoint.run, mainline.keep
	running  sync.WaitGroup // torrents

	dht *mainline   // nil: not used
	lsd *neighbours // nil: not used

	lobby    lobby
	bans     bans
	totals   totals
	farewell farewell
	checks   checks
	seats    seats
	dialing  atomic.Int32 // half-open connections of all torrents
	pressed  atomic.Int64 // until when descriptors are for files only, see relieve

	slumber slumber // what is known of torrents that sleep
	wakes   wakes   // of those who knock at them

	mu       sync.RWMutex // who looks for a torrent must not wait for others who do
	torrents directory

	ledger ledger
}

const (
	defaultMemory = 64 << 20
	// peerIDPrefix says who we are, in Azureus style (BEP 20).
	peerIDPrefix = "-Gt0100-"
)

// NewClient opens the port, for datagrams too if there is a DHT, and starts the hash
// workers. The only error is about an explicitly given port that cannot be had, and
// wraps the network's.
func NewClient(cfg Config) (*Client, error) {
	if cfg.Network == nil {
		cfg.Network = network.System{}
	}
	c := &Client{cfg: cfg, net: network.OfFamily(cfg.Network, cfg.family())}
	c.user = network.ByUser(cfg.family())
	c.trackers = newTrackers(&cfg, c.net)
	if c.storage = cfg.Storage; c.storage == nil {
		c.storage = fileStorage{}
	}
	if c.id = cfg.PeerID; c.id == ([20]byte{}) {
		c.id = wire.NewPeerID(peerIDPrefix)
	}
	c.key = rand.Uint32()
	c.sealKey = sync.OnceValue(func() []byte { return sealKey(cfg.KeyDir) })
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.farewell.going = c.ctx
	c.checks.most = cfg.MaxChecks
	c.wakes = wakes{client: c, wake: cfg.Wake}
	var err error
	if c.endpoint, err = openEndpoint(c.ctx, c.net, cfg.Port, cfg.DHT != nil); err != nil {
		c.cancel()
		return nil, err
	}
	if cfg.DHT != nil {
		c.dht = newMainline(c, *cfg.DHT)
	}
	if cfg.LSD && c.endpoint.port() != 0 { // who cannot be reached has nothing to say
		c.lsd = newNeighbours(c, localOf(cfg.Network))
	}
	c.pool = piece.NewPool(budget(cfg.MaxMemory))
	c.buffers.Limit(budget(cfg.MaxMemory))
	n := cfg.Workers
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	c.workers = piece.NewWorkers(n)
	c.SetLimits(cfg.MaxDown, cfg.MaxUp)
	c.limits = limitsFor(storage.OpenLimit(), cfg)
	c.lobby.most = c.limits.lobby
	per := cfg.MaxPeersPerTorrent
	if per <= 0 {
		per = maxPeers
	}
	c.seats.table = swarm.NewSeats(c.limits.members, per)
	c.files = storage.NewDescriptors(0)
	c.files.SetRelief(c.relieve)
	c.wg.Go(func() { c.guard(c.accept) })
	c.wg.Go(func() { c.guard(c.endpoint.run) })
	return c, nil
}

// budget is how much of the allowed memory payload may take: five eighths. The
// rest is for connections, for the tables of a large torrent and for the
// runtime, so that the process as a whole stays near the limit. A small cgroup
// lowers the limit.
func budget(want int64) int64 {
	if want <= 0 {
		want = defaultMemory
	}
	if l := cgroupLimit(); l > 0 {
		want = min(want, l/4)
	}
	return max(want/8*5, 4*piece.BlockSize)
}

// Port is the TCP port that peers can reach us at; 0: none.
func (c *Client) Port() uint16 { return c.endpoint.port() }

// Add takes in a torrent, and looks for the metainfo if there is only a link; its
// Begin starts the rest, once it is Known. Add fails at once on what cannot work (a
// torrent that cannot be downloaded yet, one that is there already); everything else
// comes through Torrent.Done and Torrent.Err.
func (c *Client) Add(src Source, how Lookup) (*Torrent, error) {
	if err := src.possible(); err != nil {
		return nil, err
	}
	t, err := newTorrent(c, src, how)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return nil, errors.New("client is closed")
	}
	if !c.torrents.add(t) {
		return nil, fmt.Errorf("torrent %x was given twice", t.core.hash)
	}
	c.running.Add(1)
	t.outcome.gone = c.running.Done // also for one that hangs after a panic
	t.showing.enter(t, time.Now())
	go t.run()
	return t, nil
}

func (c *Client) remove(t *Torrent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.torrents.remove(t)
	c.ledger.remove(t)
}

func (c *Client) find(infoHash [20]byte) *Torrent {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.torrents.find(infoHash)
}

// handshake is what we say first about a torrent.
func (c *Client) handshake(infoHash [20]byte) wire.Handshake {
	features := wire.FeatureExtended | wire.FeatureFast
	if c.dht != nil {
		features |= wire.FeatureDHT
	}
	return wire.Handshake{Features: features, InfoHash: infoHash, PeerID: c.id}
}

// accept takes incoming connections until the listener is closed. Without one it
// returns.
func (c *Client) accept() {
	for c.endpoint.listener != nil {
		conn, err := c.endpoint.listener.Accept()
		if err != nil {
			if c.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of descriptors, most likely.
			c.lobby.turnOut()
			select {
			case <-c.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		remote, err := netip.ParseAddrPort(conn.RemoteAddr().String())
		if err != nil || c.underPressure() || c.banned(remote.Addr(), time.Now()) {
			conn.Close()
			continue
		}
		g := c.lobby.enter(conn, remote)
		c.wg.Add(1)
		go c.greet(g)
	}
}

// greet learns which torrent an incoming connection is about, wakes it if it sleeps,
// and lets it know. The connection stays in the lobby until the torrent takes it.
func (c *Client) greet(g *guest) {
	defer c.wg.Done()
	defer c.caught()
	var t *Torrent
	hs, err := peer.Accept(c.ctx, g.conn, func(ih [20]byte) (wire.Handshake, bool) {
		if t = c.find(ih); t == nil {
			t = c.wakes.knock(ih, g.host)
		}
		if t != nil && t.source.Offline {
			t = nil
		}
		return c.handshake(ih), t != nil
	})
	if err == nil {
		c.totals.arrivedFrom(g.remote.Addr().Unmap())
	}
	if err != nil || t == nil || !c.lobby.arrive(g, t.core, hs) || !t.peers.knock() {
		c.lobby.leave(g)
		g.conn.Close()
	}
}

// Close stops all torrents, waits for their state to be saved and for the
// goodbye announces (2 s at most, of all together), and releases the port.
func (c *Client) Close() error {
	c.mu.Lock()
	c.cancel()
	all := slices.Collect(c.torrents.all)
	c.mu.Unlock()
	c.endpoint.closeListener()
	for _, t := range all {
		t.Stop()
	}
	c.running.Wait()
	c.trackers.Close()
	if c.lsd != nil {
		c.lsd.close()
	}
	if c.dht != nil {
		c.dht.close()
	}
	c.endpoint.closeUDP()
	c.wg.Wait()
	c.workers.Close()
	return nil
}

package torrent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"gotor/piece/storage"
	"gotor/torrent/network"
	"gotor/tracker/dht"
)

const (
	// fewSaved is how many saved nodes make it likely that one still lives; with
	// fewer, the bootstrap nodes are looked up at once, else when none of the
	// saved ones has answered in savedTime.
	fewSaved  = 8
	savedTime = 5 * time.Second
	// tableEvery is how often the nodes are saved while the process goes on.
	tableEvery = 15 * time.Minute
	// bootPause is when the bootstrap nodes are looked up again if none of them has
	// answered; it doubles.
	bootPause = 10 * time.Second
	// namedEvery and namedBurst bound how many of the nodes that torrents, links and
	// peers name are asked, for each process (threat: lists that make us a scanner).
	namedEvery = 5 * time.Second
	namedBurst = 200
)

// mainline is a Client's part in the distributed tracker. The first torrent that
// asks begins it: who has only private torrents never sends a packet.
type mainline struct {
	// Immutable.
	client *Client
	cfg    DHTConfig
	begin  func() error // starts the node, once

	saved []byte // the nodes that an earlier process left; nil: none

	ready  chan struct{} // closed when there is a node to ask, or nobody will come
	enter  sync.Once     // closes ready
	runner atomic.Pointer[dht.Runner]

	mu    sync.Mutex
	early []netip.AddrPort // nodes named before it began

	// local: private addresses may be sent to, since somebody we trust named one
	// or such a node came to us. What strangers tell must not make us knock at
	// hosts of our own network.
	local atomic.Bool
	named atomic.Bool   // torrents or peers have named nodes
	pace  *rate.Limiter // of these

	asleep chan struct{} // holds a token for each search of a torrent that sleeps
}

// maxAsleep bounds them: half of those that the node makes at a time.
const maxAsleep = 8

// maxEarly is how many nodes are remembered before the node begins.
const maxEarly = 16

func newMainline(c *Client, cfg DHTConfig) *mainline {
	m := &mainline{client: c, cfg: cfg, ready: make(chan struct{}), pace: rate.NewLimiter(rate.Every(namedEvery), namedBurst), asleep: make(chan struct{}, maxAsleep)}
	m.begin = sync.OnceValue(m.start)
	m.saved = LoadDHT(cfg.State)
	return m
}

// LoadDHT returns the nodes in a file that a Client or SaveDHT has written
// (DHTConfig.State), as dht.NewRunner takes them; nil if there are none, and then
// we enter as newcomers do.
func LoadDHT(file string) []byte {
	if file == "" {
		return nil
	}
	b, _ := storage.LoadState(filepath.Split(file))
	return b
}

// SaveDHT writes the state of a node to a file, whose folder is made if missing.
func SaveDHT(file string, state []byte) error {
	dir, name := filepath.Split(file)
	return storage.SaveState(dir, name, state)
}

// hasIPv6 reports whether the IPv6 network can be reached. A machine without an
// address in it would wait in vain for the nodes there that others name.
func (m *mainline) hasIPv6() bool {
	for _, host := range m.cfg.Bootstrap {
		if a, err := netip.ParseAddrPort(host); err == nil && network.Family(a.Addr()) == "6" {
			return true
		}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && network.Family(p.Addr()) == "6" && network.Reachable(p.Addr(), false) {
			return true
		}
	}
	return false
}

// promising reports whether there is somebody to enter by.
func (m *mainline) promising() bool {
	return len(m.cfg.Bootstrap) > 0 || m.named.Load() || m.hasSaved()
}

// savedStats are the figures of what was saved, before anything is sent.
func (m *mainline) savedStats() dht.Stats {
	n := dht.New(dht.Config{IPv4: !m.client.cfg.IPv6Only, IPv6: !m.client.cfg.IPv4Only})
	if n.LoadState(m.saved) != nil {
		return dht.Stats{}
	}
	return n.Stats(time.Time{})
}

// hasSaved reports whether there is a node of our families in it.
func (m *mainline) hasSaved() bool {
	if len(m.saved) == 0 {
		return false
	}
	s := m.savedStats()
	return s.Nodes4+s.Nodes6 > 0
}

// start starts the node.
func (m *mainline) start() error {
	c := m.client
	if c.endpoint.udp == nil {
		m.enter.Do(func() { close(m.ready) })
		return c.endpoint.udpErr
	}
	v6 := c.endpoint.udp.addr().Addr().Is6() && (c.cfg.IPv6Only || m.hasIPv6())
	cfg := dht.Config{
		Send: m.send, IPv4: !c.cfg.IPv6Only, IPv6: v6, ReadOnly: m.cfg.ReadOnly, Version: DHTVersion, FreshID: true, Bug: c.bug,
		External: c.endpoint.public(), Agreed: c.endpoint.agreed,
	}
	// Nodes of a private network that have answered us before may be asked again.
	if len(m.saved) > 0 && m.savedStats().Local > 0 {
		m.local.Store(true)
	}
	r := dht.NewRunner(cfg, m.saved)
	m.mu.Lock()
	m.runner.Store(r)
	early := m.early
	m.mu.Unlock()
	c.endpoint.demux.register(protoDHT, m.receive)
	c.wg.Go(func() { c.guard(m.keep) })
	if len(early) > 0 {
		m.introduce(early)
	}
	return nil
}

// DHTVersion is what our packets say about us: two letters and the version (BEP 5).
const DHTVersion = "Gt\x00\x01"

// receive takes a packet of the DHT.
func (m *mainline) receive(p []byte, from netip.AddrPort) bool {
	if private(from.Addr()) {
		m.local.Store(true) // no router lets such an address in from outside
	}
	m.runner.Load().Deliver(p, from)
	return true
}

// port is where others reach the node; 0: nowhere, or it is not to be asked.
func (m *mainline) port() uint16 {
	if m.cfg.ReadOnly || m.runner.Load() == nil {
		return 0
	}
	return m.client.endpoint.udpPort()
}

// send is what the node sends with.
func (m *mainline) send(p []byte, to netip.AddrPort) {
	if m.mayReach(to) {
		m.client.endpoint.send(p, to)
	}
}

func (m *mainline) mayReach(a netip.AddrPort) bool {
	return a.Port() != 0 && network.Reachable(a.Addr(), m.local.Load())
}

// keep enters the network and saves the nodes now and then, until the client is
// closed.
func (m *mainline) keep() {
	ctx, r := m.client.ctx, m.runner.Load()
	if s := r.Stats(); s.Nodes4+s.Nodes6 >= fewSaved {
		m.enter.Do(func() { close(m.ready) })
		if !await(ctx, savedTime) {
			return
		}
	}
	for pause := bootPause; ; {
		wait := tableEvery
		if s := r.Stats(); s.Good4+s.Good6 == 0 {
			m.bootstrap(ctx) // once more: names may be found later than we start
			wait, pause = pause, min(2*pause, tableEvery)
		}
		m.enter.Do(func() { close(m.ready) })
		if !await(ctx, wait) {
			return
		}
		m.save()
	}
}

// await reports whether the time passed before the context ended.
func await(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// bootstrap looks the bootstrap nodes up, all at a time, and asks each as soon
// as it is known where it is.
func (m *mainline) bootstrap(ctx context.Context) {
	var wg sync.WaitGroup
	for _, host := range m.cfg.Bootstrap {
		wg.Go(func() {
			defer m.client.caught()
			if addrs, err := network.Resolve(ctx, m.client.net, host); err == nil && len(addrs) > 0 {
				m.introduce(addrs)
			}
		})
	}
	wg.Wait()
}

// add tells the node of another one, which a torrent, a link or a peer named.
// The caller's policy allows the address.
func (m *mainline) add(a netip.AddrPort) {
	if !m.pace.Allow() {
		return
	}
	m.named.Store(true)
	m.mu.Lock()
	waits := m.runner.Load() == nil
	if waits && len(m.early) < maxEarly {
		m.early = append(m.early, a)
	}
	m.mu.Unlock()
	if !waits {
		m.ask(a)
	}
}

// introduce gives nodes to enter by.
func (m *mainline) introduce(addrs []netip.AddrPort) {
	for _, a := range addrs {
		if private(a.Addr()) {
			m.local.Store(true)
		}
	}
	m.runner.Load().Bootstrap(addrs)
	m.enter.Do(func() { close(m.ready) })
}

// ask pings an address that is said to have a node.
func (m *mainline) ask(a netip.AddrPort) {
	if private(a.Addr()) {
		m.local.Store(true)
	}
	m.runner.Load().Do(func(now time.Time, n *dht.Node) { n.AddNode(now, a) })
}

// enterNow begins it, and waits until there is somebody to ask.
func (m *mainline) enterNow(ctx context.Context) error {
	if err := m.begin(); err != nil {
		return err
	}
	select {
	case <-m.ready:
		return nil
	case <-ctx.Done():
		return dht.ErrCancelled
	}
}

// peers looks for the peers of a torrent, and announces us if the options say so.
func (m *mainline) peers(ctx context.Context, hash [20]byte, o dht.PeersOptions, found func([]netip.AddrPort)) dht.Result {
	if err := m.enterNow(ctx); err != nil {
		return dht.Result{Err: err}
	}
	return m.runner.Load().GetPeers(ctx, hash, o, found)
}

// peersAsleep is peers for a torrent that sleeps: few at a time, so that those of
// thousands do not keep one waiting that is awake.
func (m *mainline) peersAsleep(ctx context.Context, hash [20]byte, o dht.PeersOptions, found func([]netip.AddrPort)) dht.Result {
	select {
	case m.asleep <- struct{}{}:
	case <-ctx.Done():
		return dht.Result{Err: dht.ErrCancelled}
	}
	defer func() { <-m.asleep }()
	return m.peers(ctx, hash, o, found)
}

// ResolveKey looks up what a link with a public key leads to (BEP 46): the
// info-hash in the newest item that the key has signed. It goes on until one is
// found or the context ends; then the error wraps ErrNoMetadata.
func (c *Client) ResolveKey(ctx context.Context, key [32]byte, salt []byte) ([20]byte, error) {
	if c.dht == nil {
		return [20]byte{}, fmt.Errorf("%w: a public key is looked up in the DHT, which is switched off", ErrNoMetadata)
	}
	for pause := dhtRetry; ; pause = min(2*pause, dhtAlone) {
		if !c.dht.promising() {
			return [20]byte{}, fmt.Errorf("%w: %w", ErrNoMetadata, dht.ErrNoNodes)
		}
		it, err := c.dht.item(ctx, key, salt)
		if err == nil && it != nil {
			if ih, ok := it.Torrent(); ok {
				return ih, nil
			}
			return [20]byte{}, fmt.Errorf("%w: what is stored under the public key leads to no torrent", ErrNoMetadata)
		}
		if !await(ctx, pause) {
			if errors.Is(ctx.Err(), context.Canceled) {
				return [20]byte{}, context.Cause(ctx)
			}
			if err == nil || errors.Is(err, dht.ErrCancelled) {
				err = errors.New("the DHT has nothing under the public key")
			}
			return [20]byte{}, fmt.Errorf("%w: %w", ErrNoMetadata, err)
		}
	}
}

// item gets a mutable item (BEP 44); nil: there is none.
func (m *mainline) item(ctx context.Context, key [32]byte, salt []byte) (*dht.Item, error) {
	if err := m.enterNow(ctx); err != nil {
		return nil, err
	}
	res := m.runner.Load().Get(ctx, dht.MutableTarget(key, salt), salt)
	return res.Item, res.Err
}

// stats are the node's figures; zero ones when it has not begun.
func (m *mainline) stats() (s dht.Stats) {
	if r := m.runner.Load(); r != nil {
		s = r.Stats()
	}
	return s
}

// nodes is how many good nodes it knows.
func (m *mainline) nodes() int {
	s := m.stats()
	return s.Good4 + s.Good6
}

// save keeps the nodes for the next start, unless there are none.
func (m *mainline) save() {
	if m.cfg.State == "" {
		return
	}
	r := m.runner.Load()
	if s := r.Stats(); s.Good4+s.Good6 > 0 {
		// A cache that cannot be written costs the next start some seconds.
		_ = SaveDHT(m.cfg.State, r.State())
	}
}

// close ends it. begin must not be called any more.
func (m *mainline) close() {
	r := m.runner.Load()
	if r == nil {
		return
	}
	m.save()
	r.Close()
}

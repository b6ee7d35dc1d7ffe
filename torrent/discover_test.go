package torrent

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gotor/bencode"
	"gotor/peer/simnet"
	"gotor/torrent/metainfo"
	"gotor/tracker/dht"
)

// dhtClient is a gotor that takes part in the DHT, which it enters by the nodes
// of others.
func (l *lab) dhtClient(change func(*Config), enter ...*Client) *Client {
	l.Helper()
	cfg := Config{DHT: &DHTConfig{}}
	for _, c := range enter {
		cfg.DHT.Bootstrap = append(cfg.DHT.Bootstrap, l.addr(c).String())
	}
	if change != nil {
		change(&cfg)
	}
	return l.client(cfg)
}

// dhtSeed seeds payload on a new node, which other nodes enter by.
func (l *lab) dhtSeed(payload []byte, private bool) (*metainfo.Torrent, *Client) {
	l.Helper()
	spec := l.seedSpec(payload)
	if private {
		spec.Meta = l.privateTracked(payload)
	}
	c := l.dhtClient(nil)
	l.mustGet(c, spec)
	return spec.Meta, c
}

// privateTracked is the torrent of payload with the lab's tracker and the flag of BEP 27.
func (l *lab) privateTracked(payload []byte) *metainfo.Torrent {
	l.Helper()
	raw := rawTorrent(payload, 16<<10, nil, l.tracker.URL)
	raw = append(raw[:len(raw)-2], bencode.AppendString(nil, "private")...)
	m, err := metainfo.Parse(append(raw, "i1eee"...))
	if err != nil || !m.Private {
		l.Fatal(err)
	}
	return m
}

// lonely is m without its trackers.
func lonely(m *metainfo.Torrent) *metainfo.Torrent {
	c := *m
	c.Trackers = nil
	return &c
}

// A seed is found through a third node, of a torrent as well as of a link.
func TestDHTOnly(t *testing.T) {
	for name, spec := range map[string]func(m *metainfo.Torrent) order{
		"link":    func(m *metainfo.Torrent) order { return order{Source: Source{Link: linkTo(m)}} },
		"torrent": func(m *metainfo.Torrent) order { return order{Source: Source{Meta: lonely(m)}} },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(300_000)
				m, seed := l.dhtSeed(payload, false)
				l.tracker.SetPeers()
				_, third := l.dhtSeedOther(seed)
				time.Sleep(time.Minute) // the seed has announced itself
				got := l.mustGet(l.dhtClient(nil, third), spec(m))
				l.wantFile("payload", payload)
				if s := got.Snapshot(); !s.DHT.Used || s.DHT.Found == 0 {
					t.Errorf("found by the DHT: %+v", s.DHT)
				}
			})
		})
	}
}

// dhtSeedOther seeds something else, for a node that is no peer of the story.
func (l *lab) dhtSeedOther(enter *Client) (*metainfo.Torrent, *Client) {
	l.Helper()
	spec := l.seedSpec(blastPayload(1000))
	c := l.dhtClient(nil, enter)
	l.mustGet(c, spec)
	return spec.Meta, c
}

// The nodes that a torrent or a link names are enough to enter.
func TestDHTNamedNodes(t *testing.T) {
	for name, spec := range map[string]func(m *metainfo.Torrent, node string) order{
		"link": func(m *metainfo.Torrent, node string) order {
			link := linkTo(m)
			link.Nodes = []string{node}
			return order{Source: Source{Link: link}}
		},
		"torrent": func(m *metainfo.Torrent, node string) order {
			m = lonely(m)
			m.Nodes = []string{node}
			return of(m)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(300_000)
				m, seed := l.dhtSeed(payload, false)
				l.tracker.SetPeers()
				_, third := l.dhtSeedOther(seed)
				time.Sleep(time.Minute)
				l.mustGet(l.dhtClient(nil), spec(m, l.addr(third).String()))
				l.wantFile("payload", payload)
			})
		})
	}
}

// Peers tell each other the ports of their nodes (BEP 5), and so a client with
// nobody to enter by becomes part of the network.
func TestDHTPortMessages(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, seed := l.dhtSeed(payload, false)
		time.Sleep(time.Minute) // its node has begun
		leech := l.dhtClient(nil)
		l.mustGet(leech, order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(seed)}}, Spec: Spec{Seeding: Seeding{Seed: true}}})
		time.Sleep(time.Minute)
		for _, c := range []*Client{seed, leech} {
			if s := c.dht.stats(); s.Good4 != 1 {
				t.Errorf("%d good nodes, want the other one; %+v", s.Good4, s)
			}
		}
	})
}

// What was learnt is kept, and enough for the next start.
func TestDHTState(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, seed := l.dhtSeed(payload, false)
		l.tracker.SetPeers()
		state := filepath.Join(t.TempDir(), "cache", "dht")
		_, third := l.dhtSeedOther(seed)
		time.Sleep(time.Minute)
		keep := func(cfg *Config) { cfg.DHT.State = state }
		first := l.dhtClient(keep, third)
		l.mustGet(first, order{Source: Source{Link: linkTo(m)}})
		first.Close()
		again := l.dhtClient(keep)
		if !again.dht.promising() {
			t.Error("what was saved promises nothing")
		}
		l.mustGet(again, order{Source: Source{Link: linkTo(m)}, Spec: Spec{Place: Place{Dir: t.TempDir()}}})
	})
}

// A job that its tracker can serve at once never opens a socket for the DHT, nor
// one for the local network.
func TestDiscoveryGrace(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.single(payload, 16<<10)
		l.seed(m, payload, nil)
		n := &localNet{}
		c := l.neighbour(n, func(cfg *Config) { cfg.DHT = &DHTConfig{Bootstrap: []string{"10.0.0.77:1"}} })
		l.mustGet(c, of(m))
		if c.dht.runner.Load() != nil || n.joined != 0 {
			t.Error("a job of milliseconds has begun the DHT or the local tracker")
		}
	})
}

// A private torrent has its trackers and nothing else, however long it takes.
func TestPrivateTellsNobody(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.privateTracked(payload)
		n := &localNet{}
		c := l.neighbour(n, func(cfg *Config) { cfg.DHT = &DHTConfig{Bootstrap: []string{"10.0.0.77:1"}} })
		tor := l.add(c, of(m))
		time.Sleep(time.Hour)
		if c.dht.runner.Load() != nil || n.joined != 0 {
			t.Error("the DHT or the local tracker was begun")
		}
		if s := tor.Snapshot(); s.DHT.Used || s.Local != -1 {
			t.Errorf("%+v", s)
		}
		tor.Stop()
		<-tor.Done()
	})
}

// Of a link nobody can know whether it leads to a private torrent. Until then we
// ask and do not announce; from then on there is silence.
func TestPrivateLink(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, seed := l.dhtSeed(payload, true)
		l.tracker.SetPeers()
		_, node := l.dhtSeedOther(seed)
		n := &localNet{}
		c := l.neighbour(n, func(cfg *Config) {
			cfg.DHT = &DHTConfig{Bootstrap: []string{l.addr(node).String()}}
		})
		link := linkTo(m)
		tor := l.add(c, order{Source: Source{Link: link}, Spec: Spec{Seeding: Seeding{Seed: true}}})
		time.Sleep(10 * time.Second) // it is looked for everywhere
		if s := tor.Snapshot(); !s.DHT.Used {
			t.Error("the DHT was not asked")
		}
		tor.AddPeer(l.addr(seed))
		l.until(tor, "the download", func(s Snapshot) bool { return s.State == StateSeeding })
		if s := tor.Snapshot(); s.DHT.Used || s.Local != -1 {
			t.Errorf("after it is known to be private: %+v", s)
		}
		time.Sleep(10 * time.Second)
		sent := n.count()
		time.Sleep(2 * time.Hour)
		if got := n.count(); got != sent {
			t.Errorf("%d packets to the local network about a private torrent", got-sent)
		}
		if s := node.dht.stats(); s.Peers != 1 { // of its own torrent: the node announced that
			t.Logf("the node knows %d peers", s.Peers)
		}
		res := node.dht.peers(l.Context(), m.InfoHash, dht.PeersOptions{}, nil)
		if res.Peers != 0 {
			t.Errorf("the DHT knows %d peers of a private torrent", res.Peers)
		}
		tor.Stop()
		<-tor.Done()
	})
}

// A public key leads to the info-hash that it has signed (BEP 46).
func TestResolveKey(t *testing.T) {
	inLab(t, func(l *lab) {
		_, first := l.dhtSeedOther(l.dhtClient(nil))
		_, second := l.dhtSeedOther(first)
		time.Sleep(time.Minute)
		public, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		want := [20]byte{1, 2, 3}
		value := append(bencode.AppendString([]byte("d2:ih"), string(want[:])), 'e')
		it, err := dht.SignItem(key, []byte("salt"), value, 1)
		if err != nil {
			t.Fatal(err)
		}
		if res := second.dht.runner.Load().Put(l.Context(), it, nil); res.Err != nil || res.Stored == 0 {
			t.Fatalf("not stored: %+v", res)
		}
		c := l.dhtClient(nil, second)
		got, err := c.ResolveKey(l.Context(), [32]byte(public), []byte("salt"))
		if err != nil || got != want {
			t.Errorf("%x, %v", got, err)
		}
		ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
		defer cancel()
		if _, err := c.ResolveKey(ctx, [32]byte{9}, nil); !errors.Is(err, ErrNoMetadata) {
			t.Errorf("a key that nobody uses: %v", err)
		}
		if _, err := l.client(Config{}).ResolveKey(l.Context(), [32]byte{9}, nil); !errors.Is(err, ErrNoMetadata) {
			t.Errorf("without the DHT: %v", err)
		}
		if _, err := l.dhtClient(nil).ResolveKey(l.Context(), [32]byte{9}, nil); !errors.Is(err, dht.ErrNoNodes) {
			t.Errorf("without a node: %v", err)
		}
	})
}

// What strangers name does not make the node send to our own network.
func TestDHTReach(t *testing.T) {
	m := newMainline(nil, DHTConfig{})
	for addr, want := range map[string]bool{
		"198.51.100.1:6881": true, "[2001:db8::1]:6881": true, "10.0.0.1:6881": false, "127.0.0.1:53": false,
		"198.51.100.1:0": false, "224.0.0.1:6881": false, "169.254.169.254:80": false,
	} {
		if got := m.mayReach(netip.MustParseAddrPort(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	m.local.Store(true)
	if !m.mayReach(netip.MustParseAddrPort("10.0.0.1:6881")) || m.mayReach(netip.MustParseAddrPort("169.254.169.254:80")) {
		t.Error("in a private network")
	}
}

// localNet is a local network whose hosts hear each other's multicast.
type localNet struct {
	mu     sync.Mutex
	joined int
	sent   int
	conns  []*localConn
}

func (n *localNet) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sent
}

// neighbour starts a gotor that is on the local network too.
func (l *lab) neighbour(n *localNet, change func(*Config)) *Client {
	a, h := l.host()
	cfg := Config{Network: localHost{h, n, a}, LSD: true, Name: "gotor/test"}
	if change != nil {
		change(&cfg)
	}
	c, err := NewClient(cfg)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { c.Close() })
	l.addrs[c] = a
	return c
}

// localHost is a host of the lab on a localNet.
type localHost struct {
	*simnet.Host
	net  *localNet
	addr netip.Addr
}

func (h localHost) ListenLocal(ipv4, _ bool) ([]net.PacketConn, func(netip.Addr) bool, error) {
	if !ipv4 {
		return nil, nil, errNoMulticast
	}
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	h.net.joined++
	c := &localConn{net: h.net, addr: h.addr, in: make(chan localPacket, 100), closed: make(chan struct{})}
	h.net.conns = append(h.net.conns, c)
	return []net.PacketConn{c}, netip.Addr.IsPrivate, nil
}

type localPacket struct {
	p    []byte
	from net.Addr
}

// localConn is a socket that everybody on the network hears.
type localConn struct {
	net.PacketConn // the methods below are all that is used
	net            *localNet
	addr           netip.Addr
	in             chan localPacket
	once           sync.Once
	closed         chan struct{}
}

func (c *localConn) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(c.addr, 6771))
}

func (c *localConn) WriteTo(p []byte, _ net.Addr) (int, error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	c.net.sent++
	for _, o := range c.net.conns {
		select {
		case o.in <- localPacket{append([]byte(nil), p...), c.LocalAddr()}:
		default:
		}
	}
	return len(p), nil
}

func (c *localConn) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case got := <-c.in:
		return copy(p, got.p), got.from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

func (c *localConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// Neighbours find each other without anybody's help.
func TestLocalNetwork(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		n := &localNet{}
		spec := l.seedSpec(payload)
		l.mustGet(l.neighbour(n, nil), spec)
		l.tracker.SetPeers()
		got := l.mustGet(l.neighbour(n, nil), order{Source: Source{Link: linkTo(spec.Meta)}})
		l.wantFile("payload", payload)
		if n.joined != 2 || n.sent == 0 {
			t.Errorf("%d sockets, %d packets", n.joined, n.sent)
		}
		if s := got.Snapshot(); s.Local == -1 {
			t.Errorf("%+v", s)
		}
	})
}

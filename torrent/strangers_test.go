package torrent

import (
	"context"
	"crypto/sha1"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"gotor/bencode"
	"gotor/peer/simnet"
	"gotor/peer/wire"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
	"gotor/torrent/swarm"
)

// These are stories about strangers: what they may make us do, and what they
// must not learn.

// half downloads half of a private torrent and stops.
func (l *lab) half() *metainfo.Torrent {
	l.Helper()
	payload := blastPayload(4 << 20)
	m := l.privateTracked(payload)
	l.seed(m, payload, nil)
	t := l.add(l.client(Config{MaxDown: 1 << 20}), order{Source: Source{Meta: m, Raw: metainfo.Assemble(m.Info, m.Trackers, nil)}})
	l.until(t, "half of it", func(s Snapshot) bool { return s.Verified > 2<<20 })
	t.Stop()
	<-t.Stopped()
	return m
}

// What an earlier run has left on the disk says that the torrent is private
// before anybody hears of it.
func TestRecalledPrivateTellsNobody(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.half()
		n := &localNet{}
		c := l.neighbour(n, func(cfg *Config) { cfg.DHT = &DHTConfig{Bootstrap: []string{"10.0.0.77:1"}} })
		l.mustGet(c, order{Source: Source{Link: linkTo(m)}})
		if c.dht.runner.Load() != nil || n.joined != 0 {
			t.Error("the DHT or the local tracker was begun")
		}
	})
}

// The trackers of the metainfo are asked, whatever those of the link are.
func TestTrackersOfMetainfo(t *testing.T) {
	t.Run("recalled", func(t *testing.T) {
		inLab(t, func(l *lab) {
			link := linkTo(l.half())
			link.Trackers = []string{"http://10.0.0.250/announce"}
			got := l.mustGet(l.client(Config{}), order{Source: Source{Link: link}, Spec: Spec{Limits: Limits{PeerTimeout: 10 * time.Minute}}})
			if s := got.Snapshot(); len(s.Trackers) != 1 || s.Trackers[0].URL != l.tracker.URL {
				t.Errorf("asked %+v", s.Trackers)
			}
		})
	})
	for name, private := range map[string]bool{"fetched": false, "fetched, private": true} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(300_000)
				m := l.single(payload, 16<<10)
				if private {
					m = l.privateTracked(payload)
				}
				l.seed(m, payload, nil)
				link := linkTo(m)
				link.Trackers, link.Sources = []string{"http://10.0.0.250/announce"}, []string{"http://there/x"}
				got := l.mustGet(l.client(Config{}), order{Source: Source{Link: link}, Lookup: Lookup{Fetch: func(ctx context.Context, _ string) ([]byte, bool, error) {
					select {
					case <-time.After(time.Second):
					case <-ctx.Done():
					}
					return metainfo.Assemble(m.Info, m.Trackers, nil), true, nil
				}}, Spec: Spec{Limits: Limits{PeerTimeout: 10 * time.Minute}}})
				want := 2
				if private {
					want = 1
				}
				if s := got.Snapshot(); len(s.Trackers) != want || s.Trackers[0].URL != l.tracker.URL {
					t.Errorf("asked %+v", s.Trackers)
				}
			})
		})
	}
}

// Who was found elsewhere than at the tracker is let go when the torrent is
// private.
func TestPrivateForgetsStrangers(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, seed := l.dhtSeed(payload, true)
		tor := l.add(l.client(Config{MaxDown: 20_000}), order{Source: Source{Link: linkTo(m, l.addr(seed))}})
		at := func(n byte) netip.AddrPort { return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, n}), 7777) }
		tor.core.post(func(now time.Time) {
			for i, from := range []swarm.Origin{swarm.FromDHT, swarm.FromPeer, swarm.FromLocal, swarm.FromTracker, swarm.FromUser} {
				tor.peers.book.Add(at(byte(i)), from, now)
			}
			tor.peers.book.Add(at(0), swarm.FromTracker, now) // names it, too
		})
		l.until(tor, "metadata", func(s Snapshot) bool { return s.State == StateDownloading })
		known := make(chan map[netip.AddrPort]bool, 1)
		tor.core.post(func(time.Time) {
			all := make(map[netip.AddrPort]bool)
			for i := range byte(5) {
				all[at(i)] = tor.peers.book.Knows(at(i))
			}
			known <- all
		})
		all := <-known
		for i, want := range []bool{true, false, false, true, true} {
			if all[at(byte(i))] != want {
				t.Errorf("candidate %d: kept %v, want %v", i, !want, want)
			}
		}
		tor.Stop()
		<-tor.Done()
	})
}

// A peer of the internet cannot make us dial into our own network, whose hosts may
// tell of each other.
func TestGossipOfOurNetwork(t *testing.T) {
	for teller, want := range map[string]bool{"203.0.113.5": false, "10.0.9.9": true} {
		t.Run(teller, func(t *testing.T) {
			inLab(t, func(l *lab) {
				a := netip.MustParseAddr(teller)
				h := l.net.Host(a, simnet.HostOptions{Up: 10 << 20, Down: 10 << 20, Latency: 5 * time.Millisecond})
				victim, vh := l.host()
				door, err := vh.Listen(l.Context(), "tcp", ":2222")
				if err != nil {
					t.Fatal(err)
				}
				defer door.Close()
				knocked := make(chan struct{})
				go func() {
					if c, err := door.Accept(); err == nil {
						c.Close()
						close(knocked)
					}
				}()
				m := l.single(blastPayload(1000), 16<<10)
				tells := wire.AppendPEX(nil, wire.PEX{Added: []wire.PEXPeer{{Addr: netip.AddrPortFrom(victim, 2222)}}})
				peer := l.talker(h, m.InfoHash, wire.ExtHandshake{M: map[string]byte{"ut_pex": 1}},
					wire.Message{ID: wire.Extended, Ext: 3, Payload: tells})
				defer peer.Close()
				tor := l.add(l.client(Config{}), order{Source: Source{Link: linkTo(m, netip.AddrPortFrom(a, 6881))}})
				got := false
				select {
				case <-knocked:
					got = true
				case <-time.After(10 * time.Minute):
				}
				if got != want {
					t.Errorf("dialled: %v, want %v", got, want)
				}
				l.end(tor)
			})
		})
	}
}

// end stops a torrent and lets its last packets arrive: virtual time stands still
// after a story.
func (l *lab) end(t *Torrent) {
	t.Stop()
	<-t.Stopped()
	time.Sleep(time.Second)
}

// talker listens on port 6881 for peers, tells them what it was given, and then
// only listens.
func (l *lab) talker(h *simnet.Host, infoHash [20]byte, ext wire.ExtHandshake, more ...wire.Message) net.Listener {
	l.Helper()
	listener, err := h.Listen(l.Context(), "tcp", ":6881")
	if err != nil {
		l.Fatal(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go l.talk(conn, infoHash, ext, more)
		}
	}()
	return listener
}

func (l *lab) talk(conn net.Conn, infoHash [20]byte, ext wire.ExtHandshake, more []wire.Message) {
	defer conn.Close()
	id := [20]byte([]byte("-XX0000-" + conn.LocalAddr().String() + "xxxxxxxxxxxx"))
	b := wire.AppendHandshake(nil, wire.Handshake{Features: wire.FeatureExtended, InfoHash: infoHash, PeerID: id})
	b = wire.AppendExtHandshake(b, ext)
	for _, m := range more {
		b = wire.Append(b, m)
	}
	conn.Write(b)
	buf := make([]byte, 4096)
	for {
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}

// A waiter that makes room for another may be dialled again.
func TestEvictedWaiterComesBack(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(blastPayload(1000), 16<<10)
		c := l.client(Config{MaxPeersPerTorrent: 1})
		a, h := l.host()
		defer l.talker(h, m.InfoHash, wire.ExtHandshake{}).Close()
		at := netip.AddrPortFrom(a, 6881)
		tor := l.add(c, order{Source: Source{Link: linkTo(m), Peers: []netip.AddrPort{at, netip.MustParseAddrPort("10.0.9.9:1")}}})
		time.Sleep(30 * time.Second)
		_, other := l.host()
		conn, err := other.DialContext(l.Context(), "tcp", l.addr(c).String())
		if err != nil {
			t.Fatal(err)
		}
		go l.talk(conn, m.InfoHash, wire.ExtHandshake{}, nil)
		time.Sleep(time.Second)
		busy := make(chan bool, 1)
		tor.core.post(func(time.Time) { busy <- !tor.peers.book.Knows(at) || tor.peers.book.Busy(at) })
		if <-busy {
			t.Error("a peer that made room counts as connected")
		}
		conn.Close()
		l.end(tor)
	})
}

// One who sends the metadata slowly is not cut off for others who are as slow.
func TestSlowMetadataSources(t *testing.T) {
	inLab(t, func(l *lab) {
		info := append([]byte(nil), "d6:lengthi655360e4:name1:x12:piece lengthi16384e6:pieces"...)
		info = bencode.AppendString(info, string(make([]byte, 20*40)))
		info = append(bencode.AppendString(append(info, "3:zzz"...), string(make([]byte, 1<<20))), 'e')
		hash := sha1.Sum(info)
		link := &metainfo.Link{HasV1: true, InfoHash: hash}
		for range 6 {
			a, h := l.host()
			listener, err := h.Listen(l.Context(), "tcp", ":6881")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			link.Peers = append(link.Peers, netip.AddrPortFrom(a, 6881).String())
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					go giveSlowly(conn, hash, info, time.Second/3)
				}
			}()
		}
		start := time.Now()
		tor := l.look(l.client(Config{}), link)
		select {
		case <-tor.Known():
		case <-tor.Done():
		}
		if d := time.Since(start); tor.Err() != nil || d > 40*time.Second {
			t.Errorf("65 blocks at three a second: %v after %v", tor.Err(), d)
		}
		l.end(tor)
	})
}

// giveSlowly answers a request for metadata each pace.
func giveSlowly(conn net.Conn, hash [20]byte, info []byte, pace time.Duration) {
	defer conn.Close()
	id := [20]byte([]byte("-XX0000-" + conn.LocalAddr().String() + "xxxxxxxxxxxx"))
	conn.Write(wire.AppendHandshake(nil, wire.Handshake{Features: wire.FeatureExtended, InfoHash: hash, PeerID: id}))
	conn.Write(wire.AppendExtHandshake(nil, wire.ExtHandshake{M: map[string]byte{"ut_metadata": 3}, MetadataSize: int64(len(info))}))
	var in []byte
	skip := 68 // the handshake
	for buf := make([]byte, 4096); ; {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		in = append(in, buf[:n]...)
		if len(in) < skip {
			continue
		}
		in, skip = in[skip:], 0
		for len(in) >= 4 {
			size := int(in[2])<<8 | int(in[3]) // all are short
			if len(in) < 4+size {
				break
			}
			msg := in[4 : 4+size]
			in = in[4+size:]
			if size < 2 || msg[0] != byte(wire.Extended) || msg[1] == 0 {
				continue
			}
			if m, ok, err := wire.ParseMetadata(msg[2:]); err == nil && ok && m.Type == wire.MetadataRequest {
				time.Sleep(pace)
				from := m.Piece * wire.MetadataBlock
				block := wire.Append(nil, wire.Message{ID: wire.Extended, Ext: 2, Payload: wire.AppendMetadata(nil, wire.MetadataMessage{
					Type: wire.MetadataData, Piece: m.Piece, Total: int64(len(info)), Data: info[from:min(len(info), from+wire.MetadataBlock)]})})
				if _, err := conn.Write(block); err != nil {
					return
				}
			}
		}
	}
}

// lateNames is a network whose names can be looked up from a moment on.
type lateNames struct {
	network.Network
	from time.Time
	at   netip.Addr
}

func (n lateNames) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if time.Now().Before(n.from) {
		return nil, errors.New("network is unreachable")
	}
	return []netip.Addr{n.at}, nil
}

// A process that starts before its network enters the DHT all the same.
func TestDHTLateNames(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, seed := l.dhtSeed(payload, false)
		l.tracker.SetPeers()
		_, third := l.dhtSeedOther(seed)
		time.Sleep(time.Minute)
		_, h := l.host()
		c, err := NewClient(Config{Network: lateNames{h, time.Now().Add(20 * time.Second), l.addr(third).Addr()}, Name: "gotor/test",
			DHT: &DHTConfig{Bootstrap: []string{"router.test:6881"}}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		l.mustGet(c, order{Source: Source{Link: linkTo(m)}, Lookup: Lookup{MetadataTimeout: time.Hour}})
	})
}

// A caller that gives up is told that, and not that there is no metadata.
func TestResolveKeyInterrupted(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.dhtClient(nil, l.dhtClient(nil))
		ctx, cancel := context.WithCancelCause(l.Context())
		why := errors.New("interrupted")
		time.AfterFunc(time.Minute, func() { cancel(why) })
		if _, err := c.ResolveKey(ctx, [32]byte{9}, nil); !errors.Is(err, why) || errors.Is(err, ErrNoMetadata) {
			t.Errorf("%v", err)
		}
	})
}

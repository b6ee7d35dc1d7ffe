package torrent

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gotor/peer"
	"gotor/peer/simnet"
	"gotor/peer/wire"
	"gotor/torrent/metainfo"
	"gotor/torrent/swarm"
)

// crowd opens n connections to a client from one host and does with each what
// it is told; the end of the test closes them.
func (l *lab) crowd(h *simnet.Host, c *Client, n int, each func(i int, conn net.Conn)) {
	l.Helper()
	var all sync.WaitGroup
	conns := make([]net.Conn, n)
	for i := range n {
		conn, err := h.DialContext(l.Context(), "tcp", l.addr(c).String())
		if err != nil {
			l.Fatal(err)
		}
		conns[i] = conn
		all.Go(func() { each(i, conn) })
	}
	l.Cleanup(func() {
		for _, conn := range conns {
			conn.Close()
		}
		all.Wait()
	})
}

// servedInTime downloads from a seeder that is under attack.
func (l *lab) servedInTime(seeder *Client, m *metainfo.Torrent) {
	l.Helper()
	start := time.Now()
	l.mustGet(l.client(Config{}), order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(seeder)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
	if d := time.Since(start); d > 2*time.Second {
		l.Errorf("a good peer got its data after %v", d)
	}
}

// silent reads and never says anything.
func silent(_ int, conn net.Conn) {
	b := make([]byte, 100)
	for {
		if _, err := conn.Read(b); err != nil {
			return
		}
	}
}

func TestSilentConnections(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(300_000))
		seeder := l.client(Config{})
		l.mustGet(seeder, spec)
		_, h := l.host()
		l.crowd(h, seeder, 1000, silent)
		seeder.lobby.mu.Lock()
		n := len(seeder.lobby.guests)
		seeder.lobby.mu.Unlock()
		if n > maxHandshakes {
			t.Errorf("%d connections wait for a torrent, at most %d may", n, maxHandshakes)
		}
		l.servedInTime(seeder, spec.Meta)
	})
}

// Connections that greet and then want nothing fill the torrent's room.
func TestIdlePeers(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(300_000))
		seeder := l.client(Config{})
		seed := l.mustGet(seeder, spec)
		_, h := l.host()
		l.crowd(h, seeder, 200, func(i int, conn net.Conn) {
			peer.Handshake(l.Context(), conn, wire.Handshake{InfoHash: spec.Meta.InfoHash, PeerID: [20]byte{1, byte(i), byte(i >> 8)}})
			silent(i, conn)
		})
		time.Sleep(2 * time.Minute) // they are no newcomers any more, and not silent for too long yet
		if s := seed.Snapshot(); s.Peers > maxPeers {
			t.Errorf("%d connections, at most %d may be", s.Peers, maxPeers)
		}
		l.servedInTime(seeder, spec.Meta)
	})
}

// A public address gets three connections, and ones with the same peer id but one.
func TestConnectionsPerAddress(t *testing.T) {
	for name, id := range map[string]func(i int) byte{
		"different ids": func(i int) byte { return byte(i) },
		"one id":        func(int) byte { return 7 },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				spec := l.seedSpec(blastPayload(300_000))
				seeder := l.client(Config{})
				seed := l.mustGet(seeder, spec)
				h := l.net.Host(netip.MustParseAddr("203.0.113.9"), simnet.HostOptions{})
				l.crowd(h, seeder, 10, func(i int, conn net.Conn) {
					peer.Handshake(l.Context(), conn, wire.Handshake{InfoHash: spec.Meta.InfoHash, PeerID: [20]byte{id(i)}})
					silent(i, conn)
				})
				time.Sleep(time.Second)
				want := swarm.MaxPerHost
				if name == "one id" {
					want = 1
				}
				if s := seed.Snapshot(); s.Peers != want {
					t.Errorf("%d connections from one public address, want %d", s.Peers, want)
				}
			})
		})
	}
}

// Two peers that dial each other at the same moment stay connected, once.
func TestSimultaneousDial(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(blastPayload(300_000), 16<<10)
		a, b := l.client(Config{}), l.client(Config{})
		ta := l.add(a, order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(b)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		tb := l.add(b, order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(a)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		time.Sleep(500 * time.Millisecond)
		for range 100 { // and it stays so
			for _, x := range []*Torrent{ta, tb} {
				if s := x.Snapshot(); s.Peers != 1 || s.Dialing != 0 {
					t.Fatalf("%d connections, %d being dialled, want one", s.Peers, s.Dialing)
				}
			}
			time.Sleep(time.Second)
		}
	})
}

package torrent

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"gotor/peer"
	"gotor/peer/simnet"
	"gotor/peer/wire"
	"gotor/torrent/swarm"
)

// member joins the swarm of a client from a host of its own, number i, and then
// does nothing but what it is told to say.
func (l *lab) idler(c *Client, i int, infoHash [20]byte, say ...byte) {
	h := l.net.Host(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), simnet.HostOptions{})
	conn, err := h.DialContext(l.Context(), "tcp", l.addr(c).String())
	if err != nil {
		l.Error(err)
		return
	}
	l.Cleanup(func() { conn.Close() })
	id := [20]byte{1}
	binary.BigEndian.PutUint32(id[1:], uint32(i))
	if _, err := peer.Handshake(l.Context(), conn, wire.Handshake{InfoHash: infoHash, PeerID: id}); err == nil {
		conn.Write(say)
	}
	go silent(0, conn)
}

// Three hundred members from as many hosts that want nothing, or say that they
// do and take nothing, do not keep a good leecher waiting, however new they are.
func TestCrowdOfIdleMembers(t *testing.T) {
	for name, c := range map[string]struct {
		say  []byte
		most time.Duration
	}{
		"without a word": {nil, 2 * time.Second},
		"interested":     {wire.Append(nil, wire.Message{ID: wire.Interested}), 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				spec := l.seedSpec(blastPayload(300_000))
				seeder := l.client(Config{})
				l.mustGet(seeder, spec)
				for i := range 300 {
					l.idler(seeder, i, spec.Meta.InfoHash, c.say...)
				}
				start := time.Now()
				l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
				if d := time.Since(start); d > c.most {
					t.Errorf("a good peer got its data after %v", d)
				}
			})
		})
	}
}

// A flood of handshakes: connections count until the loop has taken them, and
// wait in the lobby, not in the mailbox.
func TestHandshakeFlood(t *testing.T) {
	inLab(t, func(l *lab) {
		spec := l.seedSpec(blastPayload(300_000))
		seeder := l.client(Config{})
		seed := l.mustGet(seeder, spec)
		busy, free := make(chan struct{}), make(chan struct{})
		seed.core.post(func(time.Time) { close(busy); <-free }) // the loop has something to do
		<-busy
		_, h := l.host()
		l.crowd(h, seeder, 1000, func(i int, conn net.Conn) {
			peer.Handshake(l.Context(), conn, wire.Handshake{InfoHash: spec.Meta.InfoHash, PeerID: [20]byte{1, byte(i), byte(i >> 8)}})
			silent(i, conn)
		})
		time.Sleep(time.Second)
		seeder.lobby.mu.Lock()
		guests := len(seeder.lobby.guests)
		seeder.lobby.mu.Unlock()
		seed.core.box.mu.Lock()
		posted := len(seed.core.box.queue)
		seed.core.box.mu.Unlock()
		close(free)
		if guests > maxHandshakes || posted > 3 {
			t.Errorf("%d connections and %d notices wait for the loop, at most %d and 3 may", guests, posted, maxHandshakes)
		}
		l.servedInTime(seeder, spec.Meta)
	})
}

// Two thousand addresses at which nobody answers, from one tracker, do not delay
// the download from a peer that somebody else names.
func TestDeadAddresses(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.single(payload, 16<<10)
		seeder := l.client(Config{})
		spec := l.seedSpec(payload)
		l.mustGet(seeder, spec)
		tor := l.add(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		l.until(tor, "files", func(s Snapshot) bool { return s.State == StateDownloading })
		dead := make([]netip.AddrPort, swarm.MaxKnown)
		for i := range dead {
			dead[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), 6881)
		}
		tor.announces.heard("http://flood/announce", dead)
		time.Sleep(time.Minute)
		start := time.Now()
		tor.announces.heard("http://good/announce", []netip.AddrPort{l.addr(seeder)})
		<-tor.Done()
		if d := time.Since(start); tor.Err() != nil || d > 5*time.Second {
			t.Errorf("%v after %v", tor.Err(), d)
		}
	})
}

// Where all come from one teller, dead ones cost less than the full time each.
func TestDeadAddressesHurry(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(blastPayload(300_000), 16<<10)
		tor := l.add(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		l.until(tor, "files", func(s Snapshot) bool { return s.State == StateDownloading })
		dead := make([]netip.AddrPort, 400)
		for i := range dead {
			dead[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), 6881)
		}
		start := time.Now()
		tor.announces.heard("http://flood/announce", dead)
		l.until(tor, "300 dials", func(s Snapshot) bool { return s.Tried >= 300 })
		// Thirty at a time: ten turns of four seconds, and not of ten.
		if d := time.Since(start); d > 50*time.Second {
			t.Errorf("300 dead addresses took %v", d)
		}
		l.end(tor)
	})
}

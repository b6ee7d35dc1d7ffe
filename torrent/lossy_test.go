package torrent

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gotor/peer/simnet"
	"gotor/peer/wire"
)

// lossySeed gives a block every so often, in the order of requests, and drops some
// of those without a word.
type lossySeed struct {
	features wire.Features
	queue    int           // requests beyond so many are dropped
	drops    float64       // and so many of the others
	every    time.Duration // a block
	says     []byte        // messages before the others
}

// start makes a host of it that seeds payload, in pieces of pieceLength.
func (s lossySeed) start(l *lab, hash [20]byte, payload []byte, pieceLength int) netip.AddrPort {
	return s.peer(l, hash, payload, pieceLength).addr
}

func (s lossySeed) peer(l *lab, hash [20]byte, payload []byte, pieceLength int) *oddPeer {
	a, h := l.host()
	return s.peerAt(l, h, a, wire.NewPeerID("-OD0001-"), hash, payload, pieceLength)
}

// peerAt makes a host that is there such a seed.
func (s lossySeed) peerAt(l *lab, h *simnet.Host, at netip.Addr, id, hash [20]byte, payload []byte, pieceLength int) *oddPeer {
	rng := rand.New(rand.NewPCG(1, 1))
	p := &oddPeer{infoHash: hash, id: id, features: s.features}
	p.hello = wire.Append(s.says, wire.Message{ID: wire.Bitfield, Payload: fullField(len(payload), pieceLength)})
	p.hello = wire.Append(p.hello, wire.Message{ID: wire.Unchoke})
	var mu sync.Mutex
	queued, free := 0, time.Now()
	p.onMessage = func(c net.Conn, m wire.Message) bool {
		mu.Lock()
		defer mu.Unlock()
		if m.ID != wire.Request || queued >= s.queue || rng.Float64() < s.drops {
			return true
		}
		queued++
		if now := time.Now(); free.Before(now) {
			free = now
		}
		free = free.Add(s.every)
		off := int(m.Index)*pieceLength + int(m.Begin)
		out := wire.Append(nil, wire.Message{ID: wire.Piece, Index: m.Index, Begin: m.Begin, Payload: payload[off : off+int(m.Length)]})
		time.AfterFunc(time.Until(free), func() {
			mu.Lock()
			defer mu.Unlock()
			queued--
			c.Write(out)
		})
		return true
	}
	return l.oddPeerAt(p, h, netip.AddrPortFrom(at, 6881))
}

// fullField is the bitfield of who has everything.
func fullField(total, pieceLength int) []byte {
	pieces := (total + pieceLength - 1) / pieceLength
	b := make([]byte, (pieces+7)/8)
	for i := range pieces {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return b
}

// A seed that drops requests and does not say so costs little more time than it
// needs for the blocks.
func TestLossySeed(t *testing.T) {
	const every = 20 * time.Millisecond
	for name, c := range map[string]struct {
		lossySeed
		most float64 // times what the blocks take
	}{
		"a queue of one":          {lossySeed{queue: 1, every: every}, 3}, // the way there and back, for each block,
		"a queue of five":         {lossySeed{queue: 5, every: every}, 1.4},
		"a queue of fifty":        {lossySeed{queue: 50, every: every}, 1.4},
		"though it knows BEP 6":   {lossySeed{queue: 5, every: every, features: wire.FeatureFast}, 1.5},
		"now and then":            {lossySeed{queue: 500, drops: 0.02, every: every}, 1.6},
		"a slow one with a queue": {lossySeed{queue: 3, every: 500 * time.Millisecond}, 1.4},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(8 << 20)
				m := l.single(payload, 256<<10)
				addr := c.start(l, m.InfoHash, payload, 256<<10)
				start := time.Now()
				l.mustGet(l.client(Config{}), order{Source: Source{Meta: m, Peers: []netip.AddrPort{addr}}})
				l.wantFile("payload", payload)
				ideal := time.Duration(len(payload)/(16<<10)) * c.every
				if took := time.Since(start); took.Seconds() > c.most*ideal.Seconds() {
					t.Errorf("took %v, and the blocks %v", took.Round(time.Millisecond), ideal)
				} else {
					t.Log(took, ideal)
				}
			})
		})
	}
}

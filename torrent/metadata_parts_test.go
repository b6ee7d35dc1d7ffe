package torrent

import (
	"net/netip"
	"sync/atomic"
	"testing"

	"gotor/peer/wire"
	"gotor/torrent/metainfo"
)

// What a peer does about a block of metadata.
type partly uint8

const (
	gives partly = iota
	refuses
	ignores
	spoils
	departs // instead of answering
)

// metadataPeer has the info dictionary of m and gives it as does says.
func (l *lab) metadataPeer(m *metainfo.Torrent, asked *atomic.Int64, does func(block int) partly) netip.AddrPort {
	p := &oddPeer{infoHash: m.InfoHash, features: wire.FeatureExtended}
	p.hello = wire.AppendExtHandshake(nil, wire.ExtHandshake{M: map[string]byte{wire.ExtMetadata: 7}, MetadataSize: int64(len(m.Info))})
	var remoteID atomic.Int32
	p.answer = func(msg wire.Message) (out []byte, on bool) {
		switch {
		case msg.ID != wire.Extended:
			return nil, true
		case msg.Ext == wire.ExtHandshakeID:
			if h, err := wire.ParseExtHandshake(msg.Payload); err == nil {
				remoteID.Store(int32(h.M[wire.ExtMetadata]))
			}
			return nil, true
		}
		req, ok, err := wire.ParseMetadata(msg.Payload)
		if !ok || err != nil || req.Type != wire.MetadataRequest {
			return nil, true
		}
		if asked != nil {
			asked.Add(1)
		}
		answer := wire.MetadataMessage{Type: wire.MetadataData, Piece: req.Piece, Total: int64(len(m.Info))}
		rest := m.Info[req.Piece*wire.MetadataBlock:]
		answer.Data = append([]byte(nil), rest[:min(len(rest), wire.MetadataBlock)]...)
		switch does(req.Piece) {
		case refuses:
			answer = wire.MetadataMessage{Type: wire.MetadataReject, Piece: req.Piece}
		case ignores:
			return nil, true
		case spoils:
			answer.Data[len(answer.Data)/2] ^= 1
		case departs:
			return nil, false
		}
		return wire.Append(nil, wire.Message{ID: wire.Extended, Ext: byte(remoteID.Load()), Payload: wire.AppendMetadata(nil, answer)}), true
	}
	return l.oddPeer(p).addr
}

// manyPieces is a torrent whose info dictionary has 10 blocks.
func (l *lab) manyPieces() *metainfo.Torrent {
	m := l.single(blastPayload(8000<<10), 1<<10)
	if n := wire.MetadataPieces(int64(len(m.Info))); n != 10 {
		l.Fatalf("the info dictionary has %d blocks", n)
	}
	return m
}

// Nobody has to give all of the info dictionary.
func TestLinkCombinesMetadata(t *testing.T) {
	half := func(odd int) func(int) partly {
		return func(i int) partly {
			if i%2 == odd {
				return gives
			}
			return refuses
		}
	}
	from := func(first int, instead partly) func(int) partly {
		return func(i int) partly {
			if i >= first {
				return gives
			}
			return instead
		}
	}
	upTo := func(end int, then partly) func(int) partly {
		return func(i int) partly {
			if i < end {
				return gives
			}
			return then
		}
	}
	only := func(first, last int) func(int) partly {
		return func(i int) partly {
			if i >= first && i <= last {
				return gives
			}
			return refuses
		}
	}
	for name, peers := range map[string][]func(int) partly{
		"each refuses the other half":   {half(0), half(1)},
		"each ignores the other half":   {upTo(5, ignores), from(5, ignores)},
		"one leaves in the middle":      {upTo(4, departs), from(4, refuses)},
		"one goes silent in the middle": {upTo(4, ignores), from(4, refuses)},
		"four have a few blocks each":   {only(0, 2), only(3, 5), only(6, 8), only(9, 9)},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m := l.manyPieces()
				var addrs []netip.AddrPort
				for _, does := range peers {
					addrs = append(addrs, l.metadataPeer(m, nil, does))
				}
				x := l.add(l.client(Config{}), order{Source: Source{Link: linkTo(m, addrs...)}})
				l.until(x, "downloading", func(s Snapshot) bool { return s.State == StateDownloading })
				x.Stop()
				<-x.Stopped()
			})
		})
	}
}

// One who spoils a mixture does not keep an honest peer from giving all of it,
// and what that one gave to the mixture is not fetched from it again.
func TestLinkSpoiltMixture(t *testing.T) {
	for name, then := range map[string]partly{"goes on": spoils, "falls silent": ignores, "leaves": departs, "refuses": refuses} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m := l.manyPieces()
				var wrong, asked atomic.Int64
				bad := l.metadataPeer(m, nil, func(int) partly {
					if wrong.Add(1) <= 2 {
						return spoils
					}
					return then
				})
				good := l.metadataPeer(m, &asked, func(int) partly { return gives })
				x := l.add(l.client(Config{}), order{Source: Source{Link: linkTo(m, bad, good)}})
				l.until(x, "downloading", func(s Snapshot) bool { return s.State == StateDownloading })
				if n := asked.Load(); n > 12 { // 10 blocks, two of which may have been asked in vain
					t.Errorf("the honest peer was asked %d times", n)
				}
				x.Stop()
				<-x.Stopped()
			})
		})
	}
}

package torrent

import (
	"net/netip"
	"testing"
	"time"

	"gotor/peer/wire"
)

// A peer whose peer exchange is garbage has good pieces all the same.
func TestMalformedPEX(t *testing.T) {
	for name, payload := range map[string]string{
		"garbage": "x", "nothing": "", "no dictionary": "le", "a list of half addresses": "d5:added7:1234567e", "deep": "d5:addedl" + string(make([]byte, 40)),
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				data := blastPayload(1 << 20)
				m := l.single(data, 256<<10)
				s := lossySeed{queue: 500, every: 20 * time.Millisecond, features: wire.FeatureExtended}
				s.says = wire.AppendExtHandshake(nil, wire.ExtHandshake{M: map[string]byte{wire.ExtPEX: 1}})
				// Our id for ut_pex is behind that of lt_donthave and ut_metadata.
				s.says = wire.Append(s.says, wire.Message{ID: wire.Extended, Ext: 3, Payload: []byte(payload)})
				p := s.peer(l, m.InfoHash, data, 256<<10)
				l.mustGet(l.client(Config{}), order{Source: Source{Meta: m, Peers: []netip.AddrPort{p.addr}}})
				l.wantFile("payload", data)
				if n := p.met(); n != 1 {
					t.Errorf("connected %d times", n)
				}
			})
		})
	}
}

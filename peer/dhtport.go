package peer

import (
	"time"

	"gotor/peer/wire"
)

// portEvery is the least time between two PORT messages of one remote that the
// owner is told of. Each makes it ping somebody (BEP 5), so that a remote that
// sends many could have it flood an address.
const portEvery = time.Minute

// portGate lets through the PORT messages that are worth telling of.
type portGate struct{ last time.Time }

// passes reports whether a message with this port, come at now, is one.
func (g *portGate) passes(port uint16, now time.Time) bool {
	if port == 0 || !g.last.IsZero() && now.Sub(g.last) < portEvery {
		return false
	}
	g.last = now
	return true
}

// appendPort tells a remote that has a DHT node the UDP port of ours: a peer
// that receives "a handshake indicating the remote peer supports the DHT should
// send a PORT message" (BEP 5).
func appendPort(dst []byte, remote wire.Handshake, port uint16) []byte {
	if port == 0 || !remote.Features.Has(wire.FeatureDHT) {
		return dst
	}
	return wire.Append(dst, wire.Message{ID: wire.Port, Port: port})
}
